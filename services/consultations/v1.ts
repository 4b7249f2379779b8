import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientSignal } from '../platform/client-signal.ts'
import { v1 } from '../platform/v1.ts'
import { missing, V1Error } from '../platform/v1-errors.ts'
import { PageQuery, pageOf, readPage } from '../platform/v1-pages.ts'
import { v1Transcript } from '../transcripts/v1-schema.ts'
import type { ConsultationService, Ended } from './service.ts'
import {
  V1Consultation,
  V1ConsultationAnswer,
  V1ConsultationParams,
  V1End,
  V1EndAnswer,
  V1Start,
  v1Consultation,
  v1ConsultationDetail
} from './v1-schema.ts'

export const consultationV1: FastifyPluginAsyncTypebox<{ service: ConsultationService }> = async (app, { service }) => {
  await app.register(v1)

  const detail = async (caller: string, id: string) => ({
    data: v1ConsultationDetail((await service.read(caller, id)) ?? missing('consultation'))
  })

  app.get(
    '/consultations',
    { schema: { querystring: PageQuery, response: { 200: pageOf(V1Consultation) } } },
    async ({ user, query }) =>
      readPage(
        query,
        slice => service.page(user.userID, slice),
        ({ started_at, _id }) => ({ at: started_at, id: _id }),
        v1Consultation
      )
  )

  app.post(
    '/consultations',
    { schema: { body: V1Start, response: { 201: V1ConsultationAnswer } } },
    async ({ user, body }, reply) => {
      const { consultation } = await service.start(user.userID, body.patient)
      const { _id: id } = consultation
      return reply
        .code(201)
        .header('location', `${app.prefix}/consultations/${id}`)
        .send(await detail(user.userID, id))
    }
  )

  app.get(
    '/consultations/:id',
    { schema: { params: V1ConsultationParams, response: { 200: V1ConsultationAnswer, 404: V1Error } } },
    async ({ user, params: { id } }) => detail(user.userID, id)
  )

  app.post(
    '/consultations/:id/end',
    { schema: { params: V1ConsultationParams, body: V1End, response: { 200: V1EndAnswer, 404: V1Error } } },
    async ({ user, params: { id }, body: { promptId } }, reply) => {
      const result = await service.end(user.userID, id, promptId, clientSignal(reply))
      if (result.outcome !== 'ended') return missing(MISSING[result.outcome])
      const highlights = result.highlights.map(({ term, possible_snomed }) => ({ term, snomed: possible_snomed }))
      return { data: { transcript: v1Transcript(result.transcript), highlights } }
    }
  )
}

const MISSING: Readonly<Record<Exclude<Ended['outcome'], 'ended'>, string>> = {
  'no-consultation': 'consultation',
  'no-transcript': 'transcript',
  'no-prompt': 'prompt'
}
