import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { V1ConsultationParams } from '../consultations/v1-schema.ts'
import { v1 } from '../platform/v1.ts'
import { missing, V1Error } from '../platform/v1-errors.ts'
import type { TranscriptService } from './service.ts'
import { V1TranscriptAnswer, V1TranscriptParams, V1TranscriptText, v1Transcript } from './v1-schema.ts'

export const transcriptV1: FastifyPluginAsyncTypebox<{ service: TranscriptService }> = async (app, { service }) => {
  await app.register(v1)

  app.get(
    '/consultations/:id/transcript',
    { schema: { params: V1ConsultationParams, response: { 200: V1TranscriptAnswer, 404: V1Error } } },
    async ({ user, params: { id } }) => ({
      data: v1Transcript((await service.ofConsultation(user.userID, id)) ?? missing('transcript'))
    })
  )

  app.get(
    '/transcripts/:id',
    { schema: { params: V1TranscriptParams, response: { 200: V1TranscriptAnswer, 404: V1Error } } },
    async ({ user, params: { id } }) => ({
      data: v1Transcript((await service.read(user.userID, id)) ?? missing('transcript'))
    })
  )

  app.patch(
    '/transcripts/:id',
    {
      schema: {
        params: V1TranscriptParams,
        body: V1TranscriptText,
        response: { 200: V1TranscriptAnswer, 404: V1Error }
      }
    },
    async ({ user, params: { id }, body: { text } }) => {
      const update = { transcript_id: id, transcript_text: text }
      return { data: v1Transcript((await service.updateText(user.userID, update)) ?? missing('transcript')) }
    }
  )
}
