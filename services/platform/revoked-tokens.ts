import { LRUCache } from 'lru-cache'
import type { Db, IndexDescription } from 'mongodb'
import { batchLoader } from './batch-loader.ts'

export const REVOKED_TOKENS = 'blacktokens'

/** By token, and by the moment from which the database removes an entry by itself. The legacy's entries have none. */
export const REVOKED_TOKEN_INDEXES: readonly IndexDescription[] = [
  { key: { blackToken: 1 } },
  { key: { expiresAt: 1 }, expireAfterSeconds: 0 }
]

const DEFAULT_STALENESS_MS = 2000

/** Characters of the tokens remembered: some 40,000 tokens of the usual length. */
const MAX_CHARACTERS = 10_000_000

interface RevokedTokenDocument {
  blackToken: string
  /** Missing from what the legacy writes. */
  expiresAt?: Date
}

/** The tokens that were logged out, by either backend, as their exact text. */
export interface RevokedTokens {
  /** @param expiresAt when the token is refused anyway, and the entry is no longer needed */
  add(token: string, expiresAt: Date): Promise<void>
  /**
   * Whether the token was revoked, as the database had it at most the staleness ago; of what was revoked here, always.
   * Fails when the database is away and nothing that fresh is remembered, so nobody gets in unchecked.
   */
  has(token: string): Promise<boolean>
  /** The same, as the database has it now. */
  hasNow(token: string): Promise<boolean>
}

export interface RevokedTokensOptions {
  /** Milliseconds that a token revoked elsewhere, by a replica or the legacy, may still be taken here; default 2000. */
  readonly stalenessMs?: number | undefined
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number
}

/** The list of revoked tokens in the database, and a bounded memory of what it said. */
export function revokedTokens(db: Db, options: RevokedTokensOptions = {}): RevokedTokens {
  const { stalenessMs = DEFAULT_STALENESS_MS, now = () => performance.now() } = options
  const collection = db.collection<RevokedTokenDocument>(REVOKED_TOKENS)

  /** Of a revoked token, which stays so, that it is; of another, when the database was asked. */
  const remembered = new LRUCache<string, 'revoked' | number>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_known, token) => token.length
  })

  const load = batchLoader<string, true>(async tokens => {
    const askedAt = now()
    const found = await collection
      .find({ blackToken: { $in: [...tokens] } }, { projection: { _id: 0, blackToken: 1 }, batchSize: 1000 })
      .toArray()
    for (const { blackToken } of found) remembered.set(blackToken, 'revoked')
    // A log-out here may have come between question and answer.
    for (const token of tokens) if (remembered.get(token) !== 'revoked') remembered.set(token, askedAt)
    return new Map(found.map(({ blackToken }) => [blackToken, true]))
  })
  const hasNow = async (token: string) => (await load(token)) === true || remembered.get(token) === 'revoked'

  return {
    async add(token, expiresAt) {
      await collection.replaceOne({ blackToken: token }, { blackToken: token, expiresAt }, { upsert: true })
      remembered.set(token, 'revoked')
    },

    async has(token) {
      const known = remembered.get(token)
      if (known === 'revoked') return true
      if (known !== undefined && now() - known < stalenessMs) return false
      return hasNow(token)
    },

    hasNow
  }
}
