import { NHS_CREDENTIALS, type NhsStub, startNhsStub } from '../support/nhs-stub.ts'
import { type OpenAiStub, startOpenAiStub } from '../support/openai-stub.ts'

/** What the backends ask, as stubs of this process. */
export interface Upstreams {
  readonly openai: OpenAiStub
  readonly terminology: NhsStub
  /** For the legacy and the gateway. Nothing is asked twice, and a log-out holds at once on all sides. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export const OPENAI_API_KEY = 'a key'

export async function startUpstreams(): Promise<Upstreams> {
  const [openai, terminology] = await Promise.all([startOpenAiStub(), startNhsStub()])
  return {
    openai,
    terminology,
    env: {
      OPENAI_BASE_URL: openai.url,
      OPENAI_API_KEY,
      OPENAI_MAX_RETRIES: '0',
      NHS_BASE_URL: terminology.url,
      NHS_CLIENT_ID: NHS_CREDENTIALS.clientId,
      NHS_CLIENT_SECRET: NHS_CREDENTIALS.clientSecret,
      REVOCATION_STALENESS_MS: '0'
    },
    async close() {
      await Promise.all([openai.close(), terminology.close()])
    }
  }
}
