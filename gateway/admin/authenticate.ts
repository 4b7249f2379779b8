import type { IncomingMessage } from 'node:http'
import bearerAuth from '@fastify/bearer-auth'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Credentials } from './credentials.ts'
import { Problem } from './problem.ts'
import type { Role, Session } from './schemas.ts'

/** Failed attempts of one address within WINDOW_S that are answered as such. */
const ATTEMPTS = 20
const WINDOW_S = 60

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose credential the request carries; null before that is known. */
    session: Session | null
  }
  interface FastifyContextConfig {
    /** Of a route of the admin API: who may call it. Default: viewer. */
    role?: Role
  }
}

export interface AuthenticateOptions {
  readonly credentials: Pick<Credentials, 'verify'>
  readonly addressOf: (request: IncomingMessage) => string
}

/**
 * Asks every request of the scope for a credential whose role may call the route, before its body is read.
 *
 * Whatever is wrong with a credential, the answer is the same. Failed attempts are limited by address; a credential that is
 * right is always let in, so that nobody can lock operators out from a shared address: it has 256 random bits, and
 * guessing gains nothing from it.
 */
export const authenticate = fp<AuthenticateOptions>(
  async (app, { credentials, addressOf }) => {
    const attempts = new RateLimiterMemory({ points: ATTEMPTS, duration: WINDOW_S })
    app.decorateRequest('session', null)
    await app.register(bearerAuth, {
      keys: [],
      addHook: false,
      verifyErrorLogLevel: 'debug',
      auth(credential, request) {
        request.session = credentials.verify(credential) ?? null
        return request.session !== null
      }
    })
    const { verifyBearerAuth } = app
    if (verifyBearerAuth === undefined) throw new Error('@fastify/bearer-auth did not register')
    const isKnown = (request: FastifyRequest, reply: FastifyReply) =>
      new Promise<boolean>(resolve => {
        verifyBearerAuth(request, reply, error => resolve(error === undefined))
      })

    app.addHook('onRequest', async (request, reply) => {
      if (!(await isKnown(request, reply))) throw await failure(attempts, addressOf(request.raw), reply)
      const { role = 'viewer' } = request.routeOptions.config
      if (role === 'operator' && request.session?.role !== 'operator') {
        const { name, role: own } = sessionOf(request)
        throw new Problem('forbidden', `the credential "${name}" is a ${own}'s, and this takes one of an operator`)
      }
    })
  },
  { name: 'admin-authenticate' }
)

/**
 * Whose credential a request carries.
 *
 * @throws Error when it was not asked for: a wiring fault.
 */
export function sessionOf({ session }: FastifyRequest): Session {
  if (session === null) throw new Error('the request was not authenticated')
  return session
}

/** The actor that stands in the audit for a request. */
export function operatorOf(request: FastifyRequest): { readonly kind: 'operator'; readonly name: string } {
  return { kind: 'operator', name: sessionOf(request).name }
}

async function failure(attempts: RateLimiterMemory, address: string, reply: FastifyReply): Promise<Problem> {
  const result: unknown = await attempts.consume(address).catch((rejected: unknown) => rejected)
  if (result instanceof RateLimiterRes && result.consumedPoints > ATTEMPTS) {
    const seconds = Math.ceil(result.msBeforeNext / 1000)
    reply.header('retry-after', seconds)
    return new Problem('too-many-attempts', `too many failed attempts: try again in ${seconds} s`)
  }
  reply.header('www-authenticate', 'Bearer realm="scribe-gateway admin"')
  return new Problem(
    'unauthenticated',
    'a credential is needed: send a valid one as Authorization: Bearer <credential>'
  )
}
