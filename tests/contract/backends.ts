import type { PlatformOptions } from '../../services/index.ts'
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { NHS_CREDENTIALS, type NhsStub, startNhsStub } from '../support/nhs-stub.ts'
import { type OpenAiStub, startOpenAiStub } from '../support/openai-stub.ts'

export const JWT_SECRET = 'a secret of the tests, long enough'
/** The legacy's, so that a login upgrades nothing but what a test is about. */
export const BCRYPT_COST = 8

/** What both sides of the contract stand on. */
export interface Ground {
  readonly database: FreshDatabase
  readonly openai: OpenAiStub
  readonly nhs: NhsStub
  /** Of a backend or gateway, for OpenAI and the NHS. */
  readonly env: Readonly<Record<string, string>>
  /** The same for native services in this process. */
  readonly platform: Pick<PlatformOptions, 'openai' | 'terminology'>
  close(): Promise<void>
}

export async function prepareGround(): Promise<Ground> {
  const [database, openai, nhs] = await Promise.all([freshDatabase(), startOpenAiStub(), startNhsStub()])
  const key = 'a key of the tests'
  return {
    database,
    openai,
    nhs,
    env: {
      OPENAI_BASE_URL: openai.url,
      OPENAI_API_KEY: key,
      OPENAI_MAX_RETRIES: '0',
      NHS_BASE_URL: nhs.url,
      NHS_CLIENT_ID: NHS_CREDENTIALS.clientId,
      NHS_CLIENT_SECRET: NHS_CREDENTIALS.clientSecret
    },
    platform: {
      openai: { baseUrl: openai.url, apiKey: key, maxRetries: 0 },
      terminology: { baseUrl: nhs.url, ...NHS_CREDENTIALS }
    },
    async close() {
      await database.drop()
      await Promise.all([openai.close(), nhs.close()])
    }
  }
}

/** The stand-in for the legacy backend, which comes back when it ends. */
export async function startBackend({ database, env }: Ground): Promise<RunningLegacy & { recovered(): Promise<void> }> {
  const legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret: JWT_SECRET, supervised: true, env })
  let lives = 1
  return Object.assign(legacy, { recovered: () => legacy.listening(++lives) })
}
