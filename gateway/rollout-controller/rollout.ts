import { rolloutMachine } from '../rollout/transition.ts'
import { nextStep, startMonitor } from '../rollout/monitor.ts'
import type { RolloutPlan } from '../rollout/plan.ts'
import {
  idleRollout,
  type RolloutEvent,
  type RolloutState,
  type StepEvidence,
  type Transition,
  weightOf
} from '../rollout/state.ts'
import { type Group, weightsOf } from './groups.ts'
import type { Measurements } from './measurements.ts'
import type { RolloutRecord } from './records.ts'

/** One group's rollout as this process has it: what is kept of it, and what is measured. */
export class Rollout {
  record: RolloutRecord
  /** Of the step that it stands at, as last judged. */
  evidence: StepEvidence | undefined
  readonly measurements: Measurements
  /** The intent that was open when this process took over. */
  readonly resumedIntent: number | undefined

  constructor(record: RolloutRecord | undefined, measurements: Measurements, now: number) {
    const { group } = measurements
    this.measurements = measurements
    this.resumedIntent = record?.state.intent?.id
    this.record = record ?? {
      state: idleRollout(group.name, weightsOf(group), now),
      monitor: startMonitor()
    }
  }

  get group(): Group {
    return this.measurements.group
  }

  get state(): RolloutState {
    return this.record.state
  }

  /** The plan that counts: of the rollout that runs, as it was when it was started; else the configuration's. */
  get plan(): RolloutPlan {
    return this.record.plan ?? this.group.plan
  }

  /** Is there anything to measure or to do? */
  get isActive(): boolean {
    return weightOf(this.state) > 0 || this.isWatched
  }

  /** Is there anything that health decides on? A weight that somebody set by hand is nobody's but theirs. */
  get isWatched(): boolean {
    const { intent, rollingBack, phase } = this.state
    return (
      phase === 'progressing' ||
      phase === 'paused' ||
      (phase === 'completed' && weightOf(this.state) > 0) ||
      intent !== undefined ||
      rollingBack !== undefined
    )
  }

  /** Takes in what was measured, and judges it. */
  measure(now: number, failedHealthChecks: number | undefined): void {
    const { record, plan } = this
    const monitor = this.measurements.take(record.monitor, plan, now)
    if (monitor !== record.monitor) this.record = { ...record, monitor }
    this.evidence = this.measurements.judge({ state: record.state, monitor, plan }, now, failedHealthChecks)
  }

  /** What an event comes to. Changes nothing yet. */
  consider(event: RolloutEvent, now: number): { readonly transition: Transition; readonly record: RolloutRecord } {
    // A rollout is started with the plan of now, and keeps it.
    const plan = event.type === 'start' ? this.group.plan : this.plan
    const transition = rolloutMachine(plan)(this.state, event, this.evidence, now)
    return { transition, record: this.#recordAfter(transition.state, event.type === 'start', plan) }
  }

  /** The record is kept, so it is the one that counts, from that revision on. */
  adopt(record: RolloutRecord, now: number, revision: number): void {
    const isNewStep = record.state.step !== this.record.state.step
    this.record = record
    if (!isNewStep) return
    this.evidence = undefined
    this.measurements.restart(now, revision)
  }

  #recordAfter(state: RolloutState, isStart: boolean, plan: RolloutPlan): RolloutRecord {
    const { record } = this
    if (state === record.state) return record
    const isNew = isStart && (state.intent !== undefined || state.phase === 'progressing')
    const isOver = (state.phase === 'idle' || state.phase === 'rolled-back') && state.intent === undefined
    const kept = isNew ? plan : record.plan
    return {
      state,
      ...(kept === undefined || (isOver && state.rollingBack === undefined) ? {} : { plan: kept }),
      monitor: this.#monitorOf(state, isNew)
    }
  }

  #monitorOf(state: RolloutState, isNew: boolean) {
    const { monitor, state: before } = this.record
    if (isNew) return startMonitor()
    if (state.step === before.step) return monitor
    return weightOf(state) > weightOf(before) ? nextStep(monitor, weightOf(state)) : startMonitor()
  }
}
