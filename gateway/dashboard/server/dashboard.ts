import { fileURLToPath } from 'node:url'
import fastifyCookie from '@fastify/cookie'
import type { FastifyPluginAsync } from 'fastify'
import { adminApi } from '../../admin/api.ts'
import type { Attempts } from '../../admin/attempts.ts'
import type { ApiOptions } from '../../admin/dependencies.ts'
import { answerError } from '../../admin/error-handler.ts'
import { validatorCompiler } from '../../admin/validation.ts'
import { CookieSessions } from './cookie-session.ts'
import { pages } from './pages.ts'
import { refuseOtherOrigins } from './same-origin.ts'
import { cookieAccess, sessionApi } from './session-api.ts'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
]

const HEADERS = {
  'content-security-policy': POLICY.join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff'
}

export interface DashboardOptions {
  readonly api: ApiOptions
  readonly attempts: Attempts
  /** A part of what sessions are signed with. */
  readonly secret: string
  /** Default: what `npm run build` made. */
  readonly dist?: string
}

/** The dashboard: its pages, and the admin API once more for those who signed in. To be registered under `/dashboard`. */
export const dashboard: FastifyPluginAsync<DashboardOptions> = async (app, options) => {
  const { api, attempts, secret, dist = DIST } = options
  const { credentials, clock, addressOf } = api
  const sessions = new CookieSessions({ credentials, secret, clock })
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).type('text/plain; charset=utf-8').send('There is nothing here: the dashboard is /dashboard/\n')
  })
  app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS))
  await app.register(fastifyCookie)
  await app.register(pages, { dist })
  await app.register(async scope => {
    scope.setValidatorCompiler(validatorCompiler)
    scope.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))
    scope.addHook('onRequest', refuseOtherOrigins)
    await scope.register(sessionApi, { sessions, attempts, addressOf })
    await scope.register(adminApi, { ...api, prefix: '/api', access: async () => cookieAccess(sessions) })
  })
}
