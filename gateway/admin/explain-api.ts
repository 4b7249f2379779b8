import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isIP } from 'node:net'
import type { ApiOptions } from './dependencies.ts'
import { explain } from './explain.ts'
import { tag } from './if-match.ts'
import { Problem } from './problem.ts'
import { ExplainRequestSchema, ExplanationSchema } from './schemas.ts'

/** Why a request would go where it would go. */
export const explainApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, options) => {
  const { store, identity, breakers, addressOf } = options
  const breakerOpen = (routeId: string) => breakers.isOpen(routeId)
  app.post(
    '/explain',
    { schema: { body: ExplainRequestSchema, response: { 200: ExplanationSchema } } },
    async ({ body, raw }, reply) => {
      const { address } = body
      if (address !== undefined && isIP(address) === 0) {
        throw new Problem(
          'bad-request',
          `the body's "address": found ${JSON.stringify(address)}, expected an IP address`
        )
      }
      const revision = store.current
      tag(reply, revision.number)
      return explain(body, { revision, identity, breakerOpen, address: addressOf(raw) })
    }
  )
}
