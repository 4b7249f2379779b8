import fp from 'fastify-plugin'
import { auth } from './auth.ts'
import { body } from './body.ts'
import { cors } from './cors.ts'
import type { Database } from './database.ts'
import { errors } from './errors.ts'
import { etags } from './etags.ts'
import { indexes } from './indexes.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { compileSerializer, compileValidator } from './validation.ts'

export interface PlatformOptions {
  readonly database: Database
  /** Shared with the legacy backend; never empty. */
  readonly jwtSecret: string
  /** Cost of new password hashes, 4–15; 12 when missing. */
  readonly bcryptCost?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly database: Database
    readonly passwords: Passwords
  }
}

/**
 * What the native services share, decorated on the scope that it is registered in. It makes that scope answer as the
 * legacy's Express does: bodies, ETags, CORS, errors.
 */
export const platform = fp<PlatformOptions>(
  async (app, { database, jwtSecret, bcryptCost }) => {
    app.decorate('database', database)
    app.decorate('passwords', createPasswords(bcryptCost === undefined ? {} : { cost: bcryptCost }))
    app.setValidatorCompiler(compileValidator)
    app.setSerializerCompiler(compileSerializer)
    await app.register(errors)
    // Before auth: a preflight carries no token, and a refusal needs CORS headers for the browser to show it.
    await app.register(cors)
    await app.register(body)
    await app.register(etags)
    await app.register(indexes)
    await app.register(auth, { secret: jwtSecret })
  },
  { name: 'platform' }
)
