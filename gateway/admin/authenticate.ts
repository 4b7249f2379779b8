import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from './problem.ts'
import type { Role, Session } from './schemas.ts'

/** What a request was let in with. */
export interface Access {
  readonly session: Session
  /** Does it still count? A stream goes on for hours, and a credential may be removed meanwhile. */
  holds(): boolean
}

/** Finds what a request is let in with. @throws Problem when it is not. */
export type AccessOf = (request: FastifyRequest, reply: FastifyReply) => Promise<Access>

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request was let in with; null before that is known. */
    access: Access | null
  }
  interface FastifyContextConfig {
    /** Of a route of the admin API: who may call it. Default: viewer. */
    role?: Role
  }
}

export interface AuthenticateOptions {
  readonly findAccess: AccessOf
}

/** Asks every request of the scope who sends it and whether their role may call the route, before its body is read. */
export const authenticate = fp<AuthenticateOptions>(
  async (app, { findAccess }) => {
    app.decorateRequest('access', null)
    app.addHook('onRequest', async (request, reply) => {
      request.access = await findAccess(request, reply)
      const { role = 'viewer' } = request.routeOptions.config
      const { name, role: own } = request.access.session
      if (role === 'operator' && own !== 'operator') {
        throw new Problem('forbidden', `the credential "${name}" is a ${own}'s, and this takes one of an operator`)
      }
    })
  },
  { name: 'admin-authenticate' }
)

/**
 * What a request was let in with.
 *
 * @throws Error when it was not asked for: a wiring fault.
 */
export function accessOf({ access }: FastifyRequest): Access {
  if (access === null) throw new Error('the request was not authenticated')
  return access
}

/** Whose credential a request carries. @throws as `accessOf`. */
export function sessionOf(request: FastifyRequest): Session {
  return accessOf(request).session
}

/** The actor that stands in the audit for a request. */
export function operatorOf(request: FastifyRequest): { readonly kind: 'operator'; readonly name: string } {
  return { kind: 'operator', name: sessionOf(request).name }
}
