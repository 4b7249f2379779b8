import type { FastifyPluginAsync } from 'fastify'
import { V1_PREFIX } from '../platform/v1.ts'
import { transcriptDocs } from './docs.ts'
import { TRANSCRIPT_INDEXES, TRANSCRIPTS, transcriptRepository } from './repository.ts'
import { transcriptRoutes } from './routes.ts'
import { transcriptService } from './service.ts'
import { transcriptV1 } from './v1.ts'

/** What was said in consultations. */
export const transcripts: FastifyPluginAsync = async app => {
  app.ensureIndexes(TRANSCRIPTS, TRANSCRIPT_INDEXES)
  const service = transcriptService({ transcripts: transcriptRepository(app.database.db) })
  app.document('Transcripts', transcriptDocs)
  await app.register(transcriptRoutes, { service })
  await app.register(transcriptV1, { prefix: V1_PREFIX, service })
}
