import { type Static, Type } from '@sinclair/typebox'
import { MonitorSchema } from '../rollout/monitor.ts'
import { RolloutPlanSchema } from '../rollout/plan.ts'
import { RolloutStateSchema } from '../rollout/state.ts'

export const RolloutRecordSchema = Type.Object({
  state: RolloutStateSchema,
  plan: Type.Optional(
    Type.Composite([RolloutPlanSchema], { description: 'Of the rollout that runs, as it was when it was started.' })
  ),
  monitor: MonitorSchema
})

/** What is kept of a group's rollout. */
export type RolloutRecord = Readonly<Static<typeof RolloutRecordSchema>>

/** Where the rollouts are kept. */
export interface RolloutRecords {
  /** The records by group; empty when there are none that can be used. */
  load(): Promise<Map<string, RolloutRecord>>
  /** @throws when they cannot be kept; then what was kept before is as it was. */
  save(records: ReadonlyMap<string, RolloutRecord>): Promise<void>
}
