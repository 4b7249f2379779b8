import jwt from '@fastify/jwt'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { REVOKED_TOKEN_INDEXES, REVOKED_TOKENS, revokedTokens } from './revoked-tokens.ts'
import { createSessions, type Sessions, type TokenPayload, type Verdict } from './sessions.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: TokenPayload
    user: TokenPayload
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly sessions: Sessions
    /** An onRequest hook: sets `request.user`, or answers 401. Before parsing, so that a stranger's body is never read. */
    authenticate(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>
  }
}

export const NO_TOKEN = { msg: 'Please login, no token provided' }

export interface AuthOptions {
  readonly secret: string
  /** Milliseconds that a token revoked elsewhere may still be taken here. */
  readonly revocationStalenessMs?: number | undefined
}

/** JWT sessions shared with the legacy backend: same secret, same payload, same list of logged out tokens. */
export const auth = fp<AuthOptions>(
  async (app, { secret, revocationStalenessMs: stalenessMs }) => {
    await app.register(jwt, {
      secret,
      sign: { algorithm: 'HS256' },
      verify: { algorithms: ['HS256'], requiredClaims: ['exp'] }
    })
    const sessions = createSessions(app.jwt, revokedTokens(app.database.db, { stalenessMs }))
    app.ensureIndexes(REVOKED_TOKENS, REVOKED_TOKEN_INDEXES)
    app.decorate('sessions', sessions)
    app.decorate('authenticate', async (request: FastifyRequest, reply: FastifyReply) => {
      const token = bearerToken(request)
      if (token === undefined) return reply.code(401).send(NO_TOKEN)
      const verdict = await sessions.check(token)
      if (!verdict.valid) return reply.code(401).send(refusal(verdict))
      request.user = verdict.payload
      return undefined
    })
  },
  { name: 'platform-auth', dependencies: ['platform-indexes'] }
)

/** The token as the legacy takes it: the second word of an `Authorization` that starts with `Bearer `, in this case. */
export function bearerToken({ headers: { authorization } }: FastifyRequest): string | undefined {
  if (authorization === undefined || !authorization.startsWith('Bearer ')) return undefined
  return authorization.split(' ', 2)[1] || undefined
}

function refusal(verdict: Exclude<Verdict, { valid: true }>): { msg: string; error?: string } {
  if (verdict.reason === 'expired') return { msg: 'Token expired. Please log in again.' }
  if (verdict.reason === 'revoked') return { msg: 'Session logged out. Please log in again.' }
  return { msg: 'Not authorized, invalid token', error: verdict.detail }
}
