import { EMPTY, entryOf, sealedLine } from '../audit/chain.ts'
import type { AuditEntry, AuditRecord } from '../audit/entry.ts'

/** One entry of the log that all replicas share. */
export interface LogEntry {
  /** From 1, without gaps. */
  readonly seq: number
  /** The entry of the audit, sealed. */
  readonly line: string
  /** Names the one attempt that wrote it. */
  readonly attempt: string
  /** The lease that stands after this entry; 0: none was taken yet. */
  readonly lease: number
  /** The version of every document after this entry. */
  readonly versions: Readonly<Record<string, number>>
  /** The document that this entry replaced. */
  readonly document?: { readonly name: string; readonly text: string }
}

/** Where the log is kept. Its methods reject when the storage does not answer. */
export interface LogStorage {
  /** The entry of the highest number, as a majority has it. */
  last(): Promise<LogEntry | undefined>
  get(seq: number): Promise<LogEntry | undefined>
  /**
   * Adds an entry, unless there is one of that number: then false. When it rejects nobody knows whether it was added.
   */
  insert(entry: LogEntry): Promise<boolean>
}

export interface Append {
  readonly record: AuditRecord
  /** The lease that the writer acts under; the entry is refused when another was taken since. */
  readonly fence?: number | undefined
  /** Replaces a document, if it still has that version (0: there is none yet). */
  readonly document?: { readonly name: string; readonly expected: number; readonly text: string }
  /** Takes the lease, if this is the one that stands. */
  readonly takes?: number
}

/** Everything but `appended` has changed nothing. */
export type AppendResult =
  | { readonly outcome: 'appended'; readonly entry: AuditEntry; readonly stored: LogEntry }
  /** The document has another version. */
  | { readonly outcome: 'stale'; readonly version: number }
  /** Somebody else has the lease. */
  | { readonly outcome: 'fenced'; readonly lease: number }

/** How often an append is made again for another that came in between. */
const ATTEMPTS = 200

export interface SharedLogOptions {
  readonly storage: LogStorage
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Another text each time. */
  readonly uniqueId: () => string
}

/**
 * An append-only log that many processes write, one entry at a time: the audit, the documents that its entries replace
 * (the routing configuration is one) and who leads.
 *
 * An entry is made for the state that the entry before it left, and its number can be had only once. So whoever writes
 * has seen everything before: two writers of one version cannot both succeed (compare-and-set), and a writer whose lease
 * was taken over cannot write, however long it was paused between reading and writing: the entry that took the lease has
 * the number that it wants. No clock takes part (M. Kleppmann, "How to do distributed locking", 2016, on fencing tokens).
 */
export class SharedLog {
  readonly #options: SharedLogOptions

  constructor(options: SharedLogOptions) {
    this.#options = options
  }

  /**
   * Appends an entry, or says why not.
   *
   * @throws when the storage does not answer: then it may stand in the log or not.
   */
  async append(wanted: Append): Promise<AppendResult> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const last = await this.#options.storage.last()
      const refusal = refusalOf(wanted, last)
      if (refusal !== undefined) return refusal
      const stored = this.#next(wanted, last)
      if (!(await this.#insert(stored))) continue
      const entry = entryOf(stored.line)
      if (entry === undefined) throw new Error(`an audit entry is not of its schema: ${stored.line}`)
      return { outcome: 'appended', entry, stored }
    }
    throw new Error(`no entry could be appended in ${ATTEMPTS} attempts: others always came first`)
  }

  #next({ record, document, takes }: Append, last: LogEntry | undefined): LogEntry {
    const { now, uniqueId } = this.#options
    const before = headOf(last)
    const seq = before.seq + 1
    const line = sealedLine({ seq, at: new Date(now()).toISOString(), ...record, previous: before.hash })
    const versions = { ...last?.versions }
    if (document !== undefined) versions[document.name] = document.expected + 1
    return {
      seq,
      line,
      attempt: uniqueId(),
      lease: takes === undefined ? (last?.lease ?? 0) : takes + 1,
      versions,
      ...(document === undefined ? {} : { document: { name: document.name, text: document.text } })
    }
  }

  /** An insert of unknown outcome is looked up: it may have been made before the answer was lost. */
  async #insert(entry: LogEntry): Promise<boolean> {
    const { storage } = this.#options
    try {
      return await storage.insert(entry)
    } catch (error) {
      const found = await storage.get(entry.seq)
      if (found === undefined) throw error
      return found.attempt === entry.attempt
    }
  }
}

/** The number and the hash that the next entry follows. */
export function headOf(entry: LogEntry | undefined): { readonly seq: number; readonly hash: string } {
  if (entry === undefined) return EMPTY
  const hash = entryOf(entry.line)?.hash
  if (hash === undefined) throw new Error(`entry ${entry.seq} of the audit was changed: its hash is not its own`)
  return { seq: entry.seq, hash }
}

function refusalOf({ fence, document, takes }: Append, last: LogEntry | undefined): AppendResult | undefined {
  const lease = last?.lease ?? 0
  if ((fence ?? takes ?? lease) !== lease) return { outcome: 'fenced', lease }
  if (document === undefined) return undefined
  const version = last?.versions[document.name] ?? 0
  return version === document.expected ? undefined : { outcome: 'stale', version }
}
