import { EventEmitter } from 'node:events'
import type { Change, ChangeResult, ConfigEvents, Preview, Revision } from './config-store.ts'
import { diffTexts } from './diff.ts'
import { type Edit, EditError } from './edits.ts'
import { raisesOf } from './exposure.ts'
import { type ConfigHistory, type RevisionRecord } from './history.ts'
import { type Accepted, type JudgeOptions, judge } from './judge.ts'
import type { ConfigProblem } from './problem.ts'

/** The part of a pino logger that is used here. */
export interface ConfigLogger {
  info(bindings: object, message: string): void
  error(bindings: object, message: string): void
}

export interface ServingOptions extends JudgeOptions {
  readonly logger: ConfigLogger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** An edit that may be made: it is valid, and has its reason where one is needed. */
export type Permitted = Extract<Preview, { readonly outcome: 'valid' }>

/** The revision that serves, whatever it is kept in: what edits come to, and what is told of changes. */
export abstract class ServingStore extends EventEmitter<ConfigEvents> {
  current: Revision
  problems: readonly ConfigProblem[] = []
  lastReload: { readonly at: Date; readonly successful: boolean }
  abstract readonly history: ConfigHistory
  protected readonly options: ServingOptions
  protected readonly now: () => number

  constructor(options: ServingOptions, first: { readonly accepted: Accepted; readonly number: number }) {
    super()
    this.options = options
    this.now = options.now ?? Date.now
    this.lastReload = { at: new Date(this.now()), successful: true }
    this.current = revisionOf(first.accepted, first.number, this.lastReload.at)
  }

  preview(edit: Edit): Preview {
    const { current } = this
    let text: string
    try {
      text = edit(current.text)
    } catch (error) {
      if (error instanceof EditError) return { outcome: 'refused', message: error.message }
      throw error
    }
    if (text === current.text) return { outcome: 'unchanged', revision: current }
    const judged = judge({ text }, this.options)
    if (judged.config === undefined) return { outcome: 'invalid', problems: judged.problems }
    const changes = diffTexts(current.text, text)
    return { ...judged, outcome: 'valid', changes, raises: raisesOf(current.config, judged.config) }
  }

  /** What stands against a change, else what it comes to. */
  protected async permit({
    expected,
    edit,
    reason
  }: Change): Promise<Permitted | Exclude<ChangeResult, { outcome: 'applied' }>> {
    if (expected !== this.current.number) return this.stale(expected)
    const preview = this.preview(edit)
    if (preview.outcome !== 'valid') return preview
    const [raise, ...more] = preview.raises
    if (raise === undefined || reason.trim() !== '') return preview
    const others = more.length === 0 ? '' : `, and ${more.length} more`
    return { outcome: 'refused', message: `a reason is required, since this ${raise}${others}` }
  }

  protected async stale(expected: number): Promise<Extract<ChangeResult, { outcome: 'stale' }>> {
    const { current } = this
    const changes = await this.history.diff(expected, current.number).catch(() => undefined)
    return { outcome: 'stale', current, changes: changes ?? [] }
  }

  protected serve(accepted: Accepted, record: RevisionRecord, isNews: boolean): void {
    const { number: previous } = this.current
    this.lastReload = { at: new Date(this.now()), successful: true }
    this.problems = []
    this.current = revisionOf(accepted, record.number, this.lastReload.at)
    if (!isNews) return
    const { number: revision, digest } = this.current
    const by = `${record.actor.kind} ${record.actor.name}`
    this.options.logger.info({ revision, digest, previous, by }, 'routing configuration applied')
    this.emit('revision', this.current, record)
  }

  protected refuse(problems: readonly ConfigProblem[]): void {
    this.lastReload = { at: new Date(this.now()), successful: false }
    const messages = problems.map(problem => problem.message)
    const isTold = messages.join() === this.problems.map(problem => problem.message).join()
    this.problems = problems
    // A retry that failed as before.
    if (isTold) return
    const { number: revision, digest } = this.current
    const told = { revision, digest, problems: messages }
    this.options.logger.error(told, 'routing configuration refused, the revision stays')
    this.emit('refused', problems)
  }

  protected mend(): void {
    if (this.problems.length === 0) return
    this.lastReload = { at: new Date(this.now()), successful: true }
    this.problems = []
    const { number: revision, digest } = this.current
    this.options.logger.info({ revision, digest }, 'routing configuration mended')
    this.emit('mended', this.current)
  }
}

function revisionOf({ text, digest, config, table }: Accepted, number: number, loadedAt: Date): Revision {
  return { number, digest, text, config, table, loadedAt }
}
