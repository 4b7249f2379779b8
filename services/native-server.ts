import { parse } from 'node:querystring'
import fastify, { type FastifyInstance } from 'fastify'
import {
  answerUnroutable,
  asksForWebSocket,
  createWebSockets,
  nativeModules,
  type PlatformOptions,
  platform,
  takeUpgrade
} from './index.ts'
import { BODY_LIMIT_BYTES } from './platform/body.ts'

/**
 * The native services on a server of their own, without the gateway. Unknown paths answer 404, under /api only to a
 * caller with a valid token. The caller listens, closes the server, and then closes the database.
 */
export function nativeServer(options: PlatformOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    http: { shouldUpgradeCallback: asksForWebSocket },
    frameworkErrors: (_error, request, reply) => void answerUnroutable(request, reply),
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 4096, querystringParser: parse }
  })
  app.register(platform, { webSockets: createWebSockets(), ...options })
  app.server.on('upgrade', (request, _socket, head) => {
    const upgrade = takeUpgrade(request, head)
    if (upgrade !== undefined) app.routing(request, upgrade.response)
  })
  for (const { plugin } of nativeModules) app.register(plugin)
  app.after(() => {
    app.addHook('onRequest', async (request, reply) => {
      if (request.is404 && /^\/api(?:[/?]|$)/i.test(request.url)) await app.authenticate(request, reply)
    })
    app.setNotFoundHandler(answerUnroutable)
  })
  return app
}
