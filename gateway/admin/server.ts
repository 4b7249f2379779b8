import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Registry } from '@prometheus-io/client'
import type { Readiness } from './readiness.ts'

export interface AdminServerOptions {
  readonly logger: FastifyBaseLogger
  readonly registry: Registry
  /** Brings the metrics up to date. */
  readonly beforeScrape: () => void
  readonly readiness: () => Promise<Readiness>
}

/** The second listener: health and metrics. Nothing of it is reachable through the public one. */
export function createAdminServer({ logger, registry, beforeScrape, readiness }: AdminServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle'
  })
  app.get('/livez', async () => ({ status: 'alive' }))
  app.get('/readyz', async (_request, reply) => {
    const answer = await readiness()
    return reply.code(answer.status === 'ready' ? 200 : 503).send(answer)
  })
  app.get('/metrics', async (_request, reply) => {
    beforeScrape()
    return reply.type(registry.contentType).send(await registry.metrics())
  })
  return app
}
