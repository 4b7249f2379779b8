import type { IncomingMessage } from 'node:http'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Attempts } from '../../admin/attempts.ts'
import type { AccessOf } from '../../admin/authenticate.ts'
import { Problem } from '../../admin/problem.ts'
import { type CookieSessions, SESSION_MS } from './cookie-session.ts'

const COOKIE = 'scribe_session'
/** Cookies know no ports: under this path the public listener of the same host never gets it. */
const PATH = '/dashboard'
const BODY_LIMIT_BYTES = 4_096

const SignInSchema = Type.Object(
  { credential: Type.String({ minLength: 1, maxLength: 256, errorMessage: 'a credential, which begins with sgw_' }) },
  { additionalProperties: false }
)

export interface SessionApiOptions {
  readonly sessions: CookieSessions
  readonly attempts: Attempts
  readonly addressOf: (request: IncomingMessage) => string
}

/** Signs in and out. */
export const sessionApi: FastifyPluginAsyncTypebox<SessionApiOptions> = async (app, options) => {
  const { sessions, attempts, addressOf } = options

  app.post(
    '/session',
    { bodyLimit: BODY_LIMIT_BYTES, schema: { body: SignInSchema } },
    async ({ body, raw }, reply) => {
      const value = sessions.begin(body.credential)
      if (value === undefined) throw (await attempts.failed(addressOf(raw), reply)) ?? wrongCredential()
      reply.setCookie(COOKIE, value, {
        path: PATH,
        httpOnly: true,
        sameSite: 'strict',
        secure: 'auto',
        maxAge: SESSION_MS / 1000
      })
      return reply.code(204).send()
    }
  )

  app.delete('/session', async (_request, reply) => {
    reply.clearCookie(COOKIE, { path: PATH, httpOnly: true, sameSite: 'strict', secure: 'auto' })
    return reply.code(204).send()
  })
}

/** Finds whose request it is by the cookie that signing in set. */
export function cookieAccess(sessions: CookieSessions): AccessOf {
  return async request => {
    const value = request.cookies[COOKIE]
    const session = value === undefined ? undefined : sessions.read(value)
    if (value === undefined || session === undefined) {
      throw new Problem('unauthenticated', 'nobody is signed in, or no longer: sign in at /dashboard/sign-in')
    }
    return { session, holds: () => sessions.read(value) !== undefined }
  }
}

function wrongCredential(): Problem {
  return new Problem(
    'unauthenticated',
    'there is no such credential: expected one that begins with sgw_ and was not removed'
  )
}
