import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import type { BreakerState } from '../breaker/breaker.ts'

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
