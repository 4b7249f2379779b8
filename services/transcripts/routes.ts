import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { fieldOf } from '../platform/fields.ts'
import { Message, Unauthorized, ValidationFailure } from '../platform/schema.ts'
import { ConsultationParams, TextUpdate, TextUpdateAnswer, TranscriptOrNone } from './schema.ts'
import type { TranscriptService } from './service.ts'

/** There is no 404 here: a transcript that is not the caller's, or an id that is none, is `null`. */
export const transcriptRoutes: FastifyPluginAsyncTypebox<{ service: TranscriptService }> = async (app, { service }) => {
  app.addHook('onRequest', (request, reply) => app.authenticate(request, reply))

  app.post(
    '/api/transcript/update-text',
    {
      preValidation: async ({ body }, reply) =>
        fieldOf(body, 'transcript_id') && fieldOf(body, 'transcript_text')
          ? undefined
          : reply.code(400).send({ msg: 'Missing data' }),
      schema: {
        body: TextUpdate,
        response: { 200: TextUpdateAnswer, 400: Message, 401: Unauthorized, 422: ValidationFailure }
      }
    },
    async ({ user, body }) => ({
      msg: 'Transcript updated',
      data: (await service.updateText(user.userID, body)) ?? null
    })
  )

  app.get(
    '/api/transcript/:consultation_id',
    { schema: { params: ConsultationParams, response: { 200: TranscriptOrNone, 401: Unauthorized } } },
    async ({ user, params }) => (await service.ofConsultation(user.userID, params.consultation_id)) ?? null
  )
}
