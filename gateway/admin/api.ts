import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { auditApi } from './audit-api.ts'
import { type AccessOf, authenticate } from './authenticate.ts'
import { configApi } from './config-api.ts'
import { credentialsApi } from './credentials-api.ts'
import type { ApiOptions } from './dependencies.ts'
import { answerError } from './error-handler.ts'
import { discoveryApi } from './discovery-api.ts'
import { eventsApi } from './events-api.ts'
import { explainApi } from './explain-api.ts'
import { liveApi } from './live/live-api.ts'
import { openapi } from './openapi.ts'
import { overviewApi } from './overview-api.ts'
import { unknown } from './problem.ts'
import { progressApi } from './progress-api.ts'
import { replicasApi } from './replicas-api.ts'
import { rolloutsApi } from './rollouts-api.ts'
import { routesApi } from './routes-api.ts'
import { validatorCompiler } from './validation.ts'

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff'
}

export interface AdminApiOptions extends ApiOptions {
  /** Makes, in the scope of the API, what finds out whose request it is. */
  readonly access: (app: FastifyInstance) => Promise<AccessOf>
  /** Does it describe itself, at `openapi.json`? */
  readonly isDescribed?: boolean
}

/** The admin API. May be registered more than once, under prefixes that end in `/api`. */
export const adminApi: FastifyPluginAsync<AdminApiOptions> = async (app, options) => {
  const { access, isDescribed = false, ...rest } = options
  const calls = new Set<string>()
  app.setValidatorCompiler(validatorCompiler)
  // What is sent is what the code made; the tests hold it against the schemas.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  app.setErrorHandler(answerError)
  app.addHook('onRoute', ({ url, method }) => {
    if (method !== 'HEAD') calls.add(`${String(method)} ${url}`)
  })
  app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS))
  await app.register(authenticate, { findAccess: await access(app) })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    answerError(unknown('call', `${request.method} ${path}`, [...calls]), request, reply)
  })
  if (isDescribed) await app.register(openapi, rest)
  const apis = [
    overviewApi,
    routesApi,
    rolloutsApi,
    replicasApi,
    configApi,
    explainApi,
    auditApi,
    eventsApi,
    liveApi,
    progressApi,
    discoveryApi,
    credentialsApi
  ]
  for (const api of apis) await app.register(api, { ...rest, prefix: '' })
}
