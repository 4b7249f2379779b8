import { EventEmitter } from 'node:events'
import pLimit from 'p-limit'
import type { MongoLog } from './mongo-log.ts'
import type { LogEntry } from './shared-log.ts'

/** How often the log is looked at, whether its database tells of news or not. */
const POLL_MS = 500
/** When a stream of news that was lost, or never was, is opened again. */
const WATCH_MS = 10_000

interface FollowerEvents {
  /** A document was replaced, by this entry. */
  document: [string, LogEntry]
}

export interface FollowerOptions {
  readonly log: MongoLog
  /** The names of the documents to follow. */
  readonly documents: readonly string[]
}

/** Keeps up with the documents of the shared log. */
export class Follower extends EventEmitter<FollowerEvents> {
  /** When the log was last read, in monotonic milliseconds; negative infinity: never. */
  heardAt = Number.NEGATIVE_INFINITY
  readonly #options: FollowerOptions
  readonly #entries = new Map<string, LogEntry>()
  readonly #exclusive = pLimit(1)
  readonly #timers: NodeJS.Timeout[] = []
  #isWatching = false
  #unwatch: () => Promise<void> = async () => {}

  constructor(options: FollowerOptions) {
    super()
    this.#options = options
  }

  /** Begins to keep up. */
  start(): void {
    const poll = setInterval(() => this.#hear(), POLL_MS)
    this.#watch()
    const watchAgain = setInterval(() => {
      if (!this.#isWatching) this.#watch()
    }, WATCH_MS)
    this.#timers.push(poll, watchAgain)
    for (const timer of this.#timers) timer.unref()
  }

  /** The entry that replaced a document last, as far as this process knows. */
  entry(document: string): LogEntry | undefined {
    return this.#entries.get(document)
  }

  /**
   * Reads what is new. What began before the call may be older than what the call is about, so it waits for its own turn.
   *
   * @throws when the database does not answer.
   */
  refresh(): Promise<void> {
    return this.#exclusive(() => this.#read())
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#unwatch()
    await this.#exclusive(() => {})
  }

  #watch(): void {
    this.#isWatching = true
    this.#unwatch = this.#options.log.watch(
      () => this.#hear(),
      () => (this.#isWatching = false)
    )
  }

  #hear(): void {
    // A read that waits will see all that a second one would.
    if (this.#exclusive.pendingCount === 0) void this.refresh().catch(() => {})
  }

  async #read(): Promise<void> {
    const { log, documents } = this.#options
    const last = await log.last()
    for (const name of documents) {
      const known = this.#entries.get(name)?.versions[name] ?? 0
      if ((last?.versions[name] ?? 0) <= known) continue
      const [entry] = await log.find({ document: name, limit: 1 })
      if (entry === undefined) continue
      this.#entries.set(name, entry)
      this.emit('document', name, entry)
    }
    this.heardAt = performance.now()
  }
}
