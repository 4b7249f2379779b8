import type { Db } from 'mongodb'
import { batchLoader } from './batch-loader.ts'

export const REVOKED_TOKENS = 'blacktokens'

/** The tokens that were logged out, by either backend, as their exact text. */
export interface RevokedTokens {
  add(token: string): Promise<void>
  has(token: string): Promise<boolean>
}

export function revokedTokens(db: Db): RevokedTokens {
  const collection = db.collection<{ blackToken: string }>(REVOKED_TOKENS)

  const load = batchLoader<string, true>(async tokens => {
    const found = await collection
      .find({ blackToken: { $in: [...tokens] } }, { projection: { _id: 0, blackToken: 1 }, batchSize: 1000 })
      .toArray()
    return new Map(found.map(({ blackToken }) => [blackToken, true]))
  })

  return {
    async add(token) {
      await collection.replaceOne({ blackToken: token }, { blackToken: token }, { upsert: true })
    },
    has: async token => (await load(token)) === true
  }
}
