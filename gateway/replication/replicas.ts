import { setTimeout as delay } from 'node:timers/promises'
import type { Collection, Db } from 'mongodb'
import type { BreakerStatus } from '../breaker/breakers.ts'

const COLLECTION = 'replicas'
const TIMEOUT_MS = 2_000
/** A replica that told nothing for so long is silent. */
const SILENT_MS = 5_000
/** How long one that went without a word is still named. */
const KEPT_S = 600
const LOOK_MS = 50

/** How one replica stands, as it told last. */
export interface ReplicaReport {
  readonly name: string
  readonly version: string
  /** The revision that it serves. */
  readonly revision: number
  readonly digest: string
  readonly leads: boolean
  readonly startedAt: Date
  /** Breakers that are not closed, by route. */
  readonly breakers: Readonly<Record<string, BreakerStatus>>
}

/** How one replica stands, as another one sees it. */
export interface Replica extends ReplicaReport {
  /** When it told, by its own clock. */
  readonly at: Date
  /** Did it tell nothing for a while? Then it is gone, or cut off from the database, and may still serve. */
  readonly isSilent: boolean
}

/** Whether all replicas serve a revision. */
export interface Propagation {
  readonly applied: readonly string[]
  /** Those that do not, and why, as parts of a sentence. */
  readonly missing: readonly { readonly name: string; readonly why: string }[]
}

/** Routes as pairs: their ids hold dots, which MongoDB takes for paths. */
interface ReplicaDocument extends Omit<ReplicaReport, 'breakers'> {
  readonly _id: string
  readonly at: Date
  readonly count: number
  readonly breakers: readonly (readonly [string, BreakerStatus])[]
}

/** What the replicas tell of themselves. */
export class Replicas {
  readonly #replicas: Collection<ReplicaDocument>
  readonly #id: string
  #count = 0
  /** When another count was seen of each, in monotonic milliseconds: clocks of machines need not agree. */
  readonly #heard = new Map<string, { readonly count: number; readonly at: number }>()

  /** @param id of this process: another one after every start. */
  constructor(db: Db, id: string) {
    this.#replicas = db.collection<ReplicaDocument>(COLLECTION)
    this.#id = id
  }

  /** Makes what the database needs. May be called again and again. */
  async prepare(): Promise<void> {
    await this.#replicas.createIndex({ at: 1 }, { expireAfterSeconds: KEPT_S })
  }

  /** Tells how this replica stands. @throws when the database does not answer. */
  async report({ breakers, ...report }: ReplicaReport): Promise<void> {
    const told = { ...report, at: new Date(), count: ++this.#count, breakers: Object.entries(breakers) }
    await this.#replicas.replaceOne({ _id: this.#id }, told, { upsert: true, timeoutMS: TIMEOUT_MS })
  }

  /** This replica is no more. Never rejects. */
  async leave(): Promise<void> {
    await this.#replicas.deleteOne({ _id: this.#id }, { timeoutMS: TIMEOUT_MS }).catch(() => {})
  }

  /** All of them, by name. @throws when the database does not answer. */
  async list(): Promise<Replica[]> {
    const found = await this.#replicas.find({}, { sort: { name: 1 }, timeoutMS: TIMEOUT_MS }).toArray()
    const now = performance.now()
    return found.map(({ _id: id, count, breakers, ...report }) => ({
      ...report,
      breakers: Object.fromEntries(breakers),
      isSilent: now - this.#heardAt(id, count, now) > SILENT_MS
    }))
  }

  /**
   * Waits until every replica serves a revision, or a later one.
   *
   * @param limitMs after which those that do not are named.
   * @throws when the database does not answer.
   */
  async propagated(revision: number, limitMs: number): Promise<Propagation> {
    const end = performance.now() + limitMs
    for (;;) {
      const replicas = await this.list()
      const isServing = (replica: Replica) => replica.revision >= revision
      if (replicas.every(isServing) || performance.now() >= end) {
        return {
          applied: replicas.filter(isServing).map(({ name }) => name),
          missing: replicas
            .filter(replica => !isServing(replica))
            .map(({ name, ...rest }) => ({ name, why: whyOf(rest) }))
        }
      }
      await delay(LOOK_MS)
    }
  }

  /** One that is seen for the first time counts as heard just now. */
  #heardAt(id: string, count: number, now: number): number {
    const heard = this.#heard.get(id)
    if (heard?.count === count) return heard.at
    this.#heard.set(id, { count, at: now })
    return now
  }
}

function whyOf({ revision, isSilent, at }: Omit<Replica, 'name'>): string {
  if (!isSilent) return `still serves revision ${revision}`
  return `has told nothing since ${at.toISOString()}, when it served revision ${revision}`
}
