import type { FastifyPluginAsync } from 'fastify'
import type { RouteDocs } from '../platform/openapi.ts'
import { Message } from '../platform/schema.ts'

const greeting = { msg: 'welcome to the server' }

const docs: RouteDocs = {
  'GET /': {
    operationId: 'legacyGreet',
    summary: 'Whether the server is there',
    public: true,
    answers: { 200: { description: 'It is', example: greeting } }
  }
}

/** The greeting at `/`, which the frontend's host uses to see that the server is there. */
export const root: FastifyPluginAsync = async app => {
  app.document('Root', docs)
  app.get('/', { schema: { response: { 200: Message } } }, async () => greeting)
}
