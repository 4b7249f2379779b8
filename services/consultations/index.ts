import type { FastifyPluginAsync } from 'fastify'
import { noteRepository } from '../notes/repository.ts'
import { V1_PREFIX } from '../platform/v1.ts'
import { promptRepository } from '../prompts/repository.ts'
import { transcriptRepository } from '../transcripts/repository.ts'
import { userRepository } from '../users/repository.ts'
import { consultationDocs } from './docs.ts'
import { CONSULTATION_INDEXES, CONSULTATIONS, consultationRepository } from './repository.ts'
import { consultationRoutes } from './routes.ts'
import { consultationService } from './service.ts'
import { consultationV1 } from './v1.ts'

/** Consultations, from their start to their summary. */
export const consultations: FastifyPluginAsync = async app => {
  const { database, openai, transactions } = app
  app.ensureIndexes(CONSULTATIONS, CONSULTATION_INDEXES)
  const service = consultationService({
    consultations: consultationRepository(database.db),
    transcripts: transcriptRepository(database.db),
    notes: noteRepository(database.db),
    prompts: promptRepository(database.db),
    users: userRepository(database.db),
    openai,
    transactions
  })
  app.document('Consultations', consultationDocs)
  await app.register(consultationRoutes, { service })
  await app.register(consultationV1, { prefix: V1_PREFIX, service })
}
