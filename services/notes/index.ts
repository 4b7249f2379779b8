import type { FastifyPluginAsync } from 'fastify'
import { userRepository } from '../users/repository.ts'
import { NOTE_INDEXES, NOTES, noteRepository } from './repository.ts'
import { noteRoutes } from './routes.ts'
import { noteService } from './service.ts'

/** The notes that clinicians write on consultations. */
export const notes: FastifyPluginAsync = async app => {
  const { db } = app.database
  app.ensureIndexes(NOTES, NOTE_INDEXES)
  await app.register(noteRoutes, { service: noteService({ notes: noteRepository(db), users: userRepository(db) }) })
}
