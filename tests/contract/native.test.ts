import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect } from 'vitest'
import { connectDatabase, type Database } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'
import { watchAnswers } from '../support/documented.ts'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { NHS_CREDENTIALS } from '../support/nhs-stub.ts'
import { contractSuite } from './suite.ts'
import { OPENAI_API_KEY, startUpstreams, type Upstreams } from './upstreams.ts'

const jwtSecret = 'a secret of the tests, long enough'
let fresh: FreshDatabase
let upstreams: Upstreams
let database: Database
let native: FastifyInstance
let undescribed: () => readonly string[]

beforeAll(async () => {
  upstreams = await startUpstreams()
  fresh = await freshDatabase()
  database = await connectDatabase(fresh.uri)
  native = nativeServer({
    database,
    jwtSecret,
    bcryptCost: 8,
    revocationStalenessMs: 0,
    openai: { baseUrl: upstreams.openai.url, apiKey: OPENAI_API_KEY, maxRetries: 0 },
    terminology: { baseUrl: upstreams.terminology.url, ...NHS_CREDENTIALS }
  })
  undescribed = watchAnswers(native)
  await native.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  // Whatever the suite has seen is in the OpenAPI document.
  expect(undescribed()).toEqual([])
  await native.close()
  await database.close()
  await fresh.drop()
  await upstreams.close()
})

contractSuite({
  baseUrl: () => native.listeningOrigin,
  side: 'native',
  db: () => fresh.db,
  jwtSecret,
  openai: () => upstreams.openai,
  terminology: () => upstreams.terminology
})
