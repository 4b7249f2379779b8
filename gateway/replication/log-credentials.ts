import type { Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import {
  type CredentialEntry,
  type CredentialStorage,
  type KeptCredential,
  KeptCredentialsSchema
} from '../admin/credentials.ts'
import { parsed } from '../audit/chain.ts'
import type { Follower } from './follower.ts'
import type { SharedLog } from './shared-log.ts'

/** The name of the credentials among the log's documents. */
export const CREDENTIALS = 'credentials'

/** The credentials that all replicas have in common. A change is in force on each as soon as it follows the log. */
export class LogCredentials implements CredentialStorage {
  readonly remedy = 'remove the routing store, or put a configuration of credentials that works into it'
  readonly #shared: SharedLog
  readonly #follower: Follower
  /** What was read last, with what it was read from. */
  #read: { readonly version: number; readonly kept: readonly KeptCredential[] } = { version: 0, kept: [] }

  constructor(shared: SharedLog, follower: Follower) {
    this.#shared = shared
    this.#follower = follower
  }

  get kept(): readonly KeptCredential[] {
    const entry = this.#follower.entry(CREDENTIALS)
    const version = entry?.versions[CREDENTIALS] ?? 0
    if (version !== this.#read.version) this.#read = { version, kept: credentialsOf(entry?.document?.text ?? '') }
    return this.#read.kept
  }

  async open(): Promise<boolean> {
    await this.#follower.refresh().catch(() => {
      throw new Error('the routing store does not answer')
    })
    return this.#follower.entry(CREDENTIALS) !== undefined
  }

  async replace(next: readonly KeptCredential[], record: CredentialEntry): Promise<void> {
    const content: Static<typeof KeptCredentialsSchema> = { version: 1, credentials: [...next] }
    const expected = this.#read.version
    const result = await this.#shared.append({
      record,
      document: { name: CREDENTIALS, expected, text: JSON.stringify(content) }
    })
    await this.#follower.refresh()
    if (result.outcome !== 'appended') throw new Error('they were changed elsewhere at the same moment: try again')
  }
}

function credentialsOf(text: string): readonly KeptCredential[] {
  const content = parsed(text)
  return Value.Check(KeptCredentialsSchema, content) ? content.credentials : []
}
