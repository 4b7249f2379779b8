import type { FastifyPluginAsync } from 'fastify'
import { V1_PREFIX } from '../platform/v1.ts'
import { transcriptRepository } from '../transcripts/repository.ts'
import { promptDocs } from './docs.ts'
import { PROMPT_INDEXES, PROMPTS, promptRepository } from './repository.ts'
import { promptRoutes } from './routes.ts'
import { promptService } from './service.ts'
import { promptV1 } from './v1.ts'

/** The instructions that clinicians write for summaries, and share. */
export const prompts: FastifyPluginAsync = async app => {
  const { db } = app.database
  app.ensureIndexes(PROMPTS, PROMPT_INDEXES)
  const service = promptService({ prompts: promptRepository(db), transcripts: transcriptRepository(db) })
  app.document('Prompts', promptDocs)
  await app.register(promptRoutes, { service })
  await app.register(promptV1, { prefix: V1_PREFIX, service })
}
