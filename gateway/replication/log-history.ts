import { entryOf } from '../audit/chain.ts'
import type { FieldChange } from '../audit/entry.ts'
import { digestOf } from '../config/config-file.ts'
import { diffTexts } from '../config/diff.ts'
import type { ConfigHistory, RevisionRecord } from '../config/history.ts'
import type { MongoLog } from './mongo-log.ts'
import type { LogEntry } from './shared-log.ts'

/** The name of the routing configuration among the log's documents; its versions are the revisions. */
export const CONFIG = 'config'

/** The revisions as the shared log has them. */
export class LogHistory implements ConfigHistory {
  readonly #log: MongoLog

  constructor(log: MongoLog) {
    this.#log = log
  }

  async list({ limit, before }: { limit: number; before?: number }): Promise<RevisionRecord[]> {
    const range = before === undefined ? {} : { below: before }
    const entries = await this.#log.find({ document: CONFIG, limit, ...range })
    return entries.flatMap(entry => recordOfEntry(entry) ?? [])
  }

  async text(number: number): Promise<string | undefined> {
    const [entry] = await this.#log.find({ document: CONFIG, version: number, limit: 1 })
    return entry?.document?.text
  }

  async diff(from: number, to: number): Promise<FieldChange[] | undefined> {
    const [before, after] = await Promise.all([this.text(from), this.text(to)])
    return before === undefined || after === undefined ? undefined : diffTexts(before, after)
  }
}

/** The revision that an entry made; undefined when it made none. */
export function recordOfEntry({ line, document }: LogEntry): RevisionRecord | undefined {
  const entry = entryOf(line)
  if (entry?.revision === undefined || document?.name !== CONFIG) return undefined
  const { at, actor, reason, changes, revision } = entry
  return { number: revision.to, digest: digestOf(document.text), at, actor, reason, changes: [...changes] }
}
