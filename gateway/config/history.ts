import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ActorSchema, type FieldChange, FieldChangeSchema } from '../audit/entry.ts'
import type { Files } from '../storage/files.ts'
import { diffTexts } from './diff.ts'

/** A revision as it was made: who, when, why and what. */
export const RevisionRecordSchema = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  digest: Type.String({ description: 'The first 12 hexadecimal digits of the SHA-256 of the text.' }),
  at: Type.String({ description: 'ISO 8601, in UTC.' }),
  actor: ActorSchema,
  reason: Type.String(),
  changes: Type.Array(FieldChangeSchema, { description: 'Against the revision before.' })
})
export type RevisionRecord = Readonly<Static<typeof RevisionRecordSchema>>

/** A record as it is kept, with the text, and the digest of what the file held when the text was to replace it. */
const KeptRevisionSchema = Type.Composite([
  RevisionRecordSchema,
  Type.Object({ text: Type.String(), replaces: Type.Optional(Type.String()) })
])
export type KeptRevision = Readonly<Static<typeof KeptRevisionSchema>>

/** The revisions that there have been. Its methods reject when the directory cannot be read. */
export interface ConfigHistory {
  /** Newest first, at most `limit`, only those whose number is lower than `before`. */
  list(range: { readonly limit: number; readonly before?: number }): Promise<RevisionRecord[]>
  /** The text of a revision; undefined when it is not kept. */
  text(number: number): Promise<string | undefined>
  /** What became different from one revision to another, either way round; undefined when one is not kept. */
  diff(from: number, to: number): Promise<FieldChange[] | undefined>
}

const FILE = /^(\d{6,})\.json$/

/** The revisions in a directory, a file each: `000001.json`. */
export class FileHistory implements ConfigHistory {
  readonly #directory: string
  readonly #files: Files

  constructor(directory: string, files: Files) {
    this.#directory = directory
    this.#files = files
  }

  async list({ limit, before = Infinity }: { limit: number; before?: number }): Promise<RevisionRecord[]> {
    const numbers = (await this.numbers()).filter(number => number < before).slice(0, limit)
    const kept = await Promise.all(numbers.map(number => this.get(number)))
    return kept.flatMap(revision => (revision === undefined ? [] : [recordOf(revision)]))
  }

  async text(number: number): Promise<string | undefined> {
    return (await this.get(number))?.text
  }

  async diff(from: number, to: number): Promise<FieldChange[] | undefined> {
    const [before, after] = await Promise.all([this.text(from), this.text(to)])
    return before === undefined || after === undefined ? undefined : diffTexts(before, after)
  }

  /** Of every revision that there is a file of, newest first. */
  async numbers(): Promise<number[]> {
    const names = await readdir(this.#directory).catch(orNothing([]))
    return names
      .flatMap(name => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a)
  }

  /** Undefined when there is none, or only half of it. */
  async get(number: number): Promise<KeptRevision | undefined> {
    const text = await readFile(this.#path(number), 'utf8').catch(orNothing(''))
    const kept = parsed(text)
    return Value.Check(KeptRevisionSchema, kept) ? kept : undefined
  }

  /** @throws when there is one of this number, or it cannot be written; then there is nothing of it. */
  async add(revision: KeptRevision): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#files.create(this.#path(revision.number), `${JSON.stringify(revision, undefined, 2)}\n`)
  }

  remove(number: number): Promise<void> {
    return this.#files.remove(this.#path(number))
  }

  #path(number: number): string {
    return join(this.#directory, `${String(number).padStart(6, '0')}.json`)
  }
}

/** The record without the text. */
export function recordOf({ number, digest, at, actor, reason, changes }: KeptRevision): RevisionRecord {
  return { number, digest, at, actor, reason, changes }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const orNothing =
  <T>(nothing: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return nothing
    throw error
  }
