import type { Database, PlatformOptions, WebSockets } from '../services/index.ts'
import { edgeOf } from './edge.ts'
import type { Environment } from './environment.ts'

/** What the environment makes of the native services. */
export function platformOptions(
  environment: Environment,
  { database, webSockets }: { readonly database: Database; readonly webSockets: WebSockets }
): PlatformOptions {
  return {
    database,
    jwtSecret: environment.JWT_SECRET,
    bcryptCost: environment.BCRYPT_COST,
    loginLimits: {
      windowMs: environment.LOGIN_WINDOW_MS,
      perAccountAndAddress: environment.LOGIN_FAILURES_PER_ACCOUNT_AND_ADDRESS,
      perAccount: environment.LOGIN_FAILURES_PER_ACCOUNT,
      perAddress: environment.LOGIN_FAILURES_PER_ADDRESS,
      registrationsPerAddress: environment.REGISTRATIONS_PER_ADDRESS
    },
    revocationStalenessMs: environment.REVOCATION_STALENESS_MS,
    clientAddress: ({ raw }) => edgeOf(raw).client.address,
    openai: {
      baseUrl: environment.OPENAI_BASE_URL,
      apiKey: environment.OPENAI_API_KEY,
      chatModel: environment.OPENAI_CHAT_MODEL,
      transcriptionModel: environment.OPENAI_TRANSCRIPTION_MODEL,
      timeoutMs: environment.OPENAI_TIMEOUT_MS,
      maxRetries: environment.OPENAI_MAX_RETRIES,
      concurrency: environment.OPENAI_CONCURRENCY
    },
    terminology: {
      baseUrl: environment.NHS_BASE_URL,
      clientId: environment.NHS_CLIENT_ID,
      clientSecret: environment.NHS_CLIENT_SECRET,
      timeoutMs: environment.NHS_TIMEOUT_MS
    },
    transcription: { requireToken: environment.TRANSCRIPTION_REQUIRE_TOKEN === 'true' },
    webSockets
  }
}
