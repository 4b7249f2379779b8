import type { FastifyPluginAsync } from 'fastify'
import { consultationRepository } from '../consultations/repository.ts'
import { V1_PREFIX } from '../platform/v1.ts'
import { promptRepository } from '../prompts/repository.ts'
import { transcriptRepository } from '../transcripts/repository.ts'
import { aiDocs } from './docs.ts'
import { aiRoutes } from './routes.ts'
import { aiService } from './service.ts'
import { aiV1 } from './v1.ts'

/** Medical search, clinical codes, SOAP summaries and image analysis. */
export const ai: FastifyPluginAsync = async app => {
  const { openai, terminology, database } = app
  const service = aiService({
    openai,
    terminology,
    consultations: consultationRepository(database.db),
    transcripts: transcriptRepository(database.db),
    prompts: promptRepository(database.db)
  })
  app.document('AI', aiDocs)
  await app.register(aiRoutes, { service })
  await app.register(aiV1, { prefix: V1_PREFIX, service })
}
