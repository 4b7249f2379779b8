import { basename, join } from 'node:path'
import { mkdir, readFile } from 'node:fs/promises'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Actor } from '../audit/entry.ts'
import { readContent } from '../config/config-file.ts'
import type { Change, ChangeResult, ConfigStore } from '../config/config-store.ts'
import { type FieldChange, routesOf } from '../config/diff.ts'
import { type Accepted, judge } from '../config/judge.ts'
import { parsed } from '../audit/chain.ts'
import { ConfigInvalidError } from '../config/problem.ts'
import { type Permitted, type ServingOptions, ServingStore } from '../config/serving-store.ts'
import { failureOf, type Files, replaceFile } from '../storage/files.ts'
import type { Follower } from './follower.ts'
import { CONFIG, LogHistory, recordOfEntry } from './log-history.ts'
import type { MongoLog } from './mongo-log.ts'
import type { LogEntry, SharedLog } from './shared-log.ts'

/** After so long without an answer the database counts as away, in milliseconds. */
const AWAY_MS = 3_000
/** The last revision, for a start without the database. */
const CACHE = 'last-revision.json'
const CacheSchema = Type.Object({ number: Type.Integer({ minimum: 1 }), text: Type.String() })

export interface SharedStoreOptions extends ServingOptions {
  readonly log: MongoLog
  readonly shared: SharedLog
  readonly follower: Follower
  /** Where the last revision is kept for a start without the database. */
  readonly directory: string
  readonly files: Files
}

interface First {
  readonly accepted: Accepted
  readonly number: number
}

/**
 * Opens the routing configuration that the replicas share. An empty store is seeded with the file, once; from then on
 * the file counts for nothing. Where the database does not answer, the revision that this replica served last serves.
 *
 * @throws ConfigInvalidError when neither the store nor the file has a configuration that can be used.
 */
export async function openSharedStore(options: SharedStoreOptions): Promise<ConfigStore> {
  const first = await readFirst(options)
  const store = new SharedStore(options, first)
  await store.start()
  return store
}

/** The configuration that all replicas have in common, as the shared log has it. */
class SharedStore extends ServingStore implements ConfigStore {
  readonly history: LogHistory
  readonly #shared: SharedStoreOptions
  #isClosed = false

  constructor(options: SharedStoreOptions, first: First) {
    super(options, first)
    this.#shared = options
    this.history = new LogHistory(options.log)
  }

  /** What is to be told while the database does not answer. */
  get unrecordable(): string | undefined {
    const silentMs = performance.now() - this.#shared.follower.heardAt
    if (silentMs < AWAY_MS) return undefined
    const since = Number.isFinite(silentMs) ? `for ${Math.round(silentMs / 1000)} s` : 'since the start'
    return `the routing store has not answered ${since}: revision ${this.current.number} goes on serving, and changes are refused`
  }

  async start(): Promise<void> {
    const { number: revision, digest } = this.current
    this.options.logger.info({ revision, digest }, 'routing configuration loaded')
    this.#shared.follower.on('document', this.#onDocument)
    const entry = this.#shared.follower.entry(CONFIG)
    if (entry !== undefined) this.#take(entry)
    await this.#keep()
  }

  async reload(): Promise<void> {
    await this.#shared.follower.refresh().catch(() => {})
  }

  async change(change: Change): Promise<ChangeResult> {
    if (this.#isClosed) return { outcome: 'refused', message: 'the gateway is stopping' }
    try {
      await this.#shared.follower.refresh()
      const permitted = await this.permit(change)
      return permitted.outcome === 'valid' ? await this.#append(change, permitted) : permitted
    } catch (error) {
      const message = `the routing store does not answer (${failureOf(error)}): look whether the change was made before you make it again`
      return { outcome: 'refused', message }
    }
  }

  close(): void {
    this.#isClosed = true
    this.#shared.follower.off('document', this.#onDocument)
  }

  readonly #onDocument = (name: string, entry: LogEntry) => {
    if (name === CONFIG) this.#take(entry)
  }

