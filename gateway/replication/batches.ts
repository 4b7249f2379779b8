import type { Collection, Db } from 'mongodb'
import type { NewEvent } from '../events/event.ts'
import type { Callers } from '../rollout/callers.ts'
import type { Evidence, EvidenceWindow } from '../rollout/evidence.ts'
import type { UsageCounter } from '../telemetry/usage-counter.ts'
import type { Measured, Outbox, SeenCallers } from './outbox.ts'
import { countUsed, type Used } from './usage-outbox.ts'

const COLLECTION = 'batches'
const TIMEOUT_MS = 2_000
/** How long a batch is kept: longer than a replica can lead without being heard. */
const KEPT_S = 3_600
/** The length of a window of evidence. */
const WINDOW_MS = 10_000
/** Batches read at once. */
const PAGE = 1_000

/** What one replica measured in about a second. Its number goes up by one with each batch of the replica. */
interface BatchDocument {
  readonly _id: string
  readonly replica: string
  readonly number: number
  readonly at: Date
  readonly summaries: readonly Omit<EvidenceWindow, 'index'>[]
  readonly callers: readonly SeenCallers[]
  readonly events: readonly NewEvent[]
  readonly used?: Used
}

/** Up to which batch of each replica something has been counted. */
export type Cursors = Readonly<Record<string, number>>

export interface BatchesOptions {
  readonly db: Db
  /** `name/id` of this process: another id after every start. */
  readonly replica: string
  /** Told what happened on another replica, and its name, since this one started. */
  readonly onEvent: (event: NewEvent, replica: string) => void
  readonly outbox: Outbox
  /** Of all replicas together. */
  readonly evidence: Evidence
  readonly callers: Callers
  readonly usage: UsageCounter
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Brings together what all replicas measured: each sends what it measured as numbered batches, and each reads those of
 * all, its own included, exactly once. Histograms add up exactly, so the sum is that of one gateway that had all requests.
 */
export class Batches {
  /** What is in the evidence. */
  readonly #read = new Map<string, number>()
  readonly #options: BatchesOptions
  readonly #batches: Collection<BatchDocument>
  readonly #startedAt: number
  #number = 0
  /** A batch that may not have arrived. */
  #unsent: BatchDocument | undefined
  #isCrediting = false

  constructor(options: BatchesOptions) {
    this.#options = options
    // Whole milliseconds, as the times of batches are.
    this.#startedAt = Math.floor(options.now())
    this.#batches = options.db.collection<BatchDocument>(COLLECTION)
  }

  /** Makes what the database needs. May be called again and again. */
  async prepare(): Promise<void> {
    await this.#batches.createIndex({ at: 1 }, { expireAfterSeconds: KEPT_S })
    await this.#batches.createIndex({ replica: 1, number: 1 })
  }

  /** Sends what was measured since the last time. What did not arrive is sent again, and counts once. */
  async send(): Promise<void> {
    if (this.#unsent === undefined) {
      const { outbox, replica, now } = this.#options
      const measured: Measured = outbox.take()
      const { summaries, callers, events, used } = measured
      if (summaries.length + callers.length + events.length === 0 && used === undefined) return
      const number = ++this.#number
      this.#unsent = { _id: `${replica}/${number}`, replica, number, at: new Date(now()), ...measured }
    }
    const { _id, ...batch } = this.#unsent
    await this.#batches.updateOne({ _id }, { $setOnInsert: batch }, { upsert: true, timeoutMS: TIMEOUT_MS })
    this.#unsent = undefined
  }

  /** Reads what the replicas sent since the last time. */
  async receive(): Promise<void> {
    await this.#forEachAfter(this.cursors, batch => this.#count(batch))
  }

  /** Up to where the evidence goes. */
  get cursors(): Cursors {
    return Object.fromEntries(this.#read)
  }

  /**
   * From now on what is read is evidence for the rollouts too, which this replica now leads; and so is what was read
   * already, but not by the leader before.
   *
   * @param counted up to where the leader before has counted.
   */
  async lead(counted: Cursors): Promise<void> {
    await this.receive()
    const upTo = this.cursors
    this.#options.evidence.discard()
    await this.#forEachAfter(counted, batch => {
      if (batch.number <= (upTo[batch.replica] ?? 0)) this.#credit(batch)
    })
    this.#isCrediting = true
  }

  /** This replica leads no more. */
  follow(): void {
    this.#isCrediting = false
  }

  async #forEachAfter(cursors: Cursors, act: (batch: BatchDocument) => void): Promise<void> {
    const reached = { ...cursors }
    for (let page: BatchDocument[] = [], isFirst = true; isFirst || page.length === PAGE; isFirst = false) {
      const known = Object.entries(reached).map(([replica, number]) => ({ replica, number: { $gt: number } }))
      const others = { replica: { $nin: Object.keys(reached) } }
      const options = { sort: { replica: 1, number: 1 }, limit: PAGE, timeoutMS: TIMEOUT_MS } as const
      page = await this.#batches.find({ $or: [...known, others] }, options).toArray()
      for (const batch of page) {
        reached[batch.replica] = batch.number
        act(batch)
      }
    }
  }

  #count(batch: BatchDocument): void {
    const { evidence, callers, usage, now, replica, onEvent } = this.#options
    const index = Math.floor(batch.at.getTime() / WINDOW_MS)
    for (const summary of batch.summaries) evidence.merge({ ...summary, index }, now())
    for (const { group, side, revision, buckets } of batch.callers) {
      for (const bucket of buckets) callers.see(group, revision, side, bucket)
    }
    if (batch.used !== undefined) countUsed(usage, batch.at.getTime(), batch.used)
    this.#read.set(batch.replica, batch.number)
    if (batch.replica !== replica && batch.at.getTime() >= this.#startedAt) {
      for (const event of batch.events) onEvent(event, nameOf(batch.replica))
    }
    if (this.#isCrediting) this.#credit(batch)
  }

  #credit({ summaries }: BatchDocument): void {
    for (const { routeId, target, summary } of summaries) this.#options.evidence.credit(routeId, target, summary)
  }
}

/** The name for people, without what tells its processes apart. */
function nameOf(replica: string): string {
  return replica.slice(0, replica.lastIndexOf('/'))
}
