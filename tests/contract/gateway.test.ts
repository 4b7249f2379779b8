import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import type { ContractOptions } from './context.ts'
import { contractSuite } from './suite.ts'
import { startUpstreams, type Upstreams } from './upstreams.ts'

const jwtSecret = 'a secret of the tests, long enough'

describe.for([
  { weight: 0, side: 'legacy', answering: ['legacy'] },
  { weight: 50, side: 'mixed', answering: ['legacy', 'native'] },
  { weight: 100, side: 'native', answering: ['native'] }
] as const)('at weight $weight', ({ weight, side, answering }) => {
  let upstreams: Upstreams
  let database: FreshDatabase
  let legacy: RunningLegacy
  let gateway: RunningGateway
  let lives = 1
  const answered = new Set<string>()

  beforeAll(async () => {
    upstreams = await startUpstreams()
    database = await freshDatabase()
    legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret, supervised: true, env: upstreams.env })
    gateway = await startGateway({
      legacyUrl: legacy.url,
      mongodbUri: database.uri,
      jwtSecret,
      weights: weight,
      // The legacy's cost, so that a login upgrades nothing but what a test is about.
      env: { ...upstreams.env, BCRYPT_COST: '8' }
    })
  })

  afterAll(async () => {
    await gateway.stop()
    await legacy.stop()
    await database.drop()
    await upstreams.close()
  })

  const options: ContractOptions = {
    baseUrl: () => gateway.url,
    side,
    gateway: true,
    db: () => database.db,
    jwtSecret,
    openai: () => upstreams.openai,
    terminology: () => upstreams.terminology,
    recovered: () => legacy.listening(++lives),
    onAnswer(path, { status, headers }) {
      // These answer to known callers, over whom a weight spreads.
      if (path.startsWith('/api/') && status < 300) answered.add(String(headers['x-served-by']))
    }
  }
  contractSuite(options)

  test('callers were answered by the sides that the weight says', () => {
    expect([...answered].sort()).toEqual(answering)
  })
})