  async #append({ actor, reason, evidence, expected, fence }: Change, permitted: Permitted): Promise<ChangeResult> {
    const { shared, follower } = this.#shared
    const { text, changes, config } = permitted
    const result = await shared.append({
      ...configEntry({ actor, reason, expected, text, changes, routeIds: config.routes.map(({ id }) => id), evidence }),
      fence
    })
    await follower.refresh()
    if (result.outcome === 'fenced') return { outcome: 'refused', message: 'another replica leads the rollouts now' }
    if (result.outcome === 'stale') return this.stale(expected)
    return { outcome: 'applied', revision: this.current }
  }

  /** Serves the revision of an entry, whole, or says what is wrong with it. */
  #take(entry: LogEntry): void {
    const record = recordOfEntry(entry)
    if (record === undefined || entry.document === undefined || record.number <= this.current.number) return
    const judged = judge(entry.document, this.options)
    if (judged.config === undefined) this.refuse(judged.problems)
    else {
      this.serve(judged, record, true)
      void this.#keep()
    }
  }

  /** For a start without the database. Where it cannot be written such a start is refused, and nothing else. */
  async #keep(): Promise<void> {
    const { directory, files } = this.#shared
    const { number, text } = this.current
    const content: Static<typeof CacheSchema> = { number, text }
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await replaceFile(files, join(directory, CACHE), `${JSON.stringify(content)}\n`)
    } catch (error) {
      this.options.logger.error(
        { problem: failureOf(error) },
        'the last revision cannot be kept in the state directory'
      )
    }
  }
}

async function readFirst(options: SharedStoreOptions): Promise<First> {
  const { follower, file, logger } = options
  try {
    await follower.refresh()
    if (follower.entry(CONFIG) === undefined) await seed(options)
  } catch (error) {
    const kept = await readKept(options)
    if (kept === undefined) throw error
    logger.error(
      { revision: kept.number, problem: failureOf(error) },
      'the routing store does not answer: the last revision serves'
    )
    return kept
  }
  const entry = follower.entry(CONFIG)
  const accepted = entry?.document === undefined ? undefined : judge(entry.document, options)
  if (accepted?.config !== undefined) return { accepted, number: entry?.versions[CONFIG] ?? 0 }
  // Of a later version of the gateway, perhaps: what this replica served last still can.
  const kept = await readKept(options)
  if (kept === undefined) throw new ConfigInvalidError(basename(file), accepted?.problems ?? [])
  return kept
}

/** Puts the file into an empty store. Of several replicas that start at once one does, and the others take what it put. */
async function seed(options: SharedStoreOptions): Promise<void> {
  const { file, follower, shared, logger } = options
  const content = await readContent(file)
  const accepted = judge(content, options)
  if (accepted.config === undefined) throw new ConfigInvalidError(basename(file), accepted.problems)
  const { text, config } = accepted
  const result = await shared.append(
    configEntry({
      actor: { kind: 'file', name: basename(file) },
      reason: 'the first start',
      expected: 0,
      text,
      changes: [],
      routeIds: config.routes.map(({ id }) => id)
    })
  )
  if (result.outcome === 'appended') logger.info({ file: basename(file) }, 'the empty routing store was seeded')
  await follower.refresh()
}

async function readKept(options: SharedStoreOptions): Promise<First | undefined> {
  const kept = parsed(await readFile(join(options.directory, CACHE), 'utf8').catch(() => ''))
  if (!Value.Check(CacheSchema, kept)) return undefined
  const accepted = judge(kept, options)
  return accepted.config === undefined ? undefined : { accepted, number: kept.number }
}

interface ConfigWrite {
  readonly actor: Actor
  readonly reason: string
  readonly expected: number
  readonly text: string
  readonly changes: readonly FieldChange[]
  readonly routeIds: readonly string[]
  readonly evidence?: unknown
}

function configEntry({ actor, reason, expected, text, changes, routeIds, evidence }: ConfigWrite) {
  return {
    record: {
      actor,
      action: 'config.change',
      routes: routesOf(changes, routeIds),
      revision: { from: expected, to: expected + 1 },
      changes,
      reason,
      ...(evidence === undefined ? {} : { evidence })
    },
    document: { name: CONFIG, expected, text }
  }
}
