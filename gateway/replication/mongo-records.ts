import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type Collection, type Db, MongoServerError } from 'mongodb'
import { type RolloutRecord, type RolloutRecords, RolloutRecordSchema } from '../rollout-controller/records.ts'
import { type RolloutStatus, RolloutStatusSchema } from '../rollout-controller/status.ts'
import type { Cursors } from './batches.ts'
import { FencedError } from './log-audit.ts'

const COLLECTION = 'rollouts'
const RECORDS = 'records'
const STATUS = 'status'
const DUPLICATE_KEY = 11_000
const TIMEOUT_MS = 2_000
const DURABLE = { w: 'majority', journal: true } as const

const KeptSchema = Type.Object({
  groups: Type.Record(Type.String(), RolloutRecordSchema),
  cursors: Type.Record(Type.String(), Type.Integer())
})
const StatusesSchema = Type.Array(RolloutStatusSchema)

/** JSON, since ids of routes hold dots, which MongoDB takes for paths; and the lease that it was written under. */
interface JsonDocument {
  readonly _id: string
  readonly lease: number
  readonly json: string
}

export interface MongoRecordsOptions {
  readonly db: Db
  /** The lease that this process has; whoever has a later one shuts it out. */
  readonly lease: number
  /** Up to which batch of each replica the records have counted. */
  readonly cursors: () => Cursors
  readonly logger: { error(bindings: object, message: string): void }
}

/** The rollouts of all replicas, as the leader keeps them. */
export class MongoRecords implements RolloutRecords {
  /** Up to which batch the leader before had counted; known after `load`. */
  counted: Cursors = {}
  readonly #options: MongoRecordsOptions
  readonly #documents: Collection<JsonDocument>

  constructor(options: MongoRecordsOptions) {
    this.#options = options
    this.#documents = documentsOf(options.db)
  }

  /** Shuts out the leader before, then reads what it kept. @throws FencedError when there is a later leader. */
  async load(): Promise<Map<string, RolloutRecord>> {
    for (const id of [RECORDS, STATUS]) await write(this.#documents, id, this.#options.lease)
    const found = await this.#documents.findOne({ _id: RECORDS }, { timeoutMS: TIMEOUT_MS })
    if (found?.json === undefined) return new Map()
    const kept: unknown = JSON.parse(found.json)
    if (!Value.Check(KeptSchema, kept)) {
      this.#options.logger.error({}, 'the rollouts that were kept cannot be read: every rollout is idle')
      return new Map()
    }
    this.counted = kept.cursors
    return new Map(Object.entries(kept.groups))
  }

  /** @throws FencedError when there is a later leader; and when the database does not answer. */
  async save(records: ReadonlyMap<string, RolloutRecord>): Promise<void> {
    const { lease, cursors } = this.#options
    const kept: Static<typeof KeptSchema> = { groups: Object.fromEntries(records), cursors: cursors() }
    await write(this.#documents, RECORDS, lease, JSON.stringify(kept))
  }

  /** Tells the other replicas how the rollouts stand. @throws like `save`. */
  async publish(statuses: readonly RolloutStatus[]): Promise<void> {
    await write(this.#documents, STATUS, this.#options.lease, JSON.stringify(statuses))
  }
}

/** How the rollouts stand, as the leader told last. @throws when the database does not answer. */
export async function readStatuses(db: Db): Promise<RolloutStatus[]> {
  const found = await documentsOf(db).findOne({ _id: STATUS }, { timeoutMS: TIMEOUT_MS })
  const statuses: unknown = JSON.parse(found?.json ?? '[]')
  // What a later version of the gateway tells may be of another form.
  return Value.Check(StatusesSchema, statuses) ? statuses : []
}

function documentsOf(db: Db): Collection<JsonDocument> {
  return db.collection<JsonDocument>(COLLECTION)
}

async function write(documents: Collection<JsonDocument>, id: string, lease: number, json?: string): Promise<void> {
  const mine = { _id: id, lease: { $lte: lease } }
  const options = { upsert: true, writeConcern: DURABLE, timeoutMS: TIMEOUT_MS }
  try {
    await documents.updateOne(mine, { $set: { lease, ...(json === undefined ? {} : { json }) } }, options)
  } catch (error) {
    // There is one of a later lease, so the filter found nothing and the upsert the same key.
    if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) throw new FencedError()
    throw error
  }
}
