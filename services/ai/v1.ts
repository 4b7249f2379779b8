import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientSignal } from '../platform/client-signal.ts'
import { v1 } from '../platform/v1.ts'
import { missing, V1Error } from '../platform/v1-errors.ts'
import type { AiService } from './service.ts'
import {
  V1Analyse,
  V1AnalysisAnswer,
  V1CodeQuery,
  V1Codes,
  V1Search,
  V1SearchAnswer,
  V1Summarise,
  V1SummaryAnswer
} from './v1-schema.ts'

export const aiV1: FastifyPluginAsyncTypebox<{ service: AiService }> = async (app, { service }) => {
  await app.register(v1)

  app.post(
    '/ai/search',
    { schema: { body: V1Search, response: { 200: V1SearchAnswer, 502: V1Error } } },
    async ({ body: { query } }, reply) => ({
      data: { query, answer: await service.search(query, clientSignal(reply)) }
    })
  )

  app.get(
    '/ai/clinical-codes',
    { schema: { querystring: V1CodeQuery, response: { 200: V1Codes, 502: V1Error } } },
    async ({ query: { name } }, reply) => ({ data: [...(await service.clinicalCodes(name, clientSignal(reply)))] })
  )

  app.post(
    '/ai/summaries',
    { schema: { body: V1Summarise, response: { 200: V1SummaryAnswer, 404: V1Error, 502: V1Error } } },
    async ({ user, body: { consultationId, promptId } }, reply) => {
      const result = await service.summarise(user.userID, consultationId, promptId, clientSignal(reply))
      if (result.outcome === 'no-consultation') return missing('consultation')
      if (result.outcome === 'no-transcript') return missing('transcript')
      return { data: { consultationId, soapSummary: result.soapSummary } }
    }
  )

  app.post(
    '/ai/image-analyses',
    { schema: { body: V1Analyse, response: { 200: V1AnalysisAnswer, 502: V1Error } } },
    async ({ body }, reply) => ({ data: { markdown: await service.analyse(body, clientSignal(reply)) } })
  )
}
