import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { operatorOf } from './authenticate.ts'
import type { ApiOptions } from './dependencies.ts'
import { refused, unknown } from './problem.ts'
import { CreatedCredentialSchema, CredentialParamsSchema, CredentialsSchema, NewCredentialSchema } from './schemas.ts'

/** Who may use the admin API. */
export const credentialsApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { credentials }) => {
  const config = { role: 'operator' } as const

  app.get('/credentials', { config, schema: { response: { 200: CredentialsSchema } } }, async () => credentials.list())

  app.post(
    '/credentials',
    { config, schema: { body: NewCredentialSchema, response: { 201: CreatedCredentialSchema } } },
    async (request, reply) => {
      const { name, role } = request.body
      const result = await credentials.create({ name, role }, operatorOf(request))
      if (result.outcome === 'refused') throw refused(result.message)
      return reply.code(201).send({ name, role, credential: result.credential })
    }
  )

  app.delete(
    '/credentials/:name',
    { config, schema: { params: CredentialParamsSchema, response: { 204: Type.Undefined() } } },
    async (request, reply) => {
      const { name } = request.params
      const result = await credentials.remove(name, operatorOf(request))
      if (result.outcome === 'refused') throw refused(result.message)
      if (result.outcome === 'unknown') {
        const names = credentials.list().map(known => known.name)
        throw unknown('credential', name, names)
      }
      return reply.code(204).send(undefined)
    }
  )
}
