import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import pLimit from 'p-limit'
import { type Files, durableFiles, failureOf, replaceFile } from '../storage/files.ts'
import { EMPTY, type Head, type Verdict, entryOf, linesOf, parsed, sealedLine, verifyChain } from './chain.ts'
import type { AuditEntry, AuditRecord } from './entry.ts'

export const AUDIT_LOG = 'audit.jsonl'
export const AUDIT_HEAD = 'audit.head'

const HeadSchema = Type.Object({ seq: Type.Integer({ minimum: 1 }), hash: Type.String() })

export interface AuditQuery {
  /** At most this many. */
  readonly limit: number
  /** Only entries whose number is lower. */
  readonly before?: number
  /** Only entries that concern the route of this id. */
  readonly route?: string
  /** Only entries of an actor of this name. */
  readonly actor?: string
  /** Only entries of one of these actions. */
  readonly actions?: readonly string[]
}

/** The append-only record of who changed what, when, why and by which evidence; a hash chain, one JSON a line. */
export interface Audit {
  /** What is wrong with the log as it was last read: tampered with, or not readable. Undefined when nothing is. */
  readonly problem: string | undefined
  /**
   * Appends an entry and resolves when it is on the disk. One at a time.
   *
   * @param fence the lease that the writer acts under, where several processes share the audit.
   * @throws when it cannot be written whole, or the lease was taken over; then nothing of it is there.
   */
  append(record: AuditRecord, fence?: number): Promise<AuditEntry>
  /** The entries that fit, newest first; those that were tampered with are left out. */
  entries(query: AuditQuery): Promise<AuditEntry[]>
  /**
   * Checks that every entry is as it was written, that none is missing, and that none changed places.
   *
   * @throws when the log cannot be read.
   */
  verify(): Promise<Verdict>
}

export interface AuditOptions {
  /** Made when it is not there, for the owner only. */
  readonly directory: string
  readonly logger: AuditLogger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly files?: Files
}

/** The part of a pino logger that is used here. */
export interface AuditLogger {
  error(bindings: object, message: string): void
}

/**
 * Opens the audit of a directory. Half an entry at its end, which a crash leaves, is cut off and logged. Never rejects:
 * what is wrong is in `problem`, and is tried again with every entry.
 */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const audit = new FileAudit(options)
  await audit.open()
  return audit
}

/** Where the log stands, as far as this process knows. */
interface Position {
  readonly last: Head
  /** Of the log, in bytes. */
  readonly size: number
  /** Is the head beside the log older than the log? */
  readonly isHeadBehind: boolean
}

class FileAudit implements Audit {
  problem: string | undefined
  readonly #directory: string
  readonly #log: string
  readonly #head: string
  readonly #logger: AuditLogger
  readonly #now: () => number
  readonly #files: Files
  readonly #exclusive = pLimit(1)
  #position: Position | undefined

  constructor({ directory, logger, now = Date.now, files = durableFiles }: AuditOptions) {
    this.#directory = directory
    this.#log = join(directory, AUDIT_LOG)
    this.#head = join(directory, AUDIT_HEAD)
    this.#logger = logger
    this.#now = now
    this.#files = files
  }

  open(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#read().catch((error: unknown) => this.#tell(`the audit cannot be read (${failureOf(error)})`))
    })
  }

  append(record: AuditRecord): Promise<AuditEntry> {
    return this.#exclusive(async () => {
      try {
        return await this.#append(record)
      } catch (error) {
        this.#position = undefined
        throw error
      }
    })
  }

  async entries({ limit, before = Infinity, route, actor, actions }: AuditQuery): Promise<AuditEntry[]> {
    const found: AuditEntry[] = []
    const { lines } = linesOf(await textOf(this.#log))
    for (let at = lines.length - 1; at >= 0 && found.length < limit; at -= 1) {
      const entry = entryOf(lines[at] ?? '')
      const fits =
        entry !== undefined &&
        entry.seq < before &&
        (route === undefined || entry.routes.includes(route)) &&
        (actor === undefined || entry.actor.name === actor) &&
        (actions === undefined || actions.includes(entry.action))
      if (fits) found.push(entry)
    }
    return found
  }

  verify(): Promise<Verdict> {
    return verifyAudit(this.#log)
  }

  async #append(record: AuditRecord): Promise<AuditEntry> {
    const { last, size, isHeadBehind } = await this.#known()
    if (isHeadBehind) await replaceFile(this.#files, this.#head, headText(last))

    const at = new Date(this.#now()).toISOString()
    const line = sealedLine({ seq: last.seq + 1, at, ...record, previous: last.hash })
    const entry = entryOf(line)
    if (entry === undefined) throw new Error(`an audit entry is not of its schema: ${line}`)
    const next = { seq: entry.seq, hash: entry.hash }

    // First what needs room: with the entry on the disk only a name has to move.
    const nextHead = `${this.#head}.next`
    await this.#files.write(nextHead, headText(next))
    await this.#files.append(this.#log, `${line}\n`)
    const moved = await this.#files.move(nextHead, this.#head).then(
      () => true,
      () => false
    )
    this.#position = { last: next, size: size + Buffer.byteLength(line) + 1, isHeadBehind: !moved }
    return entry
  }

  /** Reads the log again when it is not as this process left it. */
  async #known(): Promise<Position> {
    const size = await stat(this.#log).then(
      stats => stats.size,
      () => 0
    )
    return this.#position?.size === size ? this.#position : this.#read()
  }

  async #read(): Promise<Position> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const head = await headOf(this.#head)
    const text = await textOf(this.#log)
    const { lines, rest } = linesOf(text)
    const whole = rest === '' ? text : text.slice(0, -rest.length)
    const size = Buffer.byteLength(whole)
    if (rest !== '') {
      await this.#files.truncate(this.#log, size)
      this.#logger.error({ line: lines.length + 1 }, 'half an audit entry, left by a crash, was cut off')
    }

    const verdict = verifyChain(whole, head)
    if (!verdict.ok) this.#tell(`the audit is not whole: line ${verdict.line}: ${verdict.problem}`)
    else this.problem = undefined

    const logged = entryOf(lines.at(-1) ?? '') ?? EMPTY
    // Where entries are missing at the end the next one follows the head, so that the gap stays to be seen.
    const last = head !== undefined && head.seq > logged.seq ? head : logged
    this.#position = { last, size, isHeadBehind: (head?.seq ?? 0) < last.seq }
    return this.#position
  }

  #tell(problem: string): void {
    if (problem !== this.problem) this.#logger.error({ problem }, 'the audit has a problem')
    this.problem = problem
  }
}

/**
 * Checks an audit log against its hash chain and the head kept beside it: finds entries that were changed, removed,
 * cut off the end or moved. May run beside the process that appends.
 *
 * @param file the path of `audit.jsonl`.
 * @throws when it cannot be read.
 */
export async function verifyAudit(file: string): Promise<Verdict> {
  const headFile = join(file, '..', AUDIT_HEAD)
  let head = await headOf(headFile)
  for (;;) {
    const text = await readFile(file, 'utf8')
    const later = await headOf(headFile)
    // Both of one moment: no entry came between the two reads.
    if (later?.seq === head?.seq) return verifyChain(text, head)
    head = later
  }
}

function headText({ seq, hash }: Head): string {
  return `${JSON.stringify({ seq, hash } satisfies Static<typeof HeadSchema>)}\n`
}

async function headOf(file: string): Promise<Head | undefined> {
  const head = parsed(await textOf(file))
  return Value.Check(HeadSchema, head) ? head : undefined
}

/** Empty when there is no file. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
