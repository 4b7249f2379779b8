import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import { failureOf } from '../storage/files.ts'
import { type Content, isSame, readContent } from './config-file.ts'
import type { Change, ChangeResult, ConfigStore } from './config-store.ts'
import { type ConfigHistory, type KeptRevision, recordOf } from './history.ts'
import { type Accepted, judge, wholeProblem } from './judge.ts'
import type { ConfigProblem } from './problem.ts'
import type { NewRevision, Recorder } from './recorder.ts'
import { type ServingOptions, ServingStore } from './serving-store.ts'

/**
 * How often the file is read, in milliseconds. Reading it is what notices every kind of save: a watch on the file loses
 * it when an editor renames a new one over it or a symlink is swapped, and time stamps are too coarse for two quick
 * saves of one length. A read of an unchanged file costs some tens of microseconds.
 */
const POLL_INTERVAL_MS = 200

/** Milliseconds until a file that cannot be used is read once more before it is refused. */
const SETTLE_MS = 50

/** Milliseconds until a state directory that could not be written is tried again by itself. */
const RETRY_MS = 5_000

export type FileStoreOptions = ServingOptions

interface Parts {
  readonly options: FileStoreOptions
  readonly recorder: Recorder
  readonly history: ConfigHistory
  readonly content: Content
  readonly accepted: Accepted
}

/** The one file as the store, of one process. */
export class FileConfigStore extends ServingStore implements ConfigStore {
  unrecordable: string | undefined
  readonly history: ConfigHistory
  readonly #recorder: Recorder
  readonly #exclusive = pLimit(1)
  #seen: Content
  /** Is the current revision in the history? Not when the first one could not be recorded. */
  #isRecorded: boolean
  /** Monotonic milliseconds. */
  #retryAt = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor({ options, recorder, history, content, accepted }: Parts) {
    // Until the file's text is recorded the last revision serves, if it still can.
    const { last } = recorder
    const previous = last === undefined ? undefined : judge(last, options)
    const isRecorded = previous?.config !== undefined
    const serving = previous?.config === undefined ? accepted : previous
    super(options, { accepted: serving, number: (last?.number ?? 0) + (isRecorded ? 0 : 1) })
    this.#recorder = recorder
    this.#seen = content
    this.#isRecorded = isRecorded
    this.history = history
  }

  async start(accepted: Accepted, opening: PromiseSettledResult<void>): Promise<void> {
    if (opening.status === 'rejected') this.#cannotRecord(opening.reason)
    if (!this.#isServing(accepted)) await this.#adopt(accepted, 'edited by hand while the gateway was stopped', false)
    const { number, digest } = this.current
    this.options.logger.info({ revision: number, digest }, 'routing configuration loaded')
    this.#schedule()
  }

  reload(): Promise<void> {
    // One after the other: a read under way may have begun before the change that this call is about.
    return this.#exclusive(() => this.#read(true))
  }

  change(change: Change): Promise<ChangeResult> {
    return this.#exclusive(() => this.#change(change))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#isClosed) return
    const poll = () => this.#exclusive(() => this.#read(false))
    this.#timer = setTimeout(() => void poll().finally(() => this.#schedule()), POLL_INTERVAL_MS)
    this.#timer.unref()
  }

  async #change(change: Change): Promise<ChangeResult> {
    await this.#read(true)
    if (this.#isClosed) return { outcome: 'refused', message: 'the gateway is stopping' }
    const permitted = await this.permit(change)
    if (permitted.outcome !== 'valid') return permitted
    const { actor, reason, evidence } = change
    const record = await this.#record({ ...newRevision(permitted), actor, reason, evidence, isInFile: false })
    if (record === undefined) return { outcome: 'refused', message: this.unrecordable ?? '' }
    this.#seen = { text: permitted.text }
    this.#take(permitted, record, true)
    return { outcome: 'applied', revision: this.current }
  }

  /** @param isAsked by somebody, so that what failed before is tried again at once. */
  async #read(isAsked: boolean): Promise<void> {
    const isRetry = !this.#recorder.isOpen && (isAsked || performance.now() >= this.#retryAt) && (await this.#reopen())
    let content = await readContent(this.options.file)
    if (this.#isClosed || (isSame(content, this.#seen) && !isRetry)) return
    let judged = judge(content, this.options)
    if (judged.config === undefined) {
      // Perhaps the half of a save: editors truncate a file before they write it.
      await delay(SETTLE_MS)
      content = await readContent(this.options.file)
      if (this.#isClosed || (isSame(content, this.#seen) && !isRetry)) return
      judged = judge(content, this.options)
    }
    this.#seen = content

    if (judged.config === undefined) this.refuse(judged.problems)
    else if (this.#isServing(judged)) this.mend()
    else await this.#adopt(judged, 'edited by hand', true)
  }

  #isServing({ digest }: Accepted): boolean {
    return this.#isRecorded && digest === this.current.digest
  }

  /** Takes over what the file holds, as soon as that is recorded. */
  async #adopt(accepted: Accepted, reasonOfEdit: string, isNews: boolean): Promise<void> {
    const { last, isOpen } = this.#recorder
    const by: Pick<NewRevision, 'actor' | 'reason'> =
      last === undefined
        ? { actor: { kind: 'system', name: 'gateway' }, reason: 'the first start' }
        : { actor: { kind: 'file', name: basename(this.options.file) }, reason: reasonOfEdit }
    // After a first revision that could not be recorded the history may turn out to have the text.
    const isKept = isOpen && last?.digest === accepted.digest
    const record = isKept ? last : await this.#record({ ...newRevision(accepted), ...by, isInFile: true })
    if (record !== undefined) this.#take(accepted, record, isNews)
    else if (accepted.digest !== this.current.digest) this.refuse([this.#unrecordedProblem()])
    else this.mend()
  }

  /** Undefined when it cannot be recorded; `unrecordable` says why. */
  async #record(revision: NewRevision): Promise<KeptRevision | undefined> {
    if (!this.#recorder.isOpen) return undefined
    try {
      return await this.#recorder.record(revision)
    } catch (error) {
      this.#cannotRecord(error)
      return undefined
    }
  }

  /** Did what has to be right before the next revision become so? */
  async #reopen(): Promise<boolean> {
    try {
      await this.#recorder.open()
    } catch (error) {
      this.#cannotRecord(error)
      return false
    }
    this.unrecordable = undefined
    this.options.logger.info({}, 'changes of the routing configuration can be recorded again')
    return true
  }

  #cannotRecord(error: unknown): void {
    const why = `changes of the configuration cannot be recorded (${failureOf(error)})`
    if (why !== this.unrecordable)
      this.options.logger.error({ why }, 'changes of the routing configuration are refused')
    this.unrecordable = why
    this.#retryAt = performance.now() + RETRY_MS
  }

  #unrecordedProblem(): ConfigProblem {
    const found = `an edit, but ${this.unrecordable}`
    return wholeProblem(this.options.file, found, 'a state directory with room and the right to write')
  }

  #take(accepted: Accepted, record: KeptRevision, isNews: boolean): void {
    this.#isRecorded = true
    this.serve(accepted, recordOf(record), isNews)
  }
}

function newRevision({ text, config }: Pick<Accepted, 'text' | 'config'>): Pick<NewRevision, 'text' | 'routeIds'> {
  return { text, routeIds: config.routes.map(route => route.id) }
}
