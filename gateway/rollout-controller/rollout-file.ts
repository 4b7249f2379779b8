import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { failureOf, type Files, replaceFile } from '../storage/files.ts'
import { type RolloutRecord, type RolloutRecords, RolloutRecordSchema } from './records.ts'

const NAME = 'rollouts.json'

const FileSchema = Type.Object({ version: Type.Literal(1), groups: Type.Record(Type.String(), RolloutRecordSchema) })

export interface RolloutFileOptions {
  readonly directory: string
  readonly files: Files
  readonly logger: { error(bindings: object, message: string): void }
}

/** The rollouts of a state directory, in one file that is replaced as a whole. */
export class RolloutFile implements RolloutRecords {
  readonly #options: RolloutFileOptions
  readonly #file: string
  #problem: string | undefined

  constructor(options: RolloutFileOptions) {
    this.#options = options
    this.#file = join(options.directory, NAME)
  }

  /**
   * The records by group. A file that is not of this version, or was damaged from outside, is kept aside: its rollouts
   * stand where their weights do, and nothing moves by itself.
   */
  async load(): Promise<Map<string, RolloutRecord>> {
    const { files, logger } = this.#options
    const text = await readFile(this.#file, 'utf8').catch(() => undefined)
    if (text === undefined) return new Map()
    const value = parsed(text)
    if (Value.Check(FileSchema, value)) return new Map(Object.entries(value.groups))
    const aside = `${this.#file}.damaged`
    const kept = await files.move(this.#file, aside).then(
      () => `it is kept as ${NAME}.damaged`,
      (error: unknown) => `it could not be kept (${failureOf(error)})`
    )
    logger.error({ file: NAME }, `the rollouts that were kept cannot be read; ${kept}, and every rollout is idle`)
    return new Map()
  }

  /** @throws when it cannot be written whole; then the file is as it was. */
  async save(records: ReadonlyMap<string, RolloutRecord>): Promise<void> {
    const { directory, files } = this.#options
    const content: Static<typeof FileSchema> = { version: 1, groups: Object.fromEntries(records) }
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await replaceFile(files, this.#file, `${JSON.stringify(content)}\n`)
      this.#problem = undefined
    } catch (error) {
      const problem = failureOf(error)
      if (problem !== this.#problem) this.#options.logger.error({ problem }, 'the rollouts cannot be kept')
      this.#problem = problem
      throw error
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
