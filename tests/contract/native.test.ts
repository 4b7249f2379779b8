import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect } from 'vitest'
import { connectDatabase, type Database } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'
import { watchAnswers } from '../support/documented.ts'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { contractSuite } from './suite.ts'

const jwtSecret = 'a secret of the tests, long enough'
let fresh: FreshDatabase
let legacy: RunningLegacy
let database: Database
let native: FastifyInstance
let undescribed: () => readonly string[]

beforeAll(async () => {
  fresh = await freshDatabase()
  legacy = await startLegacy({ mongodbUri: fresh.uri, jwtSecret })
  database = await connectDatabase(fresh.uri)
  native = nativeServer({ database, jwtSecret, bcryptCost: 8 })
  undescribed = watchAnswers(native)
  await native.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  // Whatever the suite has seen is in the OpenAPI document.
  expect(undescribed()).toEqual([])
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
