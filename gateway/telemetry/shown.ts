import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import type { BreakerState } from '../breaker/breaker.ts'
import type { RolloutStatus } from '../rollout-controller/status.ts'
import { PHASES } from '../rollout/state.ts'

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const satisfies BreakerState['status'][]

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
  const phases = new Gauge({
    name: 'gateway_rollout_phase',
    help: "1 for the phase that the group's rollout is in, 0 for the others.",
    labelNames: ['group', 'phase'] as const,
    registers: []
  })
  const desired = new Gauge({
    name: 'gateway_rollout_desired_weight_percent',
    help: 'The weight that is being applied, else the one that stands.',
    labelNames: ['group'] as const,
    registers: []
  })
  const realised = new Gauge({
    name: 'gateway_rollout_realised_share_percent',
    help: 'The percentage of distinct callers that native had since the weight changed.',
    labelNames: ['group'] as const,
    registers: []
  })
  const ready = new Gauge({
    name: 'gateway_rollout_ready_timestamp_seconds',
    help: 'Unix time since when a step has passed and waits for somebody; absent when none does.',
    labelNames: ['group'] as const,
    registers: [],
    collect() {
      for (const gauge of [phases, desired, realised, ready]) gauge.reset()
      for (const { group, phase, desiredWeight, share, readyAt } of statuses()) {
        for (const each of PHASES) phases.set({ group, phase: each }, each === phase ? 1 : 0)
        desired.set({ group }, desiredWeight)
        if (share?.realisedPercent !== undefined) realised.set({ group }, share.realisedPercent)
        if (readyAt !== undefined) ready.set({ group }, Date.parse(readyAt) / 1000)
      }
    }
  })
  // All are set where the first one is collected.
  for (const gauge of [ready, phases, desired, realised]) registry.registerMetric(gauge)
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
