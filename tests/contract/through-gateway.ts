import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { transcriptionClient } from '../support/transcription-client.ts'
import { BCRYPT_COST, type Ground, JWT_SECRET, prepareGround, startBackend } from './backends.ts'
import type { Answer } from './client.ts'
import { type ContractOptions, contract } from './context.ts'
import { authenticatedRows } from './rows.ts'
import { contractSuite } from './suite.ts'

/** So many callers that all of them on one side, at weight 50, is a matter of 2 to the minus 39. */
const CALLERS = 40

/** The contract, through a gateway with this weight on every route. */
export function throughGateway(weight: number, side: ContractOptions['side']): void {
  let ground: Ground
  let legacy: Awaited<ReturnType<typeof startBackend>>
  let gateway: RunningGateway

  beforeAll(async () => {
    ground = await prepareGround()
    legacy = await startBackend(ground)
    gateway = await startGateway({
      legacyUrl: legacy.url,
      mongodbUri: ground.database.uri,
      jwtSecret: JWT_SECRET,
      weights: weight,
      env: { ...ground.env, BCRYPT_COST: String(BCRYPT_COST) }
    })
  })

  afterAll(async () => {
    await gateway.stop()
    await legacy.stop()
    await ground.close()
  })

  const options: ContractOptions = {
    baseUrl: () => gateway.url,
    side,
    gateway: true,
    db: () => ground.database.db,
    openai: () => ground.openai,
    nhs: () => ground.nhs,
    jwtSecret: JWT_SECRET,
    recovered: () => legacy.recovered()
  }
  contractSuite(options)

  describe('who answers', () => {
    const { call, token } = contract(options)
    const expected = new Set(side === 'mixed' ? ['legacy', 'native'] : [side])
    const sidesOf = (answers: readonly Pick<Answer, 'headers'>[]) =>
      new Set(answers.map(({ headers }) => headers['x-served-by']))
    const reads = authenticatedRows.filter(({ method, route }) => method === 'GET' && !route.startsWith('ai.'))
    test.for(reads)('$route is answered by the sides that the weight says', async ({ path }) => {
      const answers = await Promise.all(Array.from({ length: CALLERS }, () => call('GET', path, { token: token() })))
      expect(sidesOf(answers)).toEqual(expected)
    })

    test('live transcription is too', async () => {
      const clients = await Promise.all(
        Array.from({ length: CALLERS }, () => transcriptionClient(gateway.url, { token: token() }))
      )
      for (const { socket } of clients) socket.terminate()
      expect(sidesOf(clients)).toEqual(expected)
    })
  })
}
