import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import pLimit from 'p-limit'
import type { Audit } from '../audit/audit.ts'
import type { Actor, FieldChange } from '../audit/entry.ts'
import type { Clock } from '../clock.ts'
import { AUTOMATION } from '../rollout/state.ts'
import { durableFiles, failureOf, type Files } from '../storage/files.ts'
import { type Credential, type NewCredential, RoleSchema, type Session } from './schemas.ts'

export const CREDENTIALS_FILE = 'credentials.json'
export const FIRST_START = 'first-start'
const TEMPORARY_MS = 24 * 3_600_000
const PREFIX = 'sgw_'
const BITS = 256
const SYSTEM: Actor = { kind: 'system', name: 'gateway' }

const KeptSchema = Type.Object({
  name: Type.String(),
  role: RoleSchema,
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  created: Type.String(),
  temporary: Type.Boolean()
})
type Kept = Readonly<Static<typeof KeptSchema>>
const FileSchema = Type.Object({ version: Type.Literal(1), credentials: Type.Array(KeptSchema) })

export type CreateResult =
  | { readonly outcome: 'created'; readonly credential: string }
  | { readonly outcome: 'refused'; readonly message: string }
export type RemoveResult =
  | { readonly outcome: 'removed' | 'unknown' }
  | { readonly outcome: 'refused'; readonly message: string }

/** Who may use the admin API. Only hashes are kept; changes are audited, or not made. */
export interface Credentials {
  /** Who a credential is of; undefined when it is nobody's, or has ended. Takes the same time for every one. */
  verify(credential: string): Session | undefined
  list(): Credential[]
  /** Makes a credential. The first operator ends the temporary one. Never rejects. */
  create(wanted: NewCredential, by: Actor): Promise<CreateResult>
  /** Removes one, but not the last that can make others. Never rejects. */
  remove(name: string, by: Actor): Promise<RemoveResult>
}

export interface CredentialsOptions {
  /** Where `credentials.json` is. */
  readonly directory: string
  readonly audit: Audit
  readonly clock: Clock
  readonly logger: { error(bindings: object, message: string): void }
  /** Is told the credential of a first start. Without it nobody would know, so none is made. */
  readonly announce?: ((line: string) => void) | undefined
  readonly files?: Files
}

/**
 * Opens the credentials of a state directory. Where there is no file yet it makes one, with an operator credential that
 * ends after a day or with the next operator's. Never rejects: where the file cannot be used nobody may enter.
 */
export async function openCredentials(options: CredentialsOptions): Promise<Credentials> {
  const credentials = new FileCredentials(options)
  await credentials.open()
  return credentials
}

class FileCredentials implements Credentials {
  readonly #options: CredentialsOptions
  readonly #file: string
  readonly #files: Files
  readonly #exclusive = pLimit(1)
  #kept: readonly Kept[] = []

  constructor(options: CredentialsOptions) {
    this.#options = options
    this.#file = join(options.directory, CREDENTIALS_FILE)
    this.#files = options.files ?? durableFiles
  }

  async open(): Promise<void> {
    const { directory, logger, announce } = this.#options
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const text = await textOf(this.#file)
      if (text === undefined) {
        if (announce !== undefined) await this.#createFirst(announce)
        return
      }
      const content: unknown = JSON.parse(text)
      if (!Value.Check(FileSchema, content)) throw new Error('it is not of its schema')
      this.#kept = content.credentials
    } catch (error) {
      const problem = `${CREDENTIALS_FILE}: ${error instanceof SyntaxError ? 'it is no JSON' : failureOf(error)}`
      logger.error({ problem }, 'the credentials of the admin API cannot be used: nobody may enter it')
      return
    }
    if (!this.#kept.some(kept => kept.role === 'operator' && !this.#hasEnded(kept))) {
      const remedy = `remove ${CREDENTIALS_FILE} from the state directory and start again for a new one`
      logger.error({ remedy }, 'no operator credential of the admin API works any more')
    }
  }

