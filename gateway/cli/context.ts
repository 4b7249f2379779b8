import type { Client } from './client.ts'
import type { Io } from './io.ts'
import { type Paint, painterOf } from './output/paint.ts'

/** Of every command. */
export interface CommonOptions {
  readonly json?: boolean
}

/** Of every command that asks the gateway. */
export interface ApiOptions extends CommonOptions {
  readonly url?: string
  readonly credentialFile?: string
}

/** What every command works with. */
export interface Context {
  readonly io: Io
  readonly isJson: boolean
  /** The admin API. Rejects with a CliError when a credential is missing. */
  client(): Promise<Client>
  /** Prints the result: the document with `--json`, else the text. */
  show(document: unknown, text: (paint: Paint) => string): void
  /** Tells people something beside the result, on stderr. */
  note(text: (paint: Paint) => string): void
}

export function createContext(io: Io, options: ApiOptions): Context {
  const { json: isJson = false } = options
  return {
    io,
    isJson,
    async client() {
      const [{ accessOf }, { createClient }] = await Promise.all([import('./access.ts'), import('./client.ts')])
      return createClient(await accessOf(io.env, options))
    },
    show(document, text) {
      io.stdout.write(isJson ? `${JSON.stringify(document, undefined, 2)}\n` : `${text(painterOf(io.stdout))}\n`)
    },
    note(text) {
      io.stderr.write(`${text(painterOf(io.stderr))}\n`)
    }
  }
}
