import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Audit } from '../audit/audit.ts'
import { failureOf, type Files } from '../storage/files.ts'
import {
  changesOf,
  type CredentialEntry,
  type CredentialStorage,
  type KeptCredential,
  KeptCredentialsSchema
} from './credentials.ts'

export const CREDENTIALS_FILE = 'credentials.json'

export interface CredentialFileOptions {
  /** Where `credentials.json` is. */
  readonly directory: string
  readonly audit: Audit
  readonly files: Files
}

/** The credentials of a state directory. */
export class CredentialFile implements CredentialStorage {
  kept: readonly KeptCredential[] = []
  readonly remedy = `remove ${CREDENTIALS_FILE} from the state directory and start again for a new one`
  readonly #options: CredentialFileOptions
  readonly #file: string

  constructor(options: CredentialFileOptions) {
    this.#options = options
    this.#file = join(options.directory, CREDENTIALS_FILE)
  }

  async open(): Promise<boolean> {
    try {
      await mkdir(this.#options.directory, { recursive: true, mode: 0o700 })
      const text = await textOf(this.#file)
      if (text === undefined) return false
      const content: unknown = JSON.parse(text)
      if (!Value.Check(KeptCredentialsSchema, content)) throw new Error('it is not of its schema')
      this.kept = content.credentials
      return true
    } catch (error) {
      const why = error instanceof SyntaxError ? 'it is no JSON' : failureOf(error)
      throw new Error(`${CREDENTIALS_FILE}: ${why}`, { cause: error })
    }
  }

  /** Lays the file ready, audits, and puts it in place: what is not audited is not made. */
  async replace(next: readonly KeptCredential[], entry: CredentialEntry): Promise<void> {
    const { audit, files } = this.#options
    const content: Static<typeof KeptCredentialsSchema> = { version: 1, credentials: [...next] }
    const prepared = `${this.#file}.next`
    await using undo = new AsyncDisposableStack()
    await files.write(prepared, `${JSON.stringify(content, undefined, 2)}\n`)
    undo.defer(() => files.remove(prepared))
    await audit.append(entry)
    undo.defer(async () => {
      await audit.append({ ...entry, action: 'credential.undo', changes: changesOf(next, this.kept) })
    })
    await files.move(prepared, this.#file)
    undo.move()
    this.kept = next
  }
}

/** Undefined when there is no file. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