  verify(credential: string): Session | undefined {
    const digest = Buffer.from(digestOf(credential), 'hex')
    let found: Kept | undefined
    for (const kept of this.#kept) if (timingSafeEqual(digest, Buffer.from(kept.sha256, 'hex'))) found = kept
    if (found === undefined || this.#hasEnded(found)) return undefined
    const { name, role, temporary } = found
    return temporary ? { name, role, expires: new Date(endOf(found)).toISOString() } : { name, role }
  }

  list(): Credential[] {
    const standing = this.#kept.filter(kept => !this.#hasEnded(kept))
    return standing.map(({ name, role, created, temporary }) => ({ name, role, created, temporary }))
  }

  create({ name, role }: NewCredential, by: Actor): Promise<CreateResult> {
    return this.#exclusive(async () => {
      const standing = this.#kept.filter(kept => !this.#hasEnded(kept))
      if (name === AUTOMATION) return refusal(`the name "${name}" is the rollout controller's: choose another`)
      if (standing.some(kept => kept.name === name)) {
        return refusal(`there is a credential "${name}" already: choose another name, or delete that one first`)
      }
      const { kept, credential } = this.#new({ name, role, temporary: false })
      const remaining = role === 'operator' ? standing.filter(({ temporary }) => !temporary) : standing
      const problem = await this.#change([...remaining, kept], by, 'credential.create')
      return problem === undefined ? { outcome: 'created', credential } : refusal(problem)
    })
  }

  remove(name: string, by: Actor): Promise<RemoveResult> {
    return this.#exclusive(async () => {
      const removed = this.#kept.find(kept => kept.name === name)
      if (removed === undefined) return { outcome: 'unknown' }
      const remaining = this.#kept.filter(kept => kept !== removed)
      const isLast = !remaining.some(({ role, temporary }) => role === 'operator' && !temporary)
      if (removed.role === 'operator' && isLast) {
        return refusal(`"${name}" is the last operator credential: make another operator first`)
      }
      const problem = await this.#change(remaining, by, 'credential.delete')
      return problem === undefined ? { outcome: 'removed' } : refusal(problem)
    })
  }

  async #createFirst(announce: (line: string) => void): Promise<void> {
    const { kept, credential } = this.#new({ name: FIRST_START, role: 'operator', temporary: true })
    const problem = await this.#change([kept], SYSTEM, 'credential.create')
    if (problem !== undefined) throw new Error(problem)
    announce(`operator credential "${FIRST_START}", for 24 hours, not shown again: ${credential}`)
  }

  #new(wanted: Pick<Kept, 'name' | 'role' | 'temporary'>): { readonly kept: Kept; readonly credential: string } {
    const credential = `${PREFIX}${randomBytes(BITS / 8).toString('base64url')}`
    const created = new Date(this.#options.clock.now()).toISOString()
    return { kept: { ...wanted, created, sha256: digestOf(credential) }, credential }
  }

  /**
   * Lays the file ready, audits, and puts it in place: what is not audited is not made.
   *
   * @returns why it was not made.
   */
  async #change(next: readonly Kept[], actor: Actor, action: string): Promise<string | undefined> {
    const { audit } = this.#options
    const content: Static<typeof FileSchema> = { version: 1, credentials: [...next] }
    const prepared = `${this.#file}.next`
    const entry = { actor, action, routes: [], reason: '' }
    try {
      await using undo = new AsyncDisposableStack()
      await this.#files.write(prepared, `${JSON.stringify(content, undefined, 2)}\n`)
      undo.defer(() => this.#files.remove(prepared))
      await audit.append({ ...entry, changes: changesOf(this.#kept, next) })
      undo.defer(async () => {
        await audit.append({ ...entry, action: 'credential.undo', changes: changesOf(next, this.#kept) })
      })
      await this.#files.move(prepared, this.#file)
      undo.move()
    } catch (error) {
      return `nothing was changed, since it cannot be recorded (${failureOf(error)})`
    }
    this.#kept = next
    return undefined
  }

  #hasEnded(kept: Kept): boolean {
    return kept.temporary && this.#options.clock.now() >= endOf(kept)
  }
}

function changesOf(before: readonly Kept[], after: readonly Kept[]): FieldChange[] {
  const gone = before.filter(({ name }) => !after.some(kept => kept.name === name))
  const come = after.filter(({ name }) => !before.some(kept => kept.name === name))
  return [
    ...gone.map(({ name, role }) => ({ path: `/credentials/${name}`, from: role })),
    ...come.map(({ name, role }) => ({ path: `/credentials/${name}`, to: role }))
  ]
}

function endOf({ created }: Kept): number {
  return Date.parse(created) + TEMPORARY_MS
}

function digestOf(credential: string): string {
  return hash('sha256', credential)
}

function refusal(message: string): { readonly outcome: 'refused'; readonly message: string } {
  return { outcome: 'refused', message }
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
