import { hash as digest } from 'node:crypto'
import { Value } from '@sinclair/typebox/value'
import { type AuditEntry, AuditEntrySchema } from './entry.ts'

/** Where a chain stands: the number and the hash of its last entry. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

/** Before the first entry. */
export const EMPTY: Head = { seq: 0, hash: '0'.repeat(64) }

export type Verdict =
  | { readonly ok: true; readonly entries: number; readonly head: Head }
  | {
      readonly ok: false
      /** From 1; the last one when what is missing came after it. */
      readonly line: number
      readonly problem: string
    }

const SEAL = /,"hash":"([0-9a-f]{64})"\}$/

/**
 * The line of an entry. The hash is of the line as it stands there, without the hash itself, so that checking it needs
 * no agreement on how JSON is written: any byte that differs is found.
 */
export function sealedLine(entry: Omit<AuditEntry, 'hash'>): string {
  const text = JSON.stringify(entry)
  return `${text.slice(0, -1)},"hash":"${digest('sha256', text)}"}`
}

/** The entry of a line; undefined when it is none or its hash is not its own. */
export function entryOf(line: string): AuditEntry | undefined {
  const sealed = SEAL.exec(line)
  if (sealed === null || digest('sha256', `${line.slice(0, sealed.index)}}`) !== sealed[1]) return undefined
  const entry = parsed(line)
  return Value.Check(AuditEntrySchema, entry) ? entry : undefined
}

/** The value of a JSON text; undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The whole lines of a log, and what stands after the last line's end. */
export function linesOf(text: string): { lines: string[]; rest: string } {
  const lines = text.split('\n')
  const rest = lines.pop() ?? ''
  return { lines, rest }
}

/**
 * Checks that every entry is as it was written, that none is missing, and that none changed places.
 *
 * @param head what was noted beside the log after the last entry; undefined when nothing is there. It may be one entry
 * behind: a crash between the two.
 */
export function verifyChain(text: string, head: Head | undefined): Verdict {
  const { lines, rest } = linesOf(text)
  let last = EMPTY
  let before = EMPTY
  for (const [index, line] of lines.entries()) {
    const entry = entryOf(line)
    if (entry === undefined) return broken(index + 1, 'the entry was changed: its hash is not that of the line')
    const problem = gap(last, entry)
    if (problem !== undefined) return broken(index + 1, problem)
    before = last
    last = entry
  }
  if (rest !== '') return broken(lines.length + 1, 'the entry is cut off: a write was interrupted, or it was cut')

  const problem = headProblem(head, last, before)
  if (problem !== undefined) return broken(Math.max(lines.length, 1), problem)
  return { ok: true, entries: lines.length, head: { seq: last.seq, hash: last.hash } }
}

function broken(line: number, problem: string): Verdict {
  return { ok: false, line, problem }
}

function gap(last: Head, { seq, previous }: AuditEntry): string | undefined {
  const expected = last.seq + 1
  if (seq < expected) return `the entry is number ${seq} where number ${expected} belongs: entries changed places`
  if (seq > expected) return `${range(expected, seq - 1)} missing before number ${seq}`
  if (previous !== last.hash) return 'the entry does not follow the one before it: one of the two was replaced'
  return undefined
}

function headProblem(head: Head | undefined, last: Head, before: Head): string | undefined {
  // A crash after the very first entry leaves no head.
  if (head === undefined) return last.seq > 1 ? 'the head, which is kept beside the log, is missing' : undefined
  if (head.seq > last.seq) return `${range(last.seq + 1, head.seq)} missing at the end`
  if (head.seq < before.seq) return `the head stands at number ${head.seq}, which is older than a crash leaves it`
  const named = head.seq === last.seq ? last : before
  return head.hash === named.hash ? undefined : `number ${head.seq} is not the entry that the head names`
}

function range(first: number, last: number): string {
  return first === last ? `entry ${first} is` : `entries ${first} to ${last} are`
}
