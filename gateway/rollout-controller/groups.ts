import type { RoutingConfig } from '../config/schema.ts'
import { type RolloutPlan, resolvePlan } from '../rollout/plan.ts'

export interface GroupRoute {
  readonly id: string
  readonly upstream: string
  readonly weight: number
}

/** The routes that are promoted and rolled back as one. */
export interface Group {
  readonly name: string
  readonly routes: readonly GroupRoute[]
  readonly plan: RolloutPlan
}

/** The groups of a configuration, by name: of every route that native and an upstream share. */
export function groupsOf({ defaults, routes }: RoutingConfig): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const route of routes) {
    if (route.native === undefined || route.nativeOnly === true) continue
    const { id, group: name = id, weight = defaults.weight, upstream = defaults.upstream, rollout } = route
    const before = groups.get(name)
    // Only one route of a group says a plan; which one is the check's business.
    const plan = rollout === undefined && before !== undefined ? before.plan : resolvePlan(defaults.rollout, rollout)
    groups.set(name, { name, routes: [...(before?.routes ?? []), { id, upstream, weight }], plan })
  }
  return groups
}

export function weightsOf({ routes }: Group): Record<string, number> {
  return Object.fromEntries(routes.map(({ id, weight }) => [id, weight]))
}
