import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Message, Unauthorized, ValidationFailure } from '../platform/schema.ts'
import { LinkAnswer, LinkParams, NewPrompt, PromptAnswer, PromptChange, PromptList, PromptParams } from './schema.ts'
import type { PromptService } from './service.ts'

export const promptRoutes: FastifyPluginAsyncTypebox<{ service: PromptService }> = async (app, { service }) => {
  app.addHook('onRequest', (request, reply) => app.authenticate(request, reply))

  app.post(
    '/api/prompts',
    { schema: { body: NewPrompt, response: { 201: PromptAnswer, 401: Unauthorized, 422: ValidationFailure } } },
    async ({ user, body }, reply) => {
      const data = await service.create(user.userID, body)
      return reply.code(201).send({ msg: 'Prompt created successfully', data })
    }
  )

  app.get('/api/prompts', { schema: { response: { 200: PromptList, 401: Unauthorized } } }, async ({ user }) => ({
    prompts: [...(await service.list(user.userID))]
  }))

  app.patch(
    '/api/prompts/:promptId',
    {
      preValidation: fieldsOrNone,
      schema: {
        params: PromptParams,
        body: PromptChange,
        response: { 200: PromptAnswer, 401: Unauthorized, 404: Message, 422: ValidationFailure }
      }
    },
    async ({ user, params, body }, reply) => {
      const data = await service.change(user.userID, params.promptId, body)
      return data === undefined ? promptMissing(reply) : { msg: 'Prompt updated', data }
    }
  )

  app.patch(
    '/api/prompts/:promptId/add-prompt/:transcriptId',
    { schema: { params: LinkParams, response: { 200: LinkAnswer, 401: Unauthorized, 404: Message } } },
    async ({ user, params }, reply) => {
      const result = await service.link(user.userID, params.promptId, params.transcriptId)
      if (result.outcome === 'no-prompt') return promptMissing(reply)
      if (result.outcome === 'no-transcript') return reply.code(404).send({ msg: 'Transcript not found' })
      return { msg: 'Prompt linked to transcript successfully', data: result.transcript }
    }
  )

  app.delete(
    '/api/prompts/:promptId',
    { schema: { params: PromptParams, response: { 200: Message, 401: Unauthorized, 404: Message } } },
    async ({ user, params }, reply) =>
      (await service.remove(user.userID, params.promptId))
        ? { msg: 'Prompt deleted successfully' }
        : promptMissing(reply)
  )
}

function promptMissing(reply: FastifyReply) {
  return reply.code(404).send({ msg: 'Prompt not found or not accessible' })
}

/** A list, or a body that is not JSON, names no field to change, which the legacy takes for a change of none. */
async function fieldsOrNone(request: FastifyRequest): Promise<void> {
  if (request.body === undefined || Array.isArray(request.body)) request.body = {}
}
