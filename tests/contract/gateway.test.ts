import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import type { ContractOptions } from './context.ts'
import { contractSuite, restSuite } from './suite.ts'

const jwtSecret = 'a secret of the tests, long enough'

describe.for([
  { weight: 0, side: 'legacy', answering: ['legacy'] },
  { weight: 50, side: 'mixed', answering: ['legacy', 'native'] },
  { weight: 100, side: 'native', answering: ['native'] }
] as const)('at weight $weight', ({ weight, side, answering }) => {
  let database: FreshDatabase
  let legacy: RunningLegacy
  let gateway: RunningGateway
  let lives = 1
  const answered = new Set<string>()

  beforeAll(async () => {
    database = await freshDatabase()
    legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret, supervised: true })
    gateway = await startGateway({
      legacyUrl: legacy.url,
      mongodbUri: database.uri,
      jwtSecret,
      weights: weight,
      // The legacy's cost, so that a login upgrades nothing but what a test is about.
      env: { BCRYPT_COST: '8' }
    })
  })

  afterAll(async () => {
    await gateway.stop()
    await legacy.stop()
    await database.drop()
  })

  const options: ContractOptions = {
    baseUrl: () => gateway.url,
    side,
    gateway: true,
    db: () => database.db,
    jwtSecret,
    recovered: () => legacy.listening(++lives),
    onAnswer(path, { status, headers }) {
      // A note's routes answer to known callers, over whom a weight spreads; other paths may have no native side.
      if (/^\/api\/notes\/[0-9a-f]{24}$/.test(path) && status < 300) answered.add(String(headers['x-served-by']))
    }
  }
  contractSuite(options)
  restSuite(options)

  test('the notes were answered by the sides that the weight says', () => {
    expect([...answered].sort()).toEqual(answering)
  })
})
