import { type Audit, openAudit } from '../../../gateway/audit/audit.ts'
import { createBreakers } from '../../../gateway/breaker/breakers.ts'
import { type ConfigStore, openConfigStore } from '../../../gateway/config/store.ts'
import { createEvents } from '../../../gateway/events/events.ts'
import { openController } from '../../../gateway/rollout-controller/controller.ts'
import type { RolloutController } from '../../../gateway/rollout-controller/orders.ts'
import { RolloutFile } from '../../../gateway/rollout-controller/rollout-file.ts'
import { createCallers } from '../../../gateway/rollout/callers.ts'
import { createEvidence, type Evidence } from '../../../gateway/rollout/evidence.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import type { Files } from '../../../gateway/storage/files.ts'
import { type ManualClock, manualClock } from '../../support/clock.ts'

export interface Opened {
  readonly store: ConfigStore
  readonly audit: Audit
  readonly controller: RolloutController
  readonly evidence: Evidence
  readonly clock: ManualClock
}

/** Store, audit and controller on the files of a folder, without a gateway around them. */
export async function openRollouts(
  { file, directory }: { readonly file: string; readonly directory: string },
  files: Files,
  clock = manualClock()
): Promise<Opened> {
  const logger = { info: () => {}, warn: () => {}, error: () => {} }
  const now = () => clock.now()
  const audit = await openAudit({ directory, logger, files, now })
  const store = await openConfigStore({
    file,
    directory,
    audit,
    logger,
    files,
    now,
    nativeModules: new Set(['notes']),
    compile: config => compileRoutingTable(config, [])
  })
  const evidence = createEvidence()
  const controller = await openController({
    store,
    audit,
    evidence,
    clock,
    records: new RolloutFile({ directory, files, logger }),
    callers: createCallers(),
    breakers: createBreakers({ clock, onChange: () => {} }),
    events: createEvents({ clock, logger }),
    pingNative: async () => {},
    pingUpstream: async () => {}
  })
  return { store, audit, controller, evidence, clock }
}

/** Lets a second pass, and waits until all that follows is done. */
export async function second({ clock, controller }: Opened): Promise<void> {
  clock.advance(1_000)
  await controller.settled()
}

/** What native fails with, of a route. */
export function fail({ evidence, clock }: Opened, route: string, requests: number): void {
  for (let count = 0; count < requests; count++) evidence.record(clock.now(), route, 'native', 'server-error', 5)
}
