import { afterAll, beforeAll } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import type { ContractOptions } from './context.ts'
import { contractSuite, restSuite } from './suite.ts'

const jwtSecret = 'a secret of the tests, long enough'
let database: FreshDatabase
let legacy: RunningLegacy
let lives = 1

beforeAll(async () => {
  database = await freshDatabase()
  legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret, supervised: true })
})

afterAll(async () => {
  await legacy.stop()
  await database.drop()
})

const options: ContractOptions = {
  baseUrl: () => legacy.url,
  side: 'legacy',
  db: () => database.db,
  jwtSecret,
  recovered: () => legacy.listening(++lives)
}
contractSuite(options)
restSuite(options)
