import { type Collection, type Db, MongoServerError } from 'mongodb'
import type { Beat, BeatStorage } from './lease.ts'

const COLLECTION = 'beats'
const LEADER = 'leader'
const DUPLICATE_KEY = 11_000
const TIMEOUT_MS = 1_000

interface BeatDocument extends Beat {
  readonly _id: string
}

/** The leader's signs of life in MongoDB. */
export class MongoBeats implements BeatStorage {
  readonly #beats: Collection<BeatDocument>

  constructor(db: Db) {
    this.#beats = db.collection<BeatDocument>(COLLECTION)
  }

  async read(): Promise<Beat | undefined> {
    const found = await this.#beats.findOne({ _id: LEADER }, { timeoutMS: TIMEOUT_MS })
    return found === null ? undefined : { lease: found.lease, holder: found.holder, count: found.count }
  }

  async beat(lease: number, holder: string): Promise<boolean> {
    const mine = { _id: LEADER, lease: { $lte: lease } }
    const beat = { $set: { lease, holder }, $inc: { count: 1 } }
    try {
      await this.#beats.updateOne(mine, beat, { upsert: true, timeoutMS: TIMEOUT_MS })
      return true
    } catch (error) {
      // There is one of a later lease, so the filter found nothing and the upsert the same key.
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false
      throw error
    }
  }
}
