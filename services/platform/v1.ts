import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { bearerToken } from './auth.ts'
import { isClientGone } from './client-signal.ts'
import { TryLater } from './errors.ts'
import { Refusal, refusalOf, type V1ErrorCode } from './v1-errors.ts'
import { compileV1Validator } from './v1-validation.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route of `/api/v1`: it asks for no token. */
    public?: true
  }
}

export const V1_PREFIX = '/api/v1'

/**
 * Makes the scope that it is registered in a part of `/api/v1`: a token is checked before anything else, unless the
 * route's config is `public`; bodies are JSON or refused; errors have one shape.
 */
export const v1 = fp(
  async app => {
    app.setValidatorCompiler(compileV1Validator)
    app.setErrorHandler<FastifyError>(answerRefusal)
    app.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume()
      done(new Refusal('unsupported_media_type'))
    })
    app.addHook('onRequest', async request => {
      if (request.routeOptions.config.public === true) return
      const token = bearerToken(request)
      if (token === undefined) throw new Refusal('unauthenticated')
      const verdict = await app.sessions.check(token)
      if (!verdict.valid) throw new Refusal(TOKEN_CODES[verdict.reason])
      request.user = verdict.payload
    })
  },
  { name: 'platform-v1', dependencies: ['platform-auth', 'platform-body', 'platform-errors'] }
)

const TOKEN_CODES = {
  expired: 'token_expired',
  revoked: 'token_revoked',
  invalid: 'token_invalid'
} as const satisfies Record<string, V1ErrorCode>

function answerRefusal(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (isClientGone(error, reply)) return reply.hijack()
  const refusal = refusalOf(error)
  const { statusCode } = refusal
  if (statusCode >= 500) request.log.error({ error: { name: error.name, code: error.code } }, 'request failed')
  // RFC 9110 §15.5.2 and RFC 6750 §3: a 401 names the scheme, and why a token that was sent would not do.
  if (statusCode === 401) {
    reply.header('www-authenticate', refusal.code.startsWith('token') ? 'Bearer error="invalid_token"' : 'Bearer')
  }
  // Fastify would close the connection under a client that is still sending, and the answer with it.
  if (statusCode === 413) reply.removeHeader('connection')
  if (error instanceof TryLater) reply.header('retry-after', error.retryAfterSeconds)
  return reply.code(statusCode).send(refusal.body)
}
