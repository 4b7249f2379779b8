import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type AttemptLimits, type Attempts, createAttempts } from './attempts.ts'
import { auth } from './auth.ts'
import { body } from './body.ts'
import { bodyBudget } from './body-budget.ts'
import { cors } from './cors.ts'
import type { Database } from './database.ts'
import { errors } from './errors.ts'
import { etags } from './etags.ts'
import { indexes } from './indexes.ts'
import { openapi } from './openapi.ts'
import { createOpenAi, type OpenAi, type OpenAiOptions } from './openai.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { createTerminology, type Terminology, type TerminologyOptions } from './terminology.ts'
import { createTransactions, type Transactions } from './transactions.ts'
import { compileSerializer, compileValidator } from './validation.ts'
import { createWebSockets, type WebSockets, webSockets } from './websockets.ts'

export interface PlatformOptions {
  readonly database: Database
  /** Shared with the legacy backend; never empty. */
  readonly jwtSecret: string
  /** Cost of new password hashes, 4–15; 12 when missing. */
  readonly bcryptCost?: number
  /** On logins and registrations; those missing have their defaults. */
  readonly loginLimits?: Partial<AttemptLimits>
  /** Milliseconds that a token logged out elsewhere, by a replica or the legacy, may still be taken here; default 2000. */
  readonly revocationStalenessMs?: number
  /** Who sent a request; default: Fastify's `request.ip`. */
  readonly clientAddress?: (request: FastifyRequest) => string
  readonly openai?: OpenAiOptions
  readonly terminology?: TerminologyOptions
  readonly transcription?: {
    /** Whether live transcription asks for a token on the legacy path too; default: no. */
    readonly requireToken?: boolean
  }
  /** Serves WebSockets; whoever has the server hands its upgrades on. */
  readonly webSockets?: WebSockets
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly database: Database
    readonly passwords: Passwords
    readonly transactions: Transactions
    readonly attempts: Attempts
    readonly openai: OpenAi
    readonly terminology: Terminology
    readonly transcriptionNeedsToken: boolean
    clientAddress(request: FastifyRequest): string
  }
}

/**
 * What the native services share, decorated on the scope that it is registered in. It makes that scope answer as the
 * legacy's Express does: bodies, ETags, CORS, errors.
 */
export const platform = fp<PlatformOptions>(
  async (app, options) => {
    const { database, jwtSecret, bcryptCost, loginLimits, revocationStalenessMs } = options
    const { clientAddress = ({ ip }: FastifyRequest) => ip } = options
    app.decorate('database', database)
    app.decorate('transactions', createTransactions(database.db))
    app.decorate('passwords', createPasswords(bcryptCost === undefined ? {} : { cost: bcryptCost }))
    app.decorate('attempts', createAttempts(loginLimits))
    app.decorate('clientAddress', clientAddress)
    app.decorate('openai', createOpenAi(options.openai ?? {}))
    app.decorate('terminology', createTerminology(options.terminology ?? {}))
    app.decorate('transcriptionNeedsToken', options.transcription?.requireToken ?? false)
    app.setValidatorCompiler(compileValidator)
    app.setSerializerCompiler(compileSerializer)
    await app.register(errors)
    await app.register(webSockets, { sockets: options.webSockets ?? createWebSockets() })
    // Before auth: a preflight carries no token, and a refusal needs CORS headers for the browser to show it.
    await app.register(cors)
    await app.register(body)
    await app.register(bodyBudget)
    await app.register(etags)
    await app.register(indexes)
    await app.register(auth, { secret: jwtSecret, revocationStalenessMs })
    await app.register(openapi)
  },
  { name: 'platform' }
)
