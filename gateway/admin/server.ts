import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Registry } from '@prometheus-io/client'
import { adminApi } from './api.ts'
import type { ApiOptions } from './dependencies.ts'
import { answerError } from './error-handler.ts'

const BODY_LIMIT_BYTES = 1024 * 1024
/** How long a client may take to send one request. */
const REQUEST_TIMEOUT_MS = 30_000

export interface AdminServerOptions {
  readonly logger: FastifyBaseLogger
  readonly registry: Registry
  /** Brings up to date what is counted. */
  readonly flush: () => void
  readonly api: ApiOptions
}

/** The second listener: health, metrics and the admin API. Nothing of it is reachable through the public one. */
export function createAdminServer({ logger, registry, flush, api }: AdminServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    frameworkErrors: answerError
  })
  app.get('/livez', async () => ({ status: 'alive' }))
  app.get('/readyz', async (_request, reply) => {
    const answer = await api.readiness()
    return reply.code(answer.status === 'ready' ? 200 : 503).send(answer)
  })
  app.get('/metrics', async (_request, reply) => {
    flush()
    return reply.type(registry.contentType).send(await registry.metrics())
  })
  app.register(adminApi, { ...api, prefix: '/api' })
  return app
}
