import httpProxy from '@fastify/http-proxy'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { edgeOf } from '../edge.ts'
import { RELAYED_METHODS } from './exchange.ts'
import type { Relay } from './relay.ts'

export interface LegacySideOptions {
  readonly relay: Relay
}

/**
 * The catch-all whose target is not native: everything that reaches it is relayed, whatever its method or content type,
 * without a body parser touching it.
 */
export async function legacySide(app: FastifyInstance, { relay }: LegacySideOptions): Promise<void> {
  const relayRaw = (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack()
    relay(request.raw, reply.raw, edgeOf(request.raw))
  }

  for (const method of RELAYED_METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  app.removeAllContentTypeParsers()
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // A content type that Fastify cannot read is the upstream's business; nothing of the body has been read yet.
    if (error.code.startsWith('FST_ERR_CTP_')) return relayRaw(request, reply)
    throw error
  })
  await app.register(httpProxy, {
    // Only the plugin's own handler would use it; ours asks the relay, which knows every upstream.
    upstream: 'http://upstream.invalid',
    httpMethods: [...RELAYED_METHODS],
    constraints: { target: 'legacy' },
    // The plugin parses and rebuilds the query string to find a destination; ours is the request target, byte for byte.
    preRewrite: () => '/',
    handler: relayRaw
  })
}
