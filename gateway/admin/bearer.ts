import type { IncomingMessage } from 'node:http'
import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Attempts } from './attempts.ts'
import type { Access, AccessOf } from './authenticate.ts'
import type { Credentials } from './credentials.ts'
import { Problem } from './problem.ts'

export interface BearerOptions {
  readonly credentials: Pick<Credentials, 'verify'>
  readonly attempts: Attempts
  readonly addressOf: (request: IncomingMessage) => string
}

/** Finds whose request it is by `Authorization: Bearer`. Whatever is wrong with a credential, the answer is the same. */
export async function bearerAccess(app: FastifyInstance, options: BearerOptions): Promise<AccessOf> {
  const { credentials, attempts, addressOf } = options
  const found = new WeakMap<FastifyRequest, Access>()
  await app.register(bearerAuth, {
    keys: [],
    addHook: false,
    verifyErrorLogLevel: 'debug',
    auth(credential, request) {
      const session = credentials.verify(credential)
      if (session === undefined) return false
      found.set(request, { session, holds: () => credentials.verify(credential) !== undefined })
      return true
    }
  })
  const { verifyBearerAuth } = app
  if (verifyBearerAuth === undefined) throw new Error('@fastify/bearer-auth did not register')

  return async (request, reply) => {
    await new Promise<void>(resolve => {
      verifyBearerAuth(request, reply, () => resolve())
    })
    const access = found.get(request)
    if (access !== undefined) return access
    throw (await attempts.failed(addressOf(request.raw), reply)) ?? unauthenticated(reply)
  }
}

function unauthenticated(reply: FastifyReply): Problem {
  reply.header('www-authenticate', 'Bearer realm="scribe-gateway admin"')
  return new Problem(
    'unauthenticated',
    'a credential is needed: send a valid one as Authorization: Bearer <credential>'
  )
}
