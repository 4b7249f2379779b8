import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { setKillSwitch, setRouteKillSwitch } from '../config/edits.ts'
import { HOUR_MS } from '../telemetry/traffic.ts'
import { changeConfig } from './change-config.ts'
import type { ApiOptions } from './dependencies.ts'
import { tag } from './if-match.ts'
import { unknown } from './problem.ts'
import { routeViews } from './route-views.ts'
import {
  ChangedSchema,
  KillSwitchSchema,
  RouteDetailSchema,
  RouteParamsSchema,
  RoutesSchema,
  WindowsQuerySchema,
  WindowsSchema
} from './schemas.ts'
import { WINDOW_MS, windowOf } from './summaries.ts'
import { timeOf } from './times.ts'

/** The routes, what was measured of them, and their kill switches. */
export const routesApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, options) => {
  const { store, evidence, clock } = options

  const knownRoute = (id: string) => {
    const ids = store.current.config.routes.map(route => route.id)
    if (!ids.includes(id)) throw unknown('route', id, ids)
  }

  app.get('/routes', { schema: { response: { 200: RoutesSchema } } }, async (_request, reply) => {
    const { number, config } = store.current
    tag(reply, number)
    return { revision: number, killSwitch: config.killSwitch, routes: routeViews(options).views }
  })

  app.get(
    '/routes/:id',
    { schema: { params: RouteParamsSchema, response: { 200: RouteDetailSchema } } },
    async ({ params: { id } }, reply) => {
      const { views, rollouts } = routeViews(options)
      const view = views.find(route => route.id === id)
      if (view === undefined) {
        throw unknown(
          'route',
          id,
          views.map(route => route.id)
        )
      }
      const rollout = rollouts.get(id)
      tag(reply, store.current.number)
      return { ...view, ...(rollout === undefined ? {} : { rollout }) }
    }
  )

  app.get(
    '/routes/:id/windows',
    { schema: { params: RouteParamsSchema, querystring: WindowsQuerySchema, response: { 200: WindowsSchema } } },
    async ({ params: { id }, query }) => {
      knownRoute(id)
      const now = clock.now()
      const from = query.from === undefined ? now - HOUR_MS : timeOf('from', query.from)
      const to = query.to === undefined ? now : timeOf('to', query.to)
      const windows = evidence
        .closedWindows(from, now)
        .filter(({ routeId, index }) => routeId === id && index * WINDOW_MS < to)
        .sort((a, b) => a.index - b.index)
        .map(({ index, target, summary }) => windowOf(index * WINDOW_MS, target, summary))
      return { route: id, windowMs: WINDOW_MS, windows }
    }
  )

  app.put(
    '/kill-switch',
    { config: { role: 'operator' }, schema: { body: KillSwitchSchema, response: { 200: ChangedSchema } } },
    async (request, reply) => {
      const { on, reason } = request.body
      return changeConfig(options, request, reply, { edit: setKillSwitch(on), reason, isEmergency: on })
    }
  )

  app.put(
    '/routes/:id/kill-switch',
    {
      config: { role: 'operator' },
      schema: { params: RouteParamsSchema, body: KillSwitchSchema, response: { 200: ChangedSchema } }
    },
    async (request, reply) => {
      const { id } = request.params
      const { on, reason } = request.body
      knownRoute(id)
      return changeConfig(options, request, reply, { edit: setRouteKillSwitch([id], on), reason, isEmergency: on })
    }
  )
}
