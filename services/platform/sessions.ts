import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { TokenError } from 'fast-jwt'
import type { FastifyInstance } from 'fastify'
import { Id } from './schema.ts'
import type { RevokedTokens } from './revoked-tokens.ts'

/** How long a token is taken. */
export const SESSION_SECONDS = 3600

/** The year 9999: the database's other clients may know no later one. */
const LAST_DATE_MS = Date.UTC(9999, 0)

export const TokenPayload = Type.Object({
  /** The user's id. */
  userID: Id,
  /** The user's name. */
  author: Type.Optional(Type.String()),
  /** Seconds since the epoch. */
  iat: Type.Optional(Type.Number()),
  exp: Type.Number()
})
export type TokenPayload = Static<typeof TokenPayload>

const payload = TypeCompiler.Compile(TokenPayload)

export type Verdict =
  | { readonly valid: true; readonly payload: TokenPayload }
  | { readonly valid: false; readonly reason: 'expired' }
  | { readonly valid: false; readonly reason: 'revoked' }
  /** `detail` in the words of the legacy's verifier, jsonwebtoken. */
  | { readonly valid: false; readonly reason: 'invalid'; readonly detail: string }

export interface Sessions {
  /** A token for an hour. */
  open(user: { readonly id: string; readonly username: string }): Promise<string>
  /**
   * Refuses the token from now on: here at once, on every other replica within the staleness of its look-ups. Only one
   * that is good until then is kept; any other is refused anyway.
   */
  close(token: string): Promise<void>
  check(token: string): Promise<Verdict>
}

export function createSessions(jwt: FastifyInstance['jwt'], revoked: RevokedTokens): Sessions {
  return {
    async open({ id, username }) {
      // A token is a function of user and second, and one that was logged out stays refused: whoever logs in again
      // within that second gets the token of a second before.
      for (let iat = Math.floor(Date.now() / 1000); ; iat--) {
        const token = jwt.sign({ userID: id, author: username, iat, exp: iat + SESSION_SECONDS })
        if (!(await revoked.hasNow(token))) return token
      }
    },

    async close(token) {
      const verdict = verify(() => jwt.verify(token, { ignoreNotBefore: true }), token)
      if (verdict.valid) await revoked.add(token, expiryOf(verdict.payload))
    },

    async check(token) {
      const verdict = verify(() => jwt.verify(token), token)
      return verdict.valid && (await revoked.has(token)) ? { valid: false, reason: 'revoked' } : verdict
    }
  }
}

function expiryOf({ exp }: TokenPayload): Date {
  return new Date(Math.min(exp * 1000, LAST_DATE_MS))
}

function verify(decode: () => unknown, token: string): Verdict {
  try {
    const decoded = decode()
    if (!hasCanonicalSignature(token)) return invalid('invalid signature')
    return payload.Check(decoded) ? { valid: true, payload: decoded } : invalid('invalid token')
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return error.code === TokenError.codes.expired
      ? { valid: false, reason: 'expired' }
      : invalid(detailOf(error, token))
  }
}

function invalid(detail: string): Verdict {
  return { valid: false, reason: 'invalid', detail }
}

/**
 * The 43rd character of an HS256 signature carries four bits and two spare ones. Decoders ignore those two, so four
 * texts are one token, of which the list of revoked texts would know one; the legacy compares text and takes one.
 */
function hasCanonicalSignature(token: string): boolean {
  return /\.[\w-]{42}[AEIMQUYcgkosw048]$/.test(token)
}

const details = new Map<string, string>([
  [TokenError.codes.missingSignature, 'jwt signature is required'],
  [TokenError.codes.invalidAlgorithm, 'invalid algorithm'],
  [TokenError.codes.invalidSignature, 'invalid signature'],
  [TokenError.codes.inactive, 'jwt not active'],
  [TokenError.codes.missingRequiredClaim, 'invalid exp value']
])

function detailOf({ code }: TokenError, token: string): string {
  if (token.split('.').length !== 3) return 'jwt malformed'
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return 'invalid token'
  return details.get(code) ?? 'invalid token'
}
