import type { Callers } from '../rollout/callers.ts'
import { addSummaries, emptySummary, type Evidence, type Summary } from '../rollout/evidence.ts'
import { judge } from '../rollout/guardrails.ts'
import { absorb, type Interval, type Monitor } from '../rollout/monitor.ts'
import type { RolloutPlan } from '../rollout/plan.ts'
import { checkShare } from '../rollout/share-check.ts'
import { type RolloutState, type StepEvidence, weightOf } from '../rollout/state.ts'
import { NATIVE } from '../routing/route.ts'
import type { Group } from './groups.ts'

/** The look-back is summed up anew when a thirtieth of it has passed: it is a walk over all of its windows. */
const LOOK_BACK_SHARE = 1 / 30
/** How far back legacy's own errors tell of its health, in milliseconds. */
const LEGACY_LOOK_BACK_MS = 10_000
/** The length of a window of evidence: the one in which the look-back begins counts whole. */
const WINDOW_MS = 10_000

type Sides = Pick<Interval, 'native' | 'legacy'>

/** What the traffic of one group shows. */
export class Measurements {
  group: Group
  readonly #evidence: Evidence
  readonly #callers: Callers
  #takenAt: number
  #recent: (Sides & { readonly at: number; readonly lookBackMs: number }) | undefined

  constructor(
    group: Group,
    { evidence, callers, now }: { readonly evidence: Evidence; readonly callers: Callers; readonly now: number }
  ) {
    this.group = group
    this.#evidence = evidence
    this.#callers = callers
    this.#takenAt = now
  }

  /** The monitor with everything that ended since the last call. */
  take(monitor: Monitor, plan: RolloutPlan, now: number): Monitor {
    const durationMs = Math.max(0, now - this.#takenAt)
    this.#takenAt = now
    const sides = this.#sides((routeId, target) => this.#evidence.drain(routeId, target))
    if (sides.native.requests + sides.legacy.requests === 0) return monitor
    return absorb(monitor, { durationMs, ...sides }, plan)
  }

  /** A new weight stands, since that revision at the latest: what ended before it says nothing of it. */
  restart(now: number, revision: number): void {
    this.#takenAt = now
    this.#sides((routeId, target) => this.#evidence.drain(routeId, target))
    this.#callers.reset(this.group.name, revision)
  }

  /** Judges a step. */
  judge(
    { state, monitor, plan }: { readonly state: RolloutState; readonly monitor: Monitor; readonly plan: RolloutPlan },
    now: number,
    failedHealthChecks: number | undefined
  ): StepEvidence {
    const recent = this.#lookBack(plan.lookBackMs, now)
    return {
      step: state.step,
      verdicts: judge(monitor, plan, { recent, failedHealthChecks }),
      share: checkShare(weightOf(state), this.callers()),
      requests: monitor.native.requests,
      activeMs: monitor.activeMs
    }
  }

  /** How many callers either side has had since the weight changed. */
  callers(): { readonly native: number; readonly legacy: number } {
    return this.#callers.count(this.group.name)
  }

  /** What the upstreams answered of late. */
  recentOfLegacy(now: number): Summary {
    const from = now - LEGACY_LOOK_BACK_MS
    return addSummaries(...this.group.routes.map(({ id, upstream }) => this.#evidence.sum(id, upstream, from, now + 1)))
  }

  /** For good: the configuration no longer has the group. */
  forget(): void {
    for (const { id } of this.group.routes) this.#evidence.forget(id)
    this.#callers.forget(this.group.name)
  }

  #lookBack(lookBackMs: number, now: number): Sides {
    const known = this.#recent
    const isFresh = known?.lookBackMs === lookBackMs && now - known.at < lookBackMs * LOOK_BACK_SHARE
    if (known !== undefined && isFresh) return known
    const from = now - lookBackMs - WINDOW_MS + 1
    const sides = this.#sides((routeId, target) => this.#evidence.sum(routeId, target, from, now + 1))
    this.#recent = { ...sides, at: now, lookBackMs }
    return sides
  }

  #sides(of: (routeId: string, target: string) => Summary): Sides {
    const { routes } = this.group
    const natives = routes.map(({ id }) => of(id, NATIVE))
    const legacies = routes.map(({ id, upstream }) => of(id, upstream))
    return { native: sumOf(natives), legacy: sumOf(legacies) }
  }
}

/** Most routes are asked for nothing most of the time. */
function sumOf(summaries: readonly Summary[]): Summary {
  const some = summaries.filter(({ requests }) => requests > 0)
  return some.length === 1 ? (some[0] ?? emptySummary()) : addSummaries(...some)
}
