import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect } from 'vitest'
import { connectDatabase, type Database } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'
import { watchAnswers } from '../support/documented.ts'
import { BCRYPT_COST, type Ground, JWT_SECRET, prepareGround } from './backends.ts'
import { contractSuite } from './suite.ts'

let ground: Ground
let database: Database
let native: FastifyInstance
let undescribed: () => readonly string[]

beforeAll(async () => {
  ground = await prepareGround()
  database = await connectDatabase(ground.database.uri)
  native = nativeServer({ database, jwtSecret: JWT_SECRET, bcryptCost: BCRYPT_COST, ...ground.platform })
  undescribed = watchAnswers(native)
  await native.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  // Whatever the suite has seen is in the OpenAPI document.
  expect(undescribed()).toEqual([])
  await native.close()
  await database.close()
  await ground.close()
})

contractSuite({
  baseUrl: () => native.listeningOrigin,
  side: 'native',
  db: () => ground.database.db,
  openai: () => ground.openai,
  nhs: () => ground.nhs,
  jwtSecret: JWT_SECRET
})
