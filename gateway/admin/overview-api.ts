import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { PHASES } from '../rollout/state.ts'
import { sessionOf } from './authenticate.ts'
import type { ApiOptions } from './dependencies.ts'
import { tag } from './if-match.ts'
import { driftOf } from './replicas-api.ts'
import { routeViews } from './route-views.ts'
import { type RolloutStatus, type RouteView, SessionSchema, type Sides, type Status, StatusSchema } from './schemas.ts'
import { sidesOf } from './summaries.ts'

/** Who asks, and how all of it stands. */
export const overviewApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, options) => {
  const { version, store, rollouts, breakers, readiness } = options

  app.get('/session', { schema: { response: { 200: SessionSchema } } }, async request => sessionOf(request))

  app.get('/status', { schema: { response: { 200: StatusSchema } } }, async (_request, reply) => {
    const { status, checks } = await readiness()
    const { number, digest, loadedAt, config, text } = store.current
    const { views } = routeViews(options)
    const states = [...breakers.states().values()]
    tag(reply, number)
    return {
      version,
      revision: { number, digest, loadedAt: loadedAt.toISOString() },
      killSwitch: config.killSwitch,
      readiness: { status, checks: [...checks] },
      ...(options.replicas === undefined ? {} : { drift: await driftOf(options.configFile, text) }),
      totals: {
        ...totalsOf(views),
        breakersOpen: states.filter(state => state.status !== 'closed').length,
        rollouts: phasesOf(rollouts.status())
      }
    }
  })
}

function totalsOf(views: readonly RouteView[]): Omit<Status['totals'], 'breakersOpen' | 'rollouts'> {
  const shared = views.filter(({ native, nativeOnly }) => native !== null && !nativeOnly)
  const sumOf = (side: (view: RouteView) => Sides) =>
    sidesOf({
      native: views.reduce((sum, view) => sum + side(view).native, 0),
      legacy: views.reduce((sum, view) => sum + side(view).legacy, 0)
    })
  return {
    routes: views.length,
    nativeOnly: views.filter(({ nativeOnly }) => nativeOnly).length,
    shared: shared.length,
    at0: shared.filter(({ weight }) => weight === 0).length,
    between: shared.filter(({ weight }) => weight > 0 && weight < 100).length,
    at100: shared.filter(({ weight }) => weight === 100).length,
    killed: views.filter(({ killSwitch }) => killSwitch).length,
    requests: { minute: sumOf(({ realised }) => realised.minute), hour: sumOf(({ realised }) => realised.hour) }
  }
}

function phasesOf(statuses: readonly RolloutStatus[]): Status['totals']['rollouts'] {
  const phases = { idle: 0, progressing: 0, paused: 0, completed: 0, 'rolled-back': 0 }
  for (const phase of PHASES) phases[phase] = statuses.filter(status => status.phase === phase).length
  return phases
}
