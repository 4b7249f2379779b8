import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Verb } from '../rollout/state.ts'
import { operatorOf } from './authenticate.ts'
import type { ApiOptions } from './dependencies.ts'
import { forRevision, tag } from './if-match.ts'
import { Problem, refused, stale, unknown } from './problem.ts'
import { propagationOf } from './replicas-api.ts'
import {
  type Order,
  OrderedSchema,
  OrderSchema,
  RolloutsSchema,
  RolloutStatusSchema,
  TargetParamsSchema,
  VerbParamsSchema
} from './schemas.ts'

const EMERGENCIES: ReadonlySet<Verb> = new Set(['rollback', 'pause'])

/** The rollouts, and the verbs that move them. */
export const rolloutsApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { store, rollouts, replicas }) => {
  app.get('/rollouts', { schema: { response: { 200: RolloutsSchema } } }, async (_request, reply) => {
    tag(reply, store.current.number)
    return rollouts.status()
  })

  app.get(
    '/rollouts/:target',
    { schema: { params: TargetParamsSchema, response: { 200: RolloutStatusSchema } } },
    async ({ params: { target } }, reply) => {
      const statuses = rollouts.status()
      const byRoute = statuses.find(({ routes }) => routes.some(({ id }) => id === target))
      const status = statuses.find(({ group }) => group === target) ?? byRoute
      if (status === undefined) {
        const names = statuses.flatMap(({ group, routes }) => [group, ...routes.map(({ id }) => id)])
        throw unknown('route or group that can be rolled out', target, [...new Set(names)])
      }
      tag(reply, store.current.number)
      return status
    }
  )

  app.post(
    '/rollouts/:target/:verb',
    {
      config: { role: 'operator' },
      schema: { params: VerbParamsSchema, body: OrderSchema, response: { 200: OrderedSchema } }
    },
    async (request, reply) => {
      const { target, verb } = request.params
      checkOrder(verb, request.body)
      const { reason = '', ...rest } = request.body
      let expected = 0
      const result = await forRevision(request, { store, isEmergency: EMERGENCIES.has(verb) }, revision => {
        expected = revision
        return rollouts.act(verb, { target, expected, actor: operatorOf(request), reason, ...rest })
      })
      if (result.outcome === 'stale') throw stale(expected, result.current.number, result.changes)
      if (result.outcome === 'refused') throw refused(result.message)
      if (result.outcome === 'unknown') throw new Problem('unknown', result.message)
      const { number } = result.revision
      tag(reply, number)
      const propagation = verb === 'rollback' ? await propagationOf(replicas, number) : undefined
      return {
        revision: number,
        rollout: result.rollout,
        ...(propagation === undefined ? {} : { replicas: propagation })
      }
    }
  )
}

function checkOrder(verb: Verb, { weight }: Order): void {
  if (verb === 'set' && weight === undefined) {
    throw new Problem('bad-request', 'the body\'s "weight": found nothing, expected the weight to set, 0 to 100')
  }
  if (verb !== 'set' && weight !== undefined) {
    throw new Problem('bad-request', `the body's "weight": it goes with the verb set only, and this is ${verb}`)
  }
}
