import type { FastifyPluginAsync } from 'fastify'
import { consultationRepository } from '../consultations/repository.ts'
import { V1_PREFIX } from '../platform/v1.ts'
import { userRepository } from '../users/repository.ts'
import { noteDocs } from './docs.ts'
import { NOTE_INDEXES, NOTES, noteRepository } from './repository.ts'
import { noteRoutes } from './routes.ts'
import { noteService } from './service.ts'
import { noteV1 } from './v1.ts'

/** The notes that clinicians write on consultations. */
export const notes: FastifyPluginAsync = async app => {
  const { transactions, database } = app
  app.ensureIndexes(NOTES, NOTE_INDEXES)
  const service = noteService({
    notes: noteRepository(database.db),
    consultations: consultationRepository(database.db),
    users: userRepository(database.db),
    transactions
  })
  app.document('Notes', noteDocs)
  await app.register(noteRoutes, { service })
  await app.register(noteV1, { prefix: V1_PREFIX, service })
}
