import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { clientSignal } from '../platform/client-signal.ts'
import { Message, Unauthorized, ValidationFailure } from '../platform/schema.ts'
import {
  ConsultationAnswer,
  ConsultationList,
  ConsultationParams,
  End,
  EndAnswer,
  Start,
  StartAnswer
} from './schema.ts'
import type { ConsultationService, Ended } from './service.ts'

export const consultationRoutes: FastifyPluginAsyncTypebox<{ service: ConsultationService }> = async (
  app,
  { service }
) => {
  app.addHook('onRequest', (request, reply) => app.authenticate(request, reply))

  app.post(
    '/api/consultation/start',
    { schema: { body: Start, response: { 200: StartAnswer, 401: Unauthorized, 422: ValidationFailure } } },
    async ({ user, body }) => ({
      msg: 'Consultation started',
      data: await service.start(user.userID, body.patient_data)
    })
  )

  app.post(
    '/api/consultation/:id/end',
    {
      // Before the body's shape, as the legacy has it.
      preValidation: async ({ user, params }, reply) => {
        const missing = await service.missingToEnd(user.userID, params.id)
        return missing && notFound(reply, missing)
      },
      schema: {
        params: ConsultationParams,
        body: End,
        response: { 200: EndAnswer, 401: Unauthorized, 404: Message, 422: ValidationFailure }
      }
    },
    async ({ user, params, body }, reply) => {
      const result = await service.end(user.userID, params.id, body.prompt_used ?? '', clientSignal(reply))
      if (result.outcome !== 'ended') return notFound(reply, result.outcome)
      const { transcript, summary, highlights } = result
      return { msg: 'Consultation ended successfully', transcript, summary, highlights: [...highlights] }
    }
  )

  app.get(
    '/api/consultation/:id',
    {
      schema: { params: ConsultationParams, response: { 200: ConsultationAnswer, 401: Unauthorized, 404: Message } }
    },
    async ({ user, params }, reply) => {
      const consultation = await service.read(user.userID, params.id)
      if (consultation === undefined) return reply.code(404).send({ msg: 'Consultation not found or invalid' })
      return { consultation }
    }
  )

  app.get(
    '/api/consultation/',
    { schema: { response: { 200: ConsultationList, 401: Unauthorized } } },
    async ({ user }) => ({ consultations: await service.list(user.userID) })
  )
}

const NOT_FOUND: Readonly<Record<Exclude<Ended['outcome'], 'ended'>, string>> = {
  'no-consultation': 'Consultation not found',
  'no-transcript': 'Transcript not found',
  'no-prompt': 'Prompt not found'
}

function notFound(reply: FastifyReply, outcome: keyof typeof NOT_FOUND) {
  return reply.code(404).send({ msg: NOT_FOUND[outcome] })
}
