import type { RouteConfig } from '../config/schema.ts'
import type { Route } from '../routing/route.ts'
import { HOUR_MS, MINUTE_MS } from '../telemetry/traffic.ts'
import type { ApiOptions } from './dependencies.ts'
import type { RolloutStatus, RouteView } from './schemas.ts'
import { sidesOf } from './summaries.ts'

type Sources = Pick<ApiOptions, 'store' | 'rollouts' | 'traffic' | 'callers' | 'breakers' | 'lastChanges' | 'clock'>

/** How every route stands, in the file's order, and the rollouts that move them by the route's id. */
export function routeViews(sources: Sources): {
  readonly views: RouteView[]
  readonly rollouts: ReadonlyMap<string, RolloutStatus>
} {
  const { store, breakers } = sources
  const { config, table } = store.current
  const statuses = sources.rollouts.status()
  const rollouts = new Map(statuses.flatMap(status => status.routes.map(({ id }) => [id, status] as const)))
  const states = breakers.states()
  const policies = new Map(table.routes.map(route => [route.id, route]))
  const views = config.routes.flatMap(route => {
    const policy = policies.get(route.id)
    if (policy === undefined) return []
    return viewOf(route, policy, { sources, breaker: states.get(route.id)?.status, rollout: rollouts.get(route.id) })
  })
  return { views, rollouts }
}

interface Known {
  readonly sources: Sources
  readonly breaker: RouteView['breaker']
  readonly rollout: RolloutStatus | undefined
}

function viewOf(route: RouteConfig, policy: Route, { sources, breaker, rollout }: Known): RouteView {
  const { traffic, callers, lastChanges, clock } = sources
  const { id, group, upstream, killSwitch, weight, cohort } = policy
  const now = clock.now()
  const hour = traffic.sum(id, HOUR_MS, now)
  const change = lastChanges.of(id)
  return {
    id,
    methods: route.methods,
    paths: route.paths,
    group,
    native: route.native ?? null,
    nativeOnly: route.nativeOnly === true,
    upstream,
    killSwitch,
    weight,
    cohort: cohort.size,
    realised: {
      minute: sidesOf(traffic.sum(id, MINUTE_MS, now)),
      hour: sidesOf(hour),
      callers: sidesOf(callers.count(group))
    },
    ...(breaker === undefined ? {} : { breaker }),
    ...(rollout === undefined ? {} : { phase: rollout.phase }),
    reasons: hour.reasons,
    ...(change === undefined
      ? {}
      : { lastChange: { at: change.at, by: change.actor, reason: change.reason, revision: change.number } })
  }
}
