import { setTimeout as delay } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import type { Readiness } from '../admin/readiness.ts'
import type { BreakerState } from '../breaker/breaker.ts'
import type { Clock } from '../clock.ts'
import type { GatewayEvent } from '../events/event.ts'
import type { Events } from '../events/events.ts'
import type { RolloutStatus } from '../rollout-controller/status.ts'
import { VerdictSchema } from '../rollout/guardrails.ts'
import { PHASES } from '../rollout/state.ts'

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const satisfies BreakerState['status'][]
const STATUSES = VerdictSchema.properties.status.anyOf.map(({ const: status }) => status)
/** How long a scrape waits for an answer that takes time; after that it has the last one. */
const SCRAPE_WAIT_MS = 100

const COUNTED_FROM_0 = [
  ['rollout.rolled-back', 'warning'],
  ['rollout.rollback-held', 'error'],
  ['rollout.step-passed', 'info'],
  ['breaker.open', 'error'],
  ['config.applied', 'info'],
  ['config.refused', 'error']
] as const satisfies [GatewayEvent['type'], GatewayEvent['severity']][]

/** Shows how breakers stand, by route id, whenever somebody scrapes: one series a state. */
export function showBreakers(registry: Registry, states: () => ReadonlyMap<string, BreakerState>): void {
  const gauge = new Gauge({
    name: 'gateway_breaker_state',
    help: "1 for the state that the route's breaker is in, 0 for the others.",
    labelNames: ['route', 'state'] as const,
    registers: [],
    collect() {
      this.reset()
      for (const [route, { status }] of states()) {
        for (const state of BREAKER_STATES) this.set({ route, state }, state === status ? 1 : 0)
      }
    }
  })
  registry.registerMetric(gauge)
}

/** Shows what became of the events for the webhook, whenever somebody scrapes. */
export function showWebhook(registry: Registry, counts: () => Readonly<Record<string, number>>): void {
  const counter = new Counter({
    name: 'gateway_webhook_events_total',
    help: 'Events for the webhook, by what became of them.',
    labelNames: ['outcome'] as const,
    registers: [],
    collect() {
      this.reset()
      for (const [outcome, count] of Object.entries(counts())) this.inc({ outcome }, count)
    }
  })
  registry.registerMetric(counter)
}

/** Shows how rollouts stand, by group, whenever somebody scrapes. */
export function showRollouts(registry: Registry, statuses: () => readonly RolloutStatus[]): void {
  const gauges = rolloutGauges()
  const { phases, desired, realised, ready, stepped, held, requests } = gauges
  const show = ({ group, phase, desiredWeight, share, readyAt, steppedAt, rollingBack, ...rest }: RolloutStatus) => {
    for (const each of PHASES) phases.set({ group, phase: each }, each === phase ? 1 : 0)
    desired.set({ group }, desiredWeight / 100)
    stepped.set({ group }, seconds(steppedAt))
    requests.set({ group, target: 'native' }, rest.native.requests)
    requests.set({ group, target: 'legacy' }, rest.legacy.requests)
    if (share?.realisedPercent !== undefined) realised.set({ group }, share.realisedPercent / 100)
    if (readyAt !== undefined) ready.set({ group }, seconds(readyAt))
    if (rollingBack?.heldSince !== undefined) held.set({ group }, seconds(rollingBack.heldSince))
    showVerdicts(gauges, group, rest.verdicts)
  }
  const first = gaugeOf('gateway_rollouts', 'Groups of routes that can be rolled out.', [], function collect() {
    for (const gauge of Object.values(gauges)) gauge.reset()
    const all = statuses()
    first.set(all.length)
    all.forEach(show)
  })
  // All are set where the first one is collected.
  for (const gauge of [first, ...Object.values(gauges)]) registry.registerMetric(gauge)
}

function rolloutGauges() {
  const byGroup = ['group'] as const
  const byGuardrail = ['group', 'guardrail'] as const
  return {
    phases: gaugeOf('gateway_rollout_phase', "1 for the phase that the group's rollout is in, 0 for the others.", [
      'group',
      'phase'
    ]),
    desired: gaugeOf(
      'gateway_rollout_desired_weight_ratio',
      'The weight that is being applied, else the one that stands, 0 to 1.',
      byGroup
    ),
    realised: gaugeOf(
      'gateway_rollout_realised_share_ratio',
      'The share of distinct callers that native had since the weight changed, 0 to 1.',
      byGroup
    ),
    ready: gaugeOf(
      'gateway_rollout_ready_timestamp_seconds',
      'Unix time since when a step has passed and waits for somebody; absent when none does.',
      byGroup
    ),
    stepped: gaugeOf(
      'gateway_rollout_step_start_timestamp_seconds',
      'Unix time since when the weight stands, not counting pauses.',
      byGroup
    ),
    held: gaugeOf(
      'gateway_rollout_rollback_held_timestamp_seconds',
      'Unix time since when a rollback is held because legacy is failing; absent when none is.',
      byGroup
    ),
    requests: gaugeOf(
      'gateway_rollout_step_requests',
      'Requests that a side answered at the step that stands and that count as evidence.',
      ['group', 'target']
    ),
    guardrails: gaugeOf('gateway_rollout_guardrail_status', "1 for the guardrail's status, 0 for the others.", [
      ...byGuardrail,
      'status'
    ]),
    used: gaugeOf(
      'gateway_rollout_guardrail_used_ratio',
      'The value that the guardrail measured by its bound: above 1 it is beyond it; absent where there is none.',
      byGuardrail
    ),
    missing: gaugeOf(
      'gateway_rollout_guardrail_missing_requests',
      'Requests that the guardrail still needs.',
      byGuardrail
    )
  }
}

