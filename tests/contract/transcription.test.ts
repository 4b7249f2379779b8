import type { FastifyInstance } from 'fastify'
import jsonwebtoken from 'jsonwebtoken'
import { ObjectId } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDatabase, type Database } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { type OpenAiStub, startOpenAiStub } from '../support/openai-stub.ts'
import { transcription } from './transcription.ts'

const jwtSecret = 'a secret of the tests, long enough'
const OPENAI_API_KEY = 'a key'

let openai: OpenAiStub
let fresh: FreshDatabase
let legacy: RunningLegacy

beforeAll(async () => {
  openai = await startOpenAiStub()
  fresh = await freshDatabase()
  legacy = await startLegacy({
    mongodbUri: fresh.uri,
    jwtSecret,
    env: { OPENAI_BASE_URL: openai.url, OPENAI_API_KEY }
  })
})

afterAll(async () => {
  await legacy.stop()
  await fresh.drop()
  await openai.close()
})

const token = () => jsonwebtoken.sign({ userID: new ObjectId().toHexString() }, jwtSecret, { expiresIn: '1h' })

describe('legacy', () => {
  transcription({ baseUrl: () => legacy.url, openai: () => openai, token })
})

describe('native', () => {
  let database: Database
  let native: FastifyInstance

  beforeAll(async () => {
    database = await connectDatabase(fresh.uri)
    native = nativeServer({ database, jwtSecret, openai: { baseUrl: openai.url, apiKey: OPENAI_API_KEY } })
    await native.listen({ host: '127.0.0.1', port: 0 })
  })

  afterAll(async () => {
    await native.close()
    await database.close()
  })

  transcription({ baseUrl: () => native.listeningOrigin, openai: () => openai, token })
})

describe.each([
  [0, ['legacy']],
  [50, ['legacy', 'native']],
  [100, ['native']]
])('gateway at weight %d', (weight, sides) => {
  let gateway: RunningGateway
  const served = new Set<unknown>()

  beforeAll(async () => {
    gateway = await startGateway({
      legacyUrl: legacy.url,
      mongodbUri: fresh.uri,
      jwtSecret,
      weights: weight,
      env: { OPENAI_BASE_URL: openai.url, OPENAI_API_KEY }
    })
  })

  afterAll(async () => void (await gateway.stop()))

  transcription({
    baseUrl: () => gateway.url,
    openai: () => openai,
    token,
    onConnection: servedBy => served.add(servedBy)
  })

  test('the connections were served by the sides that the weight says', () => {
    expect(served).toEqual(new Set(sides))
  })
})
