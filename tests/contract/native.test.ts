import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll } from 'vitest'
import { connectDatabase, type Database } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { contractSuite } from './suite.ts'

const jwtSecret = 'a secret of the tests, long enough'
let fresh: FreshDatabase
let legacy: RunningLegacy
let database: Database
let native: FastifyInstance

beforeAll(async () => {
  fresh = await freshDatabase()
  legacy = await startLegacy({ mongodbUri: fresh.uri, jwtSecret })
  database = await connectDatabase(fresh.uri)
  native = nativeServer({ database, jwtSecret, bcryptCost: 8 })
  await native.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  await native.close()
  await database.close()
  await legacy.stop()
  await fresh.drop()
})

contractSuite({
  baseUrl: () => native.listeningOrigin,
  // Only users and notes are native; the consultations that notes are about come from the legacy.
  setupUrl: () => legacy.url,
  side: 'native',
  db: () => fresh.db,
  jwtSecret
})