function showVerdicts(
  { guardrails, used, missing }: ReturnType<typeof rolloutGauges>,
  group: string,
  verdicts: RolloutStatus['verdicts']
): void {
  for (const { guardrail, status, value, bound, more = 0 } of verdicts) {
    for (const each of STATUSES) guardrails.set({ group, guardrail, status: each }, each === status ? 1 : 0)
    missing.set({ group, guardrail }, more)
    if (value !== undefined && bound > 0) used.set({ group, guardrail }, value / bound)
  }
}

/**
 * Shows when the rollouts' controller was last seen at work: that it was called, and is not busy with an earlier call.
 *
 * @returns the clock that the controller is to have.
 */
export function showTicks(registry: Registry, clock: Clock, settled: () => Promise<void>): Clock {
  let calledAt: number | undefined
  const look = once(async () => {
    const called = calledAt
    await settled()
    if (called !== undefined) gauge.set(called / 1000)
  })
  const gauge = gaugeOf(
    'gateway_rollout_last_tick_timestamp_seconds',
    'Unix time at which the controller of the rollouts was last at work; absent on a replica that never ran them.',
    [],
    () => withinScrape(look())
  )
  // Without a value it would be 0, which is a time too.
  gauge.remove()
  registry.registerMetric(gauge)
  return {
    now: () => clock.now(),
    every: (milliseconds, task) =>
      clock.every(milliseconds, () => {
        calledAt = clock.now()
        task()
      })
  }
}

/** Counts what happened on this replica. */
export function countEvents(registry: Registry, events: Pick<Events, 'subscribe'>): void {
  const counter = new Counter({
    name: 'gateway_events_total',
    help: 'What happened here: steps, rollbacks, breakers, configurations.',
    labelNames: ['type', 'severity'] as const,
    registers: [registry]
  })
  // So that the first of its kind is an increase.
  for (const [type, severity] of COUNTED_FROM_0) counter.inc({ type, severity }, 0)
  events.subscribe(({ type, severity, replica }) => {
    if (replica === undefined) counter.inc({ type, severity })
  })
}

/** Shows whether the gateway is ready and which of its checks fail, as of this scrape or, where a check hangs, the last. */
export function showReadiness(registry: Registry, readiness: () => Promise<Readiness>): void {
  const ask = once(async () => {
    const { status, checks: all } = await readiness()
    ready.set(status === 'ready' ? 1 : 0)
    for (const { name: check, ok } of all) checks.set({ check }, ok ? 1 : 0)
  })
  const help = '1 for a check of /readyz that is met, 0 for one that fails.'
  const checks = gaugeOf('gateway_check_ok', help, ['check'], () => withinScrape(ask()))
  const ready = gaugeOf('gateway_ready', '1 while /readyz says that the gateway is ready.', [], () =>
    withinScrape(ask())
  )
  for (const gauge of [ready, checks]) registry.registerMetric(gauge)
}

/** Shows whether changes can be recorded, whenever somebody scrapes. */
export function showState(registry: Registry, isWritable: () => boolean): void {
  const gauge = new Gauge({
    name: 'gateway_state_writable',
    help: '1 while changes can be recorded and the audit is whole, 0 while one of the two is not so.',
    registers: [],
    collect() {
      this.set(isWritable() ? 1 : 0)
    }
  })
  registry.registerMetric(gauge)
}

function gaugeOf<T extends string>(
  name: string,
  help: string,
  labelNames: readonly T[],
  collect?: () => void | Promise<void>
): Gauge<T> {
  return new Gauge({ name, help, labelNames, registers: [], ...(collect === undefined ? {} : { collect }) })
}

function seconds(time: string): number {
  return Date.parse(time) / 1000
}

/** A task that is under way at most once; whoever asks meanwhile waits for the same. */
function once(task: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | undefined
  return () => {
    underWay ??= task().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}

async function withinScrape(task: Promise<void>): Promise<void> {
  await Promise.race([task, delay(SCRAPE_WAIT_MS, undefined, { ref: false })])
}
