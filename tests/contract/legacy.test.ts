import { afterAll, beforeAll } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { contractSuite } from './suite.ts'
import { startUpstreams, type Upstreams } from './upstreams.ts'

const jwtSecret = 'a secret of the tests, long enough'
let upstreams: Upstreams
let database: FreshDatabase
let legacy: RunningLegacy
let lives = 1

beforeAll(async () => {
  upstreams = await startUpstreams()
  database = await freshDatabase()
  legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret, supervised: true, env: upstreams.env })
})

afterAll(async () => {
  await legacy.stop()
  await database.drop()
  await upstreams.close()
})

contractSuite({
  baseUrl: () => legacy.url,
  side: 'legacy',
  db: () => database.db,
  jwtSecret,
  openai: () => upstreams.openai,
  terminology: () => upstreams.terminology,
  recovered: () => legacy.listening(++lives)
})
