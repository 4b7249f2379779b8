import { type CallerIdentity, callerKeyOf } from '../caller-identity.ts'
import type { Clock } from '../clock.ts'
import type { Revision } from '../config/store.ts'
import { type Edge, NO_BUCKET } from '../edge.ts'
import { bucketOf } from '../routing/bucket.ts'
import type { Files } from '../storage/files.ts'
import { createHourCallers, type HourCallers } from './hour-callers.ts'
import type { KeptFileOptions } from './kept-file.ts'
import { routeCountsOf } from './native-routes.ts'
import type { OnEnded } from './observe.ts'
import { openProgress, type Progress } from './progress.ts'
import { openRouteRequests, type RouteRequests } from './route-requests.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export interface UsageOptions {
  readonly clock: Clock
  /** The state directory. */
  readonly directory: string
  readonly files: Files
  readonly logger: KeptFileOptions<never>['logger']
  readonly identity: Pick<CallerIdentity, 'userId'>
  readonly current: () => Pick<Revision, 'config'>
}

/** What this process was asked for, for those who look at routes. */
export interface Usage {
  readonly traffic: Traffic
  readonly hourCallers: HourCallers
  readonly progress: Progress
  readonly routeRequests: RouteRequests
  /** Counts requests that ended. */
  readonly record: OnEnded
  /** Forgets routes that a revision does not have. */
  keep(revision: Pick<Revision, 'table'>): void
  /** Writes what it knows a last time. Never rejects. */
  close(): Promise<void>
}

/** Never rejects: what cannot be read is begun anew. */
export async function openUsage({ identity, current, ...options }: UsageOptions): Promise<Usage> {
  const { clock } = options
  const traffic = createTraffic()
  const hourCallers = createHourCallers()
  const progress = await openProgress({ ...options, routes: () => routeCountsOf(current().config) })
  const routeRequests = await openRouteRequests(options)
  const bucket = ({ bucket: known, assignment: { route }, authorization, client }: Edge) =>
    known === NO_BUCKET ? bucketOf(callerKeyOf(identity.userId(authorization), client.address), route.group) : known

  return {
    traffic,
    hourCallers,
    progress,
    routeRequests,
    // Callers are those whose side is, or was to be, the weight's to decide. At 0, at 100 and under a kill switch the
    // assignment does not ask who the caller is, so that is done here, where a token that was seen before costs a look-up.
    record(batch) {
      const now = clock.now()
      for (const { edge } of batch) {
        const { route, reason } = edge.assignment
        traffic.count(now, edge.assignment)
        progress.count(edge.assignment)
        routeRequests.count(now, route.id)
        const isWeights = reason === 'weight' || reason === 'breaker' || reason === 'kill-switch'
        if (isWeights) hourCallers.see(now, route.id, bucket(edge))
      }
    },
    keep({ table: { routes } }) {
      const ids = routes.map(({ id }) => id)
      traffic.keep(ids)
      hourCallers.keep(routes)
      routeRequests.keep(ids)
    },
    async close() {
      await Promise.all([progress.close(), routeRequests.close()])
    }
  }
}
