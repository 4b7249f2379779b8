import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import type { Clock } from '../clock.ts'
import { DayCount } from './day-counts.ts'
import { KeptFile, type KeptFileOptions } from './kept-file.ts'
import type { EndedRequests } from './usage-counter.ts'

const NAME = 'route-requests.json'

/** A crash loses at most this much of when a route was last asked for. */
const KEEP_MS = 3_600_000

const KeptSchema = Type.Object({
  version: Type.Literal(1),
  since: Type.Number({
    description: 'When the first process began to watch. Milliseconds since 1970, as all times here.'
  }),
  routes: Type.Record(
    Type.String(),
    Type.Object({
      since: Type.Number({ description: 'When the route was first configured.' }),
      lastAt: Type.Optional(Type.Number({ description: 'When it was last asked for.' }))
    })
  )
})
type Kept = Static<typeof KeptSchema>

/** When each route was last asked for, kept over restarts, and how often in the last 24 hours. */
export interface RouteRequests {
  /** Since when requests are watched, restarts included; milliseconds since 1970. */
  readonly since: number
  /** Counts requests that ended. @param at milliseconds since 1970. */
  count(at: number, ended: EndedRequests): void
  of(routeId: string, now: number): RouteUse
  /** Forgets every route but these. */
  keep(routeIds: Iterable<string>): void
  /** Writes what it knows a last time. Never rejects. */
  close(): Promise<void>
}

export interface RouteUse {
  /** Since when the route is watched. */
  readonly since: number
  /** Absent: not since then. */
  readonly lastAt?: number
  /** In the last 24 hours, as far as this process was there. */
  readonly requests: number
}

interface Use {
  readonly since: number
  lastAt: number | undefined
  readonly count: DayCount
}

export interface RouteRequestsOptions extends Omit<KeptFileOptions<typeof KeptSchema>, 'schema' | 'file'> {
  /** The state directory. */
  readonly directory: string
  readonly clock: Clock
}

/** Never rejects: what cannot be read is begun anew. */
export async function openRouteRequests({
  clock,
  directory,
  ...options
}: RouteRequestsOptions): Promise<RouteRequests> {
  const file = new KeptFile({ ...options, file: join(directory, NAME), schema: KeptSchema })
  const kept: Kept = (await file.load()) ?? { version: 1, since: clock.now(), routes: {} }
  const { since } = kept
  const uses = new Map<string, Use>()
  for (const [id, use] of Object.entries(kept.routes)) {
    uses.set(id, { since: use.since, lastAt: use.lastAt, count: new DayCount() })
  }
  const useOf = (id: string, now: number) => {
    const use = uses.get(id) ?? { since: now, lastAt: undefined, count: new DayCount() }
    uses.set(id, use)
    return use
  }
  const save = async () => {
    const routes = [...uses].map(([id, use]) => {
      const lastAt = use.lastAt === undefined ? {} : { lastAt: use.lastAt }
      return [id, { since: use.since, ...lastAt }] as const
    })
    await file.save({ version: 1, since, routes: Object.fromEntries(routes) })
  }
  let saving = Promise.resolve()
  const stop = clock.every(KEEP_MS, () => {
    saving = saving.then(save)
  })

  return {
    since,
    count(at, { routeId, requests }) {
      const use = uses.get(routeId)
      if (use === undefined) return
      use.lastAt = Math.max(use.lastAt ?? 0, at)
      use.count.add(at, requests)
    },
    of(routeId, now) {
      const use = uses.get(routeId)
      const lastAt = use?.lastAt === undefined ? {} : { lastAt: use.lastAt }
      return { since: use?.since ?? now, ...lastAt, requests: use?.count.sum(now) ?? 0 }
    },
    keep(routeIds) {
      const ids = new Set(routeIds)
      for (const id of uses.keys()) if (!ids.has(id)) uses.delete(id)
      for (const id of ids) useOf(id, clock.now())
    },
    async close() {
      stop()
      await saving
      await save()
    }
  }
}
