import type { FastifyPluginAsync } from 'fastify'
import { V1_PREFIX } from '../platform/v1.ts'
import { userDocs } from './docs.ts'
import { USER_INDEXES, USERS, userRepository } from './repository.ts'
import { userRoutes } from './routes.ts'
import { userService } from './service.ts'
import { userV1 } from './v1.ts'

/** Accounts: registration, login, logout, profile. */
export const users: FastifyPluginAsync = async app => {
  const { database, passwords, attempts, sessions } = app
  app.ensureIndexes(USERS, USER_INDEXES)
  const service = userService({ users: userRepository(database.db), passwords, attempts, sessions })
  app.document('Users', userDocs)
  await app.register(userRoutes, { service })
  await app.register(userV1, { prefix: V1_PREFIX, service })
}
