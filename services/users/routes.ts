import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bearerToken, NO_TOKEN } from '../platform/auth.ts'
import { Message, Unauthorized, ValidationFailure } from '../platform/schema.ts'
import {
  Availability,
  Credentials,
  EmailQuery,
  LoginAnswer,
  ProfileAnswer,
  ProfileMissing,
  Registration
} from './schema.ts'
import type { UserService } from './service.ts'

export const userRoutes: FastifyPluginAsyncTypebox<{ service: UserService }> = async (app, { service }) => {
  // The legacy mounts its router so that the frontend asks for /users/users; both spellings answer.
  for (const path of ['/users/users/checkEmail', '/users/checkEmail']) {
    app.get(
      path,
      { schema: { querystring: EmailQuery, response: { 200: Availability, 422: ValidationFailure } } },
      async ({ query: { email = '' } }) => ({ available: await service.isAvailable(email) })
    )
  }

  app.post(
    '/users/register',
    { schema: { body: Registration, response: { 200: Message, 401: Message, 422: ValidationFailure, 429: Message } } },
    async (request, reply) => {
      const outcome = await service.register(request.body, app.clientAddress(request))
      if (outcome === 'email-taken') return reply.code(401).send({ msg: 'User already exists' })
      return { msg: 'User has been registered' }
    }
  )

  app.post(
    '/users/login',
    {
      schema: { body: Credentials, response: { 200: LoginAnswer, 401: Message, 422: ValidationFailure, 429: Message } }
    },
    async (request, reply) => {
      const result = await service.login(request.body, app.clientAddress(request))
      if (result.outcome === 'unknown-email') return { msg: 'user doesnt exist' }
      if (result.outcome === 'wrong-password') return reply.code(401).send({ msg: 'wrong credentials' })
      return { msg: 'login successful', token: result.token }
    }
  )

  app.post('/users/logout', { schema: { response: { 200: Message, 401: Message } } }, async (request, reply) => {
    const token = bearerToken(request)
    if (token === undefined) return reply.code(401).send(NO_TOKEN)
    await service.logout(token)
    return { msg: 'user logged out successfully' }
  })

  app.get(
    '/users/profile',
    {
      onRequest: (request, reply) => app.authenticate(request, reply),
      schema: { response: { 200: ProfileAnswer, 401: Unauthorized, 404: ProfileMissing } }
    },
    async (request, reply) => {
      const user = await service.profile(request.user.userID)
      if (user === undefined) return reply.code(404).send({ message: 'User not found' })
      const { username, email, role, createdAt } = user
      return { success: true as const, data: { name: username, email, role, createdAt } }
    }
  )
}
