import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { edgeOf } from '../edge.ts'
import { RELAYED_METHODS } from './exchange.ts'
import type { Relay } from './relay.ts'

export interface LegacySideOptions {
  readonly relay: Relay
}

/**
 * The catch-all for every target that is not native. Requests are taken over before Fastify looks at their content, so
 * neither method nor content type matters and no body parser touches them.
 */
export async function legacySide(app: FastifyInstance, { relay }: LegacySideOptions): Promise<void> {
  for (const method of RELAYED_METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  const relayRaw = (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack()
    relay(request.raw, reply.raw, edgeOf(request.raw))
  }
  app.route({
    method: [...RELAYED_METHODS],
    url: '/*',
    constraints: { target: 'legacy' },
    onRequest: relayRaw,
    // Never reached; Fastify wants one.
    handler: relayRaw
  })
}
