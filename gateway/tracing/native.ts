import type { FastifyInstance } from 'fastify'
import { edgeOf } from '../edge.ts'

/** Follows requests into the native services of a server. To be called before these are registered. */
export function followNative(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { trace } = edgeOf(request.raw)
    // What no native route has goes to an upstream.
    if (trace === undefined || request.is404) done()
    else trace.nativeBegan(request.routeOptions.url, done)
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const { trace } = edgeOf(request.raw)
    if (trace === undefined) done()
    else trace.nativeGoesOn(done)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    edgeOf(request.raw).trace?.nativeAnswered(reply.statusCode)
    done(null, payload)
  })
}
