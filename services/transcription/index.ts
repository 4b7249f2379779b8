import type { FastifyPluginAsync } from 'fastify'
import { bearerToken } from '../platform/auth.ts'
import { upgradeOf } from '../platform/upgrade.ts'
import { V1_PREFIX, v1 } from '../platform/v1.ts'
import type { WebSocketHandler } from '../platform/websockets.ts'
import { transcriptionService } from './service.ts'
import { serveTranscription } from './socket.ts'

const PATH = '/transcription-stream'

/**
 * Live transcription. A token is looked at when the connection is made, and not again: a recording outlives it. On the
 * legacy path, whose clients send none, one is asked for only where the deployment says so.
 */
export const transcription: FastifyPluginAsync = async app => {
  const service = transcriptionService({ openai: app.openai })
  const serve: WebSocketHandler = (socket, { log }) => serveTranscription(service, socket, log)

  await app.register(async legacy => {
    legacy.addHook('onRequest', async (request, reply) => {
      const isRefusable = app.transcriptionNeedsToken || bearerToken(request) !== undefined
      return upgradeOf(request.raw) !== undefined && isRefusable ? app.authenticate(request, reply) : undefined
    })
    legacy.webSocket(PATH, serve)
  })
  await app.register(
    async scope => {
      await scope.register(v1)
      scope.webSocket(PATH, serve)
    },
    { prefix: V1_PREFIX }
  )
}
