import type { Clock } from '../clock.ts'
import type { RoutingConfig } from '../config/schema.ts'
import { type Breaker, type BreakerState, breaker } from './breaker.ts'
import type { BreakerPolicy } from './options.ts'

export type BreakerStatus = BreakerState['status']

/** A breaker for each route that has both sides, and the requests that pass it. */
export interface Breakers {
  /** Takes over the routes of a revision; a breaker whose options are the same stays as it is. */
  apply(config: RoutingConfig): void
  /** Whether callers of the route whose side is native must go upstream. Only looks. */
  isOpen(routeId: string): boolean
  /** A request was assigned to native, for whatever reason. */
  began(routeId: string): void
  /** A request of native has ended. */
  ended(routeId: string, success: boolean): void
  /** How every breaker stands, by route id. */
  states(): ReadonlyMap<string, BreakerState>
}

export interface BreakersOptions {
  readonly clock: Clock
  /** Told when a breaker opens, lets trials through, or closes. */
  readonly onChange: (change: BreakerChange) => void
}

export interface BreakerChange {
  readonly routeId: string
  readonly from: BreakerStatus
  readonly state: BreakerState
}

interface Entry {
  readonly options: string
  readonly rules: Breaker
  state: BreakerState
}

export function createBreakers({ clock, onChange }: BreakersOptions): Breakers {
  const entries = new Map<string, Entry>()

  const move = (routeId: string, entry: Entry, state: BreakerState) => {
    const from = entry.state.status
    entry.state = state
    if (state.status !== from) onChange({ routeId, from, state })
  }

  return {
    apply(config) {
      const policies = policiesOf(config)
      for (const routeId of entries.keys()) if (!policies.has(routeId)) entries.delete(routeId)
      for (const [routeId, policy] of policies) {
        const options = JSON.stringify(policy)
        if (entries.get(routeId)?.options === options) continue
        const rules = breaker(policy)
        entries.set(routeId, { options, rules, state: rules.closed(clock.now()) })
      }
    },
    isOpen(routeId) {
      const entry = entries.get(routeId)
      if (entry === undefined || entry.state.status === 'closed') return false
      return !entry.rules.admits(entry.state, clock.now())
    },
    began(routeId) {
      const entry = entries.get(routeId)
      if (entry === undefined || entry.state.status === 'closed') return
      move(routeId, entry, entry.rules.began(entry.state, clock.now()))
    },
    ended(routeId, success) {
      const entry = entries.get(routeId)
      if (entry !== undefined) move(routeId, entry, entry.rules.ended(entry.state, success, clock.now()))
    },
    states() {
      return new Map([...entries].map(([routeId, { state }]) => [routeId, state]))
    }
  }
}

/** Of the routes that native may share with an upstream. */
function policiesOf({ defaults, routes }: RoutingConfig): Map<string, BreakerPolicy> {
  const shared = routes.filter(({ native, nativeOnly }) => native !== undefined && nativeOnly !== true)
  const policies = shared.map(route => [route.id, { ...defaults.breaker, ...route.breaker }] as const)
  return new Map(policies.filter(([, { enabled }]) => enabled))
}
