import { createHash, timingSafeEqual } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { LRUCache } from 'lru-cache'
import type { NetworkTest } from './client-address.ts'

const TOKENS_KEPT = 10_000
/** Longer ones are verified every time: clients must not decide how much memory the gateway takes. */
const LONGEST_KEPT = 1_024

export interface CallerIdentityOptions {
  readonly jwtSecret: string
  /** May this address send `x-gateway-target`? */
  readonly overrideNetwork: NetworkTest
  /** Value of `x-gateway-credential` that allows it as well; empty: none does. */
  readonly overrideCredential: string
}

/** What tells callers apart and what lets them choose: the secrets stay in here. */
export class CallerIdentity {
  readonly #verify: (token: string) => unknown
  readonly #known = new LRUCache<string, { readonly userId: string | undefined }>({ max: TOKENS_KEPT })
  readonly #network: NetworkTest
  readonly #credentialDigest: Buffer | undefined

  constructor({ jwtSecret, overrideNetwork, overrideCredential }: CallerIdentityOptions) {
    // An expired token still tells who its bearer is: the caller stays on its side while logging in again.
    this.#verify = createVerifier({ key: jwtSecret, algorithms: ['HS256'], ignoreExpiration: true })
    this.#network = overrideNetwork
    this.#credentialDigest = overrideCredential === '' ? undefined : sha256(overrideCredential)
  }

  /** `userID` of a token with a valid signature. */
  userId(authorization: string | undefined): string | undefined {
    if (authorization?.startsWith('Bearer ') !== true) return undefined
    const known = this.#known.get(authorization)
    if (known !== undefined) return known.userId
    const userId = this.#read(authorization.slice(7))
    if (authorization.length <= LONGEST_KEPT) this.#known.set(authorization, { userId })
    return userId
  }

  mayOverride(address: string, credential: string | string[] | undefined): boolean {
    if (this.#network(address)) return true
    if (this.#credentialDigest === undefined || typeof credential !== 'string') return false
    return timingSafeEqual(sha256(credential), this.#credentialDigest)
  }

  #read(token: string): string | undefined {
    try {
      const payload = this.#verify(token)
      const hasUser = typeof payload === 'object' && payload !== null && 'userID' in payload
      return hasUser && typeof payload.userID === 'string' ? payload.userID : undefined
    } catch {
      return undefined
    }
  }
}

/** By what a caller is told from others: the user of a verified token, else the address. */
export function callerKeyOf(userId: string | undefined, address: string): string {
  return userId === undefined ? `addr:${address}` : `user:${userId}`
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
