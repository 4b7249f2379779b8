import { afterAll, beforeAll } from 'vitest'
import { type Ground, JWT_SECRET, prepareGround, startBackend } from './backends.ts'
import { contractSuite } from './suite.ts'

let ground: Ground
let legacy: Awaited<ReturnType<typeof startBackend>>

beforeAll(async () => {
  ground = await prepareGround()
  legacy = await startBackend(ground)
})

afterAll(async () => {
  await legacy.stop()
  await ground.close()
})

contractSuite({
  baseUrl: () => legacy.url,
  side: 'legacy',
  db: () => ground.database.db,
  openai: () => ground.openai,
  nhs: () => ground.nhs,
  jwtSecret: JWT_SECRET,
  recovered: () => legacy.recovered()
})
