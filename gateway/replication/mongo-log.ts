import { type Collection, type Db, type Filter, MongoServerError } from 'mongodb'
import type { AuditEntry } from '../audit/entry.ts'
import { entryOf } from '../audit/chain.ts'
import type { LogEntry, LogStorage } from './shared-log.ts'

const COLLECTION = 'log'
const DUPLICATE_KEY = 11_000
/** How long one operation may take. */
const TIMEOUT_MS = 2_000
const DURABLE = { w: 'majority', journal: true } as const

/** An entry as it is kept: its number as the key, and what the audit is searched by. */
interface LogDocument {
  readonly _id: number
  readonly line: string
  readonly attempt: string
  readonly lease: number
  readonly versions: Readonly<Record<string, number>>
  readonly document?: { readonly name: string; readonly text: string }
  readonly routes: readonly string[]
  readonly actor: string
  readonly action: string
}

/** What is looked for in the log; everything given has to fit. */
export interface LogQuery {
  readonly limit: number
  /** Only entries of a lower number. */
  readonly before?: number
  readonly route?: string
  readonly actor?: string
  readonly actions?: readonly string[]
  /** Only entries that replaced the document of this name. */
  readonly document?: string
  /** Only the entry that made this version of that document. */
  readonly version?: number
  /** Only entries that made a lower version of that document. */
  readonly below?: number
}

/** The shared log in a collection of MongoDB. */
export class MongoLog implements LogStorage {
  readonly #entries: Collection<LogDocument>

  constructor(db: Db) {
    this.#entries = db.collection<LogDocument>(COLLECTION, { readConcern: { level: 'majority' } })
  }

  async last(): Promise<LogEntry | undefined> {
    const found = await this.#entries.findOne({}, { sort: { _id: -1 }, timeoutMS: TIMEOUT_MS })
    return found === null ? undefined : entryFrom(found)
  }

  async get(seq: number): Promise<LogEntry | undefined> {
    const found = await this.#entries.findOne({ _id: seq }, { timeoutMS: TIMEOUT_MS })
    return found === null ? undefined : entryFrom(found)
  }

  async insert(entry: LogEntry): Promise<boolean> {
    const sealed = entryOf(entry.line)
    if (sealed === undefined) throw new Error(`entry ${entry.seq} is not sealed`)
    try {
      await this.#entries.insertOne(documentOf(entry, sealed), { writeConcern: DURABLE, timeoutMS: TIMEOUT_MS })
      return true
    } catch (error) {
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false
      throw error
    }
  }

  /** The entries that fit, newest first. */
  async find({ limit, ...query }: LogQuery): Promise<LogEntry[]> {
    const options = { sort: { _id: -1 }, limit, timeoutMS: TIMEOUT_MS } as const
    const found = await this.#entries.find(filterOf(query), options).toArray()
    return found.map(entryFrom)
  }

  /** The lines of all entries, in order. */
  async lines(): Promise<string[]> {
    const options = { sort: { _id: 1 }, projection: { line: 1 }, timeoutMS: 10 * TIMEOUT_MS } as const
    const found = await this.#entries.find({}, options).toArray()
    return found.map(({ line }) => line)
  }

  /**
   * Calls back when somebody appended, as soon as the database tells; never where it has no change streams.
   *
   * @param onLost called when nothing more will come.
   * @returns what stops it.
   */
  watch(onAppended: () => void, onLost: () => void): () => Promise<void> {
    const stream = this.#entries.watch([{ $match: { operationType: 'insert' } }, { $project: { _id: 1 } }])
    stream.on('change', onAppended)
    stream.on('error', () => {
      onLost()
      void stream.close().catch(() => {})
    })
    return () => stream.close().catch(() => {})
  }
}

function documentOf({ seq, ...entry }: LogEntry, { routes, actor, action }: AuditEntry): LogDocument {
  return { _id: seq, ...entry, routes, actor: actor.name, action }
}

function entryFrom({ _id: seq, line, attempt, lease, versions, document }: LogDocument): LogEntry {
  return { seq, line, attempt, lease, versions, ...(document === undefined ? {} : { document }) }
}

function filterOf(query: Omit<LogQuery, 'limit'>): Filter<LogDocument> {
  const { before, route, actor, actions, document, version, below } = query
  return {
    ...(before === undefined ? {} : { _id: { $lt: before } }),
    ...(route === undefined ? {} : { routes: route }),
    ...(actor === undefined ? {} : { actor }),
    ...(actions === undefined ? {} : { action: { $in: [...actions] } }),
    ...(document === undefined ? {} : { 'document.name': document }),
    ...(version === undefined || document === undefined ? {} : { [`versions.${document}`]: version }),
    ...(below === undefined || document === undefined ? {} : { [`versions.${document}`]: { $lt: below } })
  }
}
