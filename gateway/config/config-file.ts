import { hash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Files, failureOf } from '../storage/files.ts'

const DIGEST_LENGTH = 12

/** What a file holds. */
export interface Content {
  readonly text: string
  /** Why there is no text, when there is none. */
  readonly failure?: string
}

export async function readContent(file: string): Promise<Content> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    return { text: '', failure: codeOf(error) }
  }
}

export function isSame(a: Content, b: Content): boolean {
  return a.text === b.text && a.failure === b.failure
}

/** The first 12 hexadecimal digits of the SHA-256 of a text. */
export function digestOf(text: string): string {
  return hash('sha256', text).slice(0, DIGEST_LENGTH)
}

/**
 * The next text of a file, lying ready beside it so that only a name has to move: what could fail for want of room or
 * right has been done, and a crash leaves either the old text and this, or the new text.
 */
export class PreparedFile {
  readonly #file: string
  readonly #next: string
  readonly #files: Files

  private constructor(file: string, files: Files) {
    this.#file = file
    this.#next = join(dirname(file), `.${basename(file)}.next`)
    this.#files = files
  }

  /** Follows symlinks: what is replaced is the file that they lead to. */
  static async of(file: string, files: Files): Promise<PreparedFile> {
    return new PreparedFile(await realpath(file).catch(() => file), files)
  }

  /** With the mode of the file that it will replace. */
  async write(text: string): Promise<void> {
    const { mode } = await stat(this.#file).catch(() => ({ mode: 0o644 }))
    await this.#files.write(this.#next, text, mode & 0o777)
  }

  /** What lies ready, if anything. */
  async text(): Promise<string | undefined> {
    const { text, failure } = await readContent(this.#next)
    return failure === undefined ? text : undefined
  }

  putInPlace(): Promise<void> {
    return this.#files.move(this.#next, this.#file)
  }

  discard(): Promise<void> {
    return this.#files.remove(this.#next)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : failureOf(error)
}
