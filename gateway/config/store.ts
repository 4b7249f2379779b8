import { hash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RoutingTable } from '../routing/table.ts'
import { parseRoutingConfig } from './parse.ts'
import { ConfigInvalidError } from './problem.ts'
import type { ConfigProblem } from './problem.ts'
import type { RoutingConfig } from './schema.ts'

/**
 * How often the file is read, in milliseconds. Reading it is what notices every kind of save: a watch on the file loses
 * it when an editor renames a new one over it or a symlink is swapped, and time stamps are too coarse for two quick
 * saves of one length. A read of an unchanged file costs some tens of microseconds.
 */
const POLL_INTERVAL_MS = 200

/** Milliseconds until a file that cannot be used is read once more before it is refused. */
const SETTLE_MS = 50

const DIGEST_LENGTH = 12

/** A configuration that was accepted, with the table compiled from it. */
export interface Revision {
  /** 1 for the one that the process started with; every accepted change makes the next. */
  readonly number: number
  /** The first 12 hexadecimal digits of the SHA-256 of the file. */
  readonly digest: string
  readonly table: RoutingTable
  readonly config: RoutingConfig
  readonly loadedAt: Date
}

export interface ConfigEvents {
  /** A changed configuration was accepted and serves from now on. */
  revision: [Revision]
  /** The file changed and cannot be used; the current revision stays. */
  refused: [readonly ConfigProblem[]]
  /** The file, refused before, is the current revision's again. */
  mended: [Revision]
}

export interface ConfigStore extends EventEmitter<ConfigEvents> {
  /** The revision that serves. */
  readonly current: Revision
  /** What is wrong with the file as it stands now; empty when nothing is. */
  readonly problems: readonly ConfigProblem[]
  /** The last time that a changed file was judged, and whether it was good. */
  readonly lastReload: { readonly at: Date; readonly successful: boolean }
  /** Reads the file now (for SIGHUP). Never rejects: what is wrong is in `problems`. */
  reload(): Promise<void>
  /** Stops watching. */
  close(): void
}

/** The part of a pino logger that is used here. */
export interface ConfigLogger {
  info(bindings: object, message: string): void
  error(bindings: object, message: string): void
}

export interface ConfigStoreOptions {
  readonly file: string
  /** The names that a route's `native` may have. */
  readonly nativeModules: ReadonlySet<string>
  readonly compile: (config: RoutingConfig) => RoutingTable
  readonly logger: ConfigLogger
}

/**
 * Opens a configuration file and follows its changes: a good one serves within a second of its save, a bad one
 * changes nothing.
 *
 * @throws ConfigInvalidError when the file cannot be used; it lists every problem.
 */
export async function openConfigStore(options: ConfigStoreOptions): Promise<ConfigStore> {
  const content = await readContent(options.file)
  const judged = judge(content, options)
  if (judged.config === undefined) throw new ConfigInvalidError(basename(options.file), judged.problems)
  return new FileConfigStore(options, content, judged)
}

class FileConfigStore extends EventEmitter<ConfigEvents> implements ConfigStore {
  current: Revision
  problems: readonly ConfigProblem[] = []
  lastReload: { readonly at: Date; readonly successful: boolean }
  readonly #options: ConfigStoreOptions
  #seen: Content
  #reading = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: ConfigStoreOptions, content: Content, accepted: Accepted) {
    super()
    this.#options = options
    this.#seen = content
    this.current = { number: 1, loadedAt: new Date(), ...accepted }
    this.lastReload = { at: this.current.loadedAt, successful: true }
    const { number, digest } = this.current
    options.logger.info({ revision: number, digest }, 'routing configuration loaded')
    this.#schedule()
  }

  reload(): Promise<void> {
    // One after the other: a read under way may have begun before the change that this call is about.
    const read = () => this.#read()
    this.#reading = this.#reading.then(read, read)
    return this.#reading
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.reload().finally(() => this.#schedule()), POLL_INTERVAL_MS)
    this.#timer.unref()
  }

  async #read(): Promise<void> {
    let content = await readContent(this.#options.file)
    if (this.#isClosed || isSame(content, this.#seen)) return
    let judged = judge(content, this.#options)
    if (judged.config === undefined) {
      // Perhaps the half of a save: editors truncate a file before they write it.
      await delay(SETTLE_MS)
      content = await readContent(this.#options.file)
      if (this.#isClosed || isSame(content, this.#seen)) return
      judged = judge(content, this.#options)
    }
    this.#seen = content

    this.problems = judged.problems
    this.lastReload = { at: new Date(), successful: judged.config !== undefined }
    if (judged.config === undefined) this.#refuse(judged.problems)
    else if (judged.digest === this.current.digest) this.#mend()
    else this.#apply(judged)
  }

  #apply(accepted: Accepted): void {
    const previous = this.current
    this.current = { number: previous.number + 1, loadedAt: this.lastReload.at, ...accepted }
    const { number: revision, digest } = this.current
    this.#options.logger.info({ revision, digest, previous: previous.number }, 'routing configuration applied')
    this.emit('revision', this.current)
  }

  #refuse(problems: readonly ConfigProblem[]): void {
    const { number: revision, digest } = this.current
    const messages = problems.map(problem => problem.message)
    this.#options.logger.error(
      { revision, digest, problems: messages },
      'routing configuration refused, the revision stays'
    )
    this.emit('refused', problems)
  }

  #mend(): void {
    const { number: revision, digest } = this.current
    this.#options.logger.info({ revision, digest }, 'routing configuration mended')
    this.emit('mended', this.current)
  }
}

interface Content {
  readonly text: string
  /** Why there is no text, when there is none. */
  readonly failure?: string
}

interface Accepted {
  readonly config: RoutingConfig
  readonly table: RoutingTable
  readonly digest: string
  readonly problems: readonly ConfigProblem[]
}

interface Refused {
  readonly config: undefined
  readonly problems: readonly ConfigProblem[]
}

function isSame(a: Content, b: Content): boolean {
  return a.text === b.text && a.failure === b.failure
}

async function readContent(file: string): Promise<Content> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { text: '', failure: reasonOf(error) }
  }
}

function judge({ text, failure }: Content, { file, nativeModules, compile }: ConfigStoreOptions): Accepted | Refused {
  const name = basename(file)
  if (failure !== undefined) return refusedWhole(name, `nothing (${failure})`, 'a file that can be read')

  const parsed = parseRoutingConfig(text, nativeModules, name)
  if (parsed.config === undefined) return parsed
  try {
    const { config, problems } = parsed
    return { config, problems, table: compile(config), digest: hash('sha256', text).slice(0, DIGEST_LENGTH) }
  } catch (error) {
    return refusedWhole(name, 'a configuration that does not compile', `routes that do (${reasonOf(error)})`)
  }
}

function refusedWhole(file: string, found: string, expected: string): Refused {
  const message = `${file}:1:1 /: found ${found}, expected ${expected}`
  return { config: undefined, problems: [{ line: 1, column: 1, path: '/', found, expected, message }] }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
