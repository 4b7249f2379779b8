import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoContent } from '../platform/schema.ts'
import { v1 } from '../platform/v1.ts'
import { missing, V1Error } from '../platform/v1-errors.ts'
import { PageQuery, pageOf, readPage } from '../platform/v1-pages.ts'
import { V1TranscriptAnswer, V1TranscriptParams, v1Transcript } from '../transcripts/v1-schema.ts'
import type { PromptService } from './service.ts'
import {
  V1NewPrompt,
  V1Prompt,
  V1PromptAnswer,
  V1PromptChange,
  V1PromptChoice,
  V1PromptParams,
  v1Prompt
} from './v1-schema.ts'

export const promptV1: FastifyPluginAsyncTypebox<{ service: PromptService }> = async (app, { service }) => {
  await app.register(v1)

  app.get(
    '/prompts',
    { schema: { querystring: PageQuery, response: { 200: pageOf(V1Prompt) } } },
    async ({ user, query }) =>
      readPage(
        query,
        slice => service.page(user.userID, slice),
        ({ created_at, _id }) => ({ at: created_at, id: _id }),
        v1Prompt
      )
  )

  app.post(
    '/prompts',
    { schema: { body: V1NewPrompt, response: { 201: V1PromptAnswer } } },
    async ({ user, body: { name, text, isShareable = false } }, reply) => {
      const fields = { prompt_name: name, prompt_text: text, is_shareable: isShareable }
      const prompt = v1Prompt(await service.create(user.userID, fields))
      return reply.code(201).header('location', `${app.prefix}/prompts/${prompt.id}`).send({ data: prompt })
    }
  )

  app.get(
    '/prompts/:id',
    { schema: { params: V1PromptParams, response: { 200: V1PromptAnswer, 404: V1Error } } },
    async ({ user, params: { id } }) => ({ data: v1Prompt((await service.read(user.userID, id)) ?? missing('prompt')) })
  )

  app.patch(
    '/prompts/:id',
    { schema: { params: V1PromptParams, body: V1PromptChange, response: { 200: V1PromptAnswer, 404: V1Error } } },
    async ({ user, params: { id }, body: { name, text, isShareable } }) => {
      const change = {
        ...(name !== undefined && { prompt_name: name }),
        ...(text !== undefined && { prompt_text: text }),
        ...(isShareable !== undefined && { is_shareable: isShareable })
      }
      return { data: v1Prompt((await service.change(user.userID, id, change)) ?? missing('prompt')) }
    }
  )

  app.delete(
    '/prompts/:id',
    { schema: { params: V1PromptParams, response: { 204: NoContent, 404: V1Error } } },
    async ({ user, params: { id } }, reply) => {
      if (!(await service.remove(user.userID, id))) missing('prompt')
      return reply.code(204).send()
    }
  )

  app.put(
    '/transcripts/:id/prompt',
    {
      schema: { params: V1TranscriptParams, body: V1PromptChoice, response: { 200: V1TranscriptAnswer, 404: V1Error } }
    },
    async ({ user, params: { id }, body: { promptId } }) => {
      const result = await service.link(user.userID, promptId, id)
      if (result.outcome === 'no-prompt') return missing('prompt')
      if (result.outcome === 'no-transcript') return missing('transcript')
      return { data: v1Transcript(result.transcript) }
    }
  )
}
