import type { FastifyPluginAsync } from 'fastify'
import { USER_INDEXES, USERS, userRepository } from './repository.ts'
import { userRoutes } from './routes.ts'
import { userService } from './service.ts'

/** Accounts: registration, login, logout, profile. */
export const users: FastifyPluginAsync = async app => {
  const { database, passwords, sessions } = app
  app.ensureIndexes(USERS, USER_INDEXES)
  const service = userService({ users: userRepository(database.db), passwords, sessions })
  await app.register(userRoutes, { service })
}
