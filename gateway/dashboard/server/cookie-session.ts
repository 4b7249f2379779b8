import { hkdfSync } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { createDecoder, createSigner, createVerifier } from 'fast-jwt'
import type { Credentials, Standing } from '../../admin/credentials.ts'
import type { Session } from '../../admin/schemas.ts'
import type { Clock } from '../../clock.ts'

/** How long somebody stays signed in. */
export const SESSION_MS = 12 * 3_600_000

const ALGORITHM = 'HS256'
const KEY_BYTES = 32

const ClaimsSchema = Type.Object({
  sub: Type.String({ description: 'The name of the credential.' }),
  exp: Type.Integer({ description: 'Seconds since 1970.' })
})
type Claims = Static<typeof ClaimsSchema>

export interface CookieSessionsOptions {
  readonly credentials: Pick<Credentials, 'verify' | 'standing'>
  readonly secret: string
  readonly clock: Clock
}

/**
 * What the cookie of somebody who signed in says: a JSON Web Token (RFC 7519) that names a credential and holds none.
 *
 * Each credential has a key of its own, of the gateway's secret and of the credential's digest: legacy knows the one and a
 * reader of the state directory the other, and neither is enough. A key goes with its credential, so that removing it ends
 * its sessions at once, on every replica, and a later one of the same name does not bring them back. Guesses are not
 * counted: a key has 256 bits that nobody knows.
 */
export class CookieSessions {
  readonly #options: CookieSessionsOptions

  constructor(options: CookieSessionsOptions) {
    this.#options = options
  }

  /** The value to set for a credential; undefined when the credential is nobody's. */
  begin(credential: string): string | undefined {
    const { credentials, clock } = this.#options
    const name = credentials.verify(credential)?.name
    const standing = name === undefined ? undefined : credentials.standing(name)
    if (standing === undefined) return undefined
    const claims: Claims = { sub: standing.session.name, exp: Math.floor((clock.now() + SESSION_MS) / 1000) }
    return createSigner({ key: this.#keyOf(standing), algorithm: ALGORITHM, noTimestamp: true })(claims)
  }

  /** Whose session a value is; undefined when it is over, or nobody's. */
  read(value: string): Session | undefined {
    const { credentials, clock } = this.#options
    const name = claimsOf(() => decode(value))?.sub
    const standing = name === undefined ? undefined : credentials.standing(name)
    if (standing === undefined) return undefined
    const verify = createVerifier({ key: this.#keyOf(standing), algorithms: [ALGORITHM], clockTimestamp: clock.now() })
    const claims = claimsOf(() => verify(value))
    if (claims === undefined) return undefined
    const { session } = standing
    const ends = Math.min(claims.exp * 1000, Date.parse(session.expires ?? '') || Infinity)
    return { ...session, expires: new Date(ends).toISOString() }
  }

  #keyOf({ digest }: Standing): Buffer {
    const { secret } = this.#options
    return Buffer.from(hkdfSync('sha256', secret, digest, 'scribe-gateway dashboard session', KEY_BYTES))
  }
}

const decode = createDecoder()

/** What a token claims; undefined when it is none, or does not hold. */
function claimsOf(read: () => unknown): Claims | undefined {
  try {
    const claims = read()
    return Value.Check(ClaimsSchema, claims) ? claims : undefined
  } catch {
    return undefined
  }
}
