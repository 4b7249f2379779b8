import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { HOUR_MS } from '../telemetry/traffic.ts'
import type { ApiOptions } from './dependencies.ts'
import { type Discovery, DiscoverySchema } from './schemas.ts'

const DAY_MS = 24 * HOUR_MS
const MOST_SHAPES = 100

/** What to migrate next, and what to switch off. */
export const discoveryApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, options) => {
  const { unmatched, routeRequests, clock } = options

  app.get('/discovery', { schema: { response: { 200: DiscoverySchema } } }, async () => {
    const now = clock.now()
    const { shapes, requests } = unmatched.read(now)
    const listed = shapes.slice(0, MOST_SHAPES)
    return {
      since: isoOf(routeRequests.since),
      unmatched: listed.map(({ lastAt, ...shape }) => ({ ...shape, lastAt: isoOf(lastAt) })),
      unmatchedOthers: Math.max(0, requests - listed.reduce((sum, shape) => sum + shape.requests, 0)),
      ...routesOf(options, now)
    }
  })
}

function routesOf(
  { store, routeRequests }: Pick<ApiOptions, 'store' | 'routeRequests'>,
  now: number
): Pick<Discovery, 'withoutNative' | 'unused'> {
  const { routes } = store.current.config
  const uses = routes.map(({ id, methods, paths, native, nativeOnly }) => {
    const { since, lastAt, requests } = routeRequests.of(id, now)
    const last = lastAt === undefined ? {} : { lastAt: isoOf(lastAt) }
    const days = Math.max(0, Math.floor(((now - (lastAt ?? since)) / DAY_MS) * 100) / 100)
    return {
      isLegacy: native === undefined && nativeOnly !== true,
      hasUpstream: nativeOnly !== true,
      requests,
      days,
      shown: { route: id, methods, paths, ...last }
    }
  })
  return {
    withoutNative: uses
      .filter(({ isLegacy }) => isLegacy)
      .sort((a, b) => b.requests - a.requests)
      .map(({ shown, requests }) => ({ ...shown, requests })),
    unused: uses
      .filter(({ hasUpstream }) => hasUpstream)
      .sort((a, b) => b.days - a.days)
      .map(({ shown, days }) => ({ ...shown, days }))
  }
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
