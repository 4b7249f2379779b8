import type { Clock } from '../clock.ts'
import type { Revision } from '../config/store.ts'
import type { Files } from '../storage/files.ts'
import { createHourCallers, type HourCallers } from './hour-callers.ts'
import type { KeptFileOptions } from './kept-file.ts'
import { routeCountsOf } from './native-routes.ts'
import { openProgress, type Progress } from './progress.ts'
import { openRouteRequests, type RouteRequests } from './route-requests.ts'
import { createTraffic, type Traffic } from './traffic.ts'
import type { UsageCounter } from './usage-counter.ts'

export interface UsageOptions {
  readonly clock: Clock
  /** The state directory. */
  readonly directory: string
  readonly files: Files
  readonly logger: KeptFileOptions<never>['logger']
  readonly current: () => Pick<Revision, 'config'>
}

/** What the gateway was asked for, for those who look at routes: where there are replicas, all of them. */
export interface Usage extends UsageCounter {
  readonly traffic: Traffic
  readonly hourCallers: HourCallers
  readonly progress: Progress
  readonly routeRequests: RouteRequests
  /** Forgets routes that a revision does not have. */
  keep(revision: Pick<Revision, 'table'>): void
  /** Writes what it knows a last time. Never rejects. */
  close(): Promise<void>
}

/** Never rejects: what cannot be read is begun anew. */
export async function openUsage({ current, ...options }: UsageOptions): Promise<Usage> {
  const traffic = createTraffic()
  const hourCallers = createHourCallers()
  const progress = await openProgress({ ...options, routes: () => routeCountsOf(current().config) })
  const routeRequests = await openRouteRequests(options)

  return {
    traffic,
    hourCallers,
    progress,
    routeRequests,
    count(at, ended) {
      traffic.count(at, ended)
      progress.count(at, ended)
      routeRequests.count(at, ended)
    },
    see(at, routeId, bucket) {
      hourCallers.see(at, routeId, bucket)
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
