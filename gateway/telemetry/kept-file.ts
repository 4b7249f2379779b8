import { mkdir, readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { failureOf, type Files, replaceFile } from '../storage/files.ts'

export interface KeptFileOptions<T extends TSchema> {
  readonly file: string
  readonly schema: T
  readonly files: Files
  readonly logger: { error(bindings: object, message: string): void }
}

/**
 * One value in a file that is replaced as a whole. For what would be a pity to lose and no more: nothing here rejects, and
 * what cannot be read or written is told once.
 */
export class KeptFile<T extends TSchema> {
  readonly #options: KeptFileOptions<T>
  #problem: string | undefined

  constructor(options: KeptFileOptions<T>) {
    this.#options = options
  }

  /** Undefined when there is none, or it is not of the schema: then it is begun anew. */
  async load(): Promise<Static<T> | undefined> {
    const { file, schema } = this.#options
    try {
      const value: unknown = JSON.parse(await readFile(file, 'utf8'))
      if (Value.Check(schema, value)) return value
      this.#tell('it is not of its schema', 'cannot be read, and is begun anew')
    } catch (error) {
      const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      const why = error instanceof SyntaxError ? 'it is no JSON' : failureOf(error)
      if (!isAbsent) this.#tell(why, 'cannot be read, and is begun anew')
    }
    return undefined
  }

  async save(value: Static<T>): Promise<void> {
    const { file, files } = this.#options
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await replaceFile(files, file, `${JSON.stringify(value)}\n`)
      this.#problem = undefined
    } catch (error) {
      this.#tell(failureOf(error), 'cannot be kept')
    }
  }

  #tell(problem: string, what: string): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#options.logger.error({ problem }, `${basename(this.#options.file)} ${what}`)
  }
}
