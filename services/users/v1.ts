import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bearerToken } from '../platform/auth.ts'
import { SESSION_SECONDS } from '../platform/sessions.ts'
import { NoContent } from '../platform/schema.ts'
import { v1 } from '../platform/v1.ts'
import { missing, Refusal, V1Error } from '../platform/v1-errors.ts'
import type { UserService } from './service.ts'
import {
  V1Availability,
  V1Credentials,
  V1EmailQuery,
  V1Registration,
  V1Session,
  V1UserAnswer,
  v1User
} from './v1-schema.ts'

export const userV1: FastifyPluginAsyncTypebox<{ service: UserService }> = async (app, { service }) => {
  await app.register(v1)

  app.post(
    '/users',
    {
      config: { public: true },
      schema: { body: V1Registration, response: { 201: V1UserAnswer, 409: V1Error, 429: V1Error } }
    },
    async (request, reply) => {
      const user = await service.register(request.body, app.clientAddress(request))
      if (user === 'email-taken') throw new Refusal('email_taken')
      return reply
        .code(201)
        .header('location', `${app.prefix}/users/me`)
        .send({ data: v1User(user) })
    }
  )

  app.get(
    '/users/email-availability',
    { config: { public: true }, schema: { querystring: V1EmailQuery, response: { 200: V1Availability } } },
    async ({ query }) => ({ data: { available: await service.isAvailable(query.email) } })
  )

  app.get('/users/me', { schema: { response: { 200: V1UserAnswer, 404: V1Error } } }, async ({ user }) => ({
    data: v1User((await service.profile(user.userID)) ?? missing('user'))
  }))

  app.post(
    '/users/sessions',
    {
      config: { public: true },
      schema: { body: V1Credentials, response: { 201: V1Session, 401: V1Error, 429: V1Error } }
    },
    async (request, reply) => {
      const result = await service.login(request.body, app.clientAddress(request))
      // Whether there is such an account is nobody's business.
      if (result.outcome !== 'logged-in') throw new Refusal('wrong_credentials')
      const { token } = result
      return reply
        .code(201)
        .header('location', `${app.prefix}/users/sessions/current`)
        .send({ data: { token, expiresInSeconds: SESSION_SECONDS } })
    }
  )

  app.delete('/users/sessions/current', { schema: { response: { 204: NoContent } } }, async (request, reply) => {
    await service.logout(bearerToken(request) ?? missing('session'))
    return reply.code(204).send()
  })
}
