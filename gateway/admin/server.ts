import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Registry } from '@prometheus-io/client'
import { dashboard } from '../dashboard/server/dashboard.ts'
import { adminApi } from './api.ts'
import { createAttempts } from './attempts.ts'
import { bearerAccess } from './bearer.ts'
import type { ApiOptions } from './dependencies.ts'
import { answerError } from './error-handler.ts'
import { createLive } from './live/live.ts'

const BODY_LIMIT_BYTES = 1024 * 1024
/** How long a client may take to send one request. */
const REQUEST_TIMEOUT_MS = 30_000

export interface AdminServerOptions {
  readonly logger: FastifyBaseLogger
  readonly registry: Registry
  /** Brings up to date what is counted. */
  readonly flush: () => void
  readonly api: Omit<ApiOptions, 'live'>
  /** Addresses and networks whose X-Forwarded-Proto and -Host count. */
  readonly trustedProxies: readonly string[]
  /** A part of what the sessions of the dashboard are signed with. */
  readonly secret: string
}

/** The second listener: health, metrics, admin API and dashboard. Nothing of it is reachable through the public one. */
export function createAdminServer(options: AdminServerOptions): FastifyInstance {
  const { logger, registry, flush, trustedProxies, secret } = options
  const api = { ...options.api, live: createLive({ ...options.api, logger }) }
  const { credentials, addressOf } = api
  const attempts = createAttempts()
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    frameworkErrors: answerError,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies]
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
  app.register(adminApi, {
    ...api,
    prefix: '/api',
    isDescribed: true,
    access: scope => bearerAccess(scope, { credentials, attempts, addressOf })
  })
  app.get('/', async (_request, reply) => reply.redirect('/dashboard/'))
  app.register(dashboard, { api, attempts, secret, prefix: '/dashboard' })
  return app
}
