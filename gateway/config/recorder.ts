import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audit } from '../audit/audit.ts'
import type { Actor, AuditRecord } from '../audit/entry.ts'
import type { Files } from '../storage/files.ts'
import { PreparedFile, digestOf, readContent } from './config-file.ts'
import { diffTexts, routesOf } from './diff.ts'
import type { FileHistory, KeptRevision } from './history.ts'

/** A change of the configuration, in the audit. */
const CHANGED = 'config.change'
/** After a change in the audit: it was not made after all, since the file could not be replaced. */
const UNDONE = 'config.undo'

export interface RecorderOptions {
  readonly file: string
  readonly directory: string
  readonly history: FileHistory
  readonly audit: Audit
  readonly files: Files
  readonly now: () => number
  readonly logger: { error(bindings: object, message: string): void }
}

export interface NewRevision {
  readonly text: string
  readonly routeIds: readonly string[]
  readonly actor: Actor
  readonly reason: string
  readonly evidence?: unknown
  /** Does the file hold the text already, as after an edit by hand? */
  readonly isInFile: boolean
}

/**
 * Makes revisions: the text is laid ready beside the file, then comes the history, then the audit, and last the text
 * is put in the file's place. The audit's entry is what makes the change: before it everything is taken back, also
 * after a crash; after it a crash is resumed at the next start.
 */
export class Recorder {
  /** The newest revision of the history. */
  last: KeptRevision | undefined
  /** Does `last` stand, and can a revision be recorded, as far as is known? */
  isOpen = false
  readonly #options: RecorderOptions
  #highest = 0

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /**
   * Takes up where the last process, or a recording that failed, left off: takes back a revision that was not audited,
   * and completes one that was.
   *
   * @throws when the state directory cannot be read and written.
   */
  async open(): Promise<void> {
    const { history, audit, directory, files } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const probe = join(directory, 'probe')
    await files.write(probe, PROBE)
    await files.remove(probe)

    const [entry] = await audit.entries({ limit: 1, actions: [CHANGED, UNDONE] })
    const audited = entry?.revision?.to ?? 0
    const [newest = 0] = await history.numbers()
    const isUnmade = newest === audited + 1 || (newest === audited && entry?.action === UNDONE)
    // In an audit that was tampered with, an entry that is not found says nothing.
    if (newest > 0 && isUnmade && audit.problem === undefined) await history.remove(newest)

    const [kept = 0] = await history.numbers()
    this.last = await history.get(kept)
    // A number is not used again, although its revision was taken back: the audit may name it.
    this.#highest = Math.max(kept, audited)
    await this.#complete()
    this.isOpen = true
  }

  /**
   * Makes the next revision. Only while `isOpen`.
   *
   * @throws when the revision cannot be recorded or the file not be replaced; then nothing has changed.
   */
  async record(revision: NewRevision): Promise<KeptRevision> {
    this.isOpen = false
    const { history, audit, file, files, now } = this.#options
    const { text, actor, reason } = revision
    const changes = this.last === undefined ? [] : diffTexts(this.last.text, text)
    const number = ++this.#highest
    const base = { number, digest: digestOf(text), at: new Date(now()).toISOString(), actor, reason, changes, text }
    const entry: AuditRecord = {
      actor,
      action: CHANGED,
      routes: routesOf(changes, revision.routeIds),
      revision: { from: this.last?.number ?? 0, to: number },
      changes,
      reason,
      ...(revision.evidence === undefined ? {} : { evidence: revision.evidence })
    }

    await using undo = new AsyncDisposableStack()
    const prepared = revision.isInFile ? undefined : await PreparedFile.of(file, files)
    if (prepared !== undefined) {
      await prepared.write(text)
      undo.defer(() => prepared.discard())
    }
    const replaces = prepared === undefined ? {} : { replaces: digestOf((await readContent(file)).text) }
    const kept = { ...base, ...replaces }
    await history.add(kept)
    undo.defer(() => history.remove(number))
    await audit.append(entry)
    undo.defer(async () => {
      await audit.append({
        ...entry,
        action: UNDONE,
        changes: [],
        reason: 'the configuration file could not be replaced'
      })
    })
    if (prepared !== undefined) {
      await this.#setAside(this.last?.text, number)
      await prepared.putInPlace()
    }
    undo.move()
    this.last = kept
    this.isOpen = true
    return kept
  }

  /** Puts the text of an audited revision in the file's place if a crash came before that. */
  async #complete(): Promise<void> {
    const { file, files, history, logger } = this.#options
    const prepared = await PreparedFile.of(file, files)
    const text = await prepared.text()
    if (text === undefined) return
    const { last } = this
    const isAudited = last?.number === this.#highest && last.digest === digestOf(text)
    const isAsItWas = last?.replaces === digestOf((await readContent(file)).text)
    if (!isAudited || !isAsItWas) {
      await prepared.discard()
      return
    }
    const [, previous = 0] = await history.numbers()
    await this.#setAside(await history.text(previous), last.number)
    await prepared.putInPlace()
    logger.error(
      { revision: last.number, digest: last.digest },
      'an interrupted change of the configuration was completed'
    )
  }

  /** Keeps what the file holds if it is not the revision before: an edit by hand, refused or of this very moment. */
  async #setAside(before: string | undefined, number: number): Promise<void> {
    const { file, directory, files, logger } = this.#options
    const { text, failure } = await readContent(file)
    if (failure !== undefined || text === before) return
    const folder = join(directory, 'set-aside')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const aside = join(folder, `${String(number).padStart(6, '0')}.json`)
    await files.write(aside, text)
    logger.error({ file: aside, revision: number }, 'an edit by hand that was not in force was set aside')
  }
}

/** As much as an ordinary revision takes, so that a full disk is noticed. */
const PROBE = ' '.repeat(16_384)
