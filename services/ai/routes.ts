import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientSignal } from '../platform/client-signal.ts'
import { OpenAiFailure } from '../platform/openai.ts'
import { Message, Unauthorized, ValidationFailure } from '../platform/schema.ts'
import { TerminologyFailure } from '../platform/terminology.ts'
import {
  Analysis,
  AnalysisAnswer,
  AnalysisFailure,
  ClinicalCode,
  CodeQuery,
  ConsultationParams,
  SearchAnswer,
  SearchFailure,
  SearchQuery,
  SearchRefusal,
  SummaryAnswer,
  SummaryFailure,
  SummaryRequest
} from './schema.ts'
import type { AiService } from './service.ts'

export const aiRoutes: FastifyPluginAsyncTypebox<{ service: AiService }> = async (app, { service }) => {
  app.addHook('onRequest', (request, reply) => app.authenticate(request, reply))

  app.post(
    '/api/ai/search',
    {
      schema: {
        querystring: SearchQuery,
        response: {
          200: SearchAnswer,
          400: Type.Union([SearchRefusal, Message]),
          401: Unauthorized,
          422: ValidationFailure,
          500: SearchFailure
        }
      },
      errorHandler: onFailure(OpenAiFailure, ({ message }) => ({
        status: 500,
        body: { error: 'Something went wrong', msg: message }
      }))
    },
    async ({ query: { query } }, reply) => {
      if (!query) return reply.code(400).send({ error: 'Query is required' as const })
      return { query, answer: await service.search(query, clientSignal(reply)) }
    }
  )

  app.get(
    '/api/ai/search/clinicalcodes',
    {
      schema: {
        querystring: CodeQuery,
        response: { 200: ClinicalCode, 401: Unauthorized, 404: Message, 422: ValidationFailure, 502: Message }
      },
      errorHandler: onFailure(TerminologyFailure, () => ({
        status: 502,
        body: { msg: 'Terminology server unavailable' }
      }))
    },
    async ({ query: { name = '' } }, reply) => {
      const [best] = await service.clinicalCodes(name, clientSignal(reply))
      return best ?? reply.code(404).send({ msg: 'No clinical code found' })
    }
  )

  app.post(
    '/api/ai/:consultationId/summarise',
    {
      preValidation: emptyWithoutBody,
      schema: {
        params: ConsultationParams,
        body: SummaryRequest,
        response: { 200: SummaryAnswer, 401: Unauthorized, 404: Message, 422: ValidationFailure, 500: SummaryFailure }
      },
      errorHandler: onFailure(OpenAiFailure, ({ message }) => ({
        status: 500,
        body: { msg: 'Error generating SOAP summary', error: message }
      }))
    },
    async ({ user, params: { consultationId }, body }, reply) => {
      const usedPrompt = body.usedPrompt ?? undefined
      const result = await service.summarise(user.userID, consultationId, usedPrompt, clientSignal(reply))
      if (result.outcome === 'no-consultation') return reply.code(404).send({ msg: 'Consultation not found' })
      if (result.outcome === 'no-transcript') {
        return reply.code(404).send({ msg: 'No transcripts found for this consultation' })
      }
      return { msg: 'SOAP summary generated successfully', consultationId, soapSummary: result.soapSummary }
    }
  )

  app.post(
    '/api/ai/analyze',
    {
      preValidation: emptyWithoutBody,
      schema: {
        body: Analysis,
        response: {
          200: AnalysisAnswer,
          401: Unauthorized,
          413: Type.Union([AnalysisFailure, Message]),
          422: ValidationFailure,
          500: AnalysisFailure
        }
      },
      errorHandler: onFailure(OpenAiFailure, ({ message, status }) => ({
        status: status === 413 ? 413 : 500,
        body: { status: 'error', error: { name: 'UpstreamError', type: 'upstream_error', message } }
      }))
    },
    async ({ body }, reply) => ({ status: 'ok' as const, response: await service.analyse(body, clientSignal(reply)) })
  )
}

/** A route's answer to an upstream that failed; other errors go on to the handler of all routes. */
function onFailure<F extends Error>(
  kind: new (message: string) => F,
  answerTo: (failure: F) => { readonly status: number; readonly body: object }
) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    if (!(error instanceof kind)) throw error
    request.log.error({ reason: error.message }, 'an upstream failed')
    const { status, body } = answerTo(error)
    void reply.code(status).send(body)
  }
}

/** All fields are optional, so that a body may be missing, or not be JSON. */
async function emptyWithoutBody(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}
