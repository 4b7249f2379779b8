import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import pLimit from 'p-limit'
import type { Actor, AuditRecord, FieldChange } from '../audit/entry.ts'
import type { Clock } from '../clock.ts'
import { AUTOMATION } from '../rollout/state.ts'
import { failureOf } from '../storage/files.ts'
import { type Credential, type NewCredential, RoleSchema, type Session } from './schemas.ts'

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
/** A credential as it is kept. */
export type KeptCredential = Readonly<Static<typeof KeptSchema>>
/** All of them, in the form that they are kept in. */
export const KeptCredentialsSchema = Type.Object({ version: Type.Literal(1), credentials: Type.Array(KeptSchema) })

/** Where the credentials are kept. */
export interface CredentialStorage {
  /** As they stand, as far as this process knows. */
  readonly kept: readonly KeptCredential[]
  /**
   * Finds out how they stand.
   *
   * @returns whether any were ever kept.
   * @throws when they cannot be used; the message holds nothing secret.
   */
  open(): Promise<boolean>
  /** What to do where none works any more, as a sentence. */
  readonly remedy: string
  /** Replaces them, and audits that, or throws and does neither. */
  replace(next: readonly KeptCredential[], entry: CredentialEntry): Promise<void>
}
/** What is audited of a change. */
export type CredentialEntry = Pick<AuditRecord, 'actor' | 'action' | 'routes' | 'reason' | 'changes'>

export type CreateResult =
  | { readonly outcome: 'created'; readonly credential: string }
  | { readonly outcome: 'refused'; readonly message: string }
export type RemoveResult =
  | { readonly outcome: 'removed' | 'unknown' }
  | { readonly outcome: 'refused'; readonly message: string }

/** A credential that has not ended. */
export interface Standing {
  readonly session: Session
  /** What is kept of it, as secret as the file that it is kept in. */
  readonly digest: string
}

/** Who may use the admin API. Only hashes are kept; changes are audited, or not made. */
export interface Credentials {
  /** Who a credential is of; undefined when it is nobody's, or has ended. Takes the same time for every one. */
  verify(credential: string): Session | undefined
  /** The credential of that name; undefined when there is none, or when it has ended. */
  standing(name: string): Standing | undefined
  list(): Credential[]
  /** Makes a credential. The first operator ends the temporary one. Never rejects. */
  create(wanted: NewCredential, by: Actor): Promise<CreateResult>
  /** Removes one, but not the last that can make others. Never rejects. */
  remove(name: string, by: Actor): Promise<RemoveResult>
}

export interface CredentialsOptions {
  readonly storage: CredentialStorage
  readonly clock: Clock
  readonly logger: { error(bindings: object, message: string): void }
  /** Is told the credential of a first start. Without it nobody would know, so none is made. */
  readonly announce?: ((line: string) => void) | undefined
}

/**
 * Opens the credentials. Where there were never any it makes one, of an operator, that ends after a day or with the next
 * operator's. Never rejects: where they cannot be used nobody may enter.
 */
export async function openCredentials(options: CredentialsOptions): Promise<Credentials> {
  const credentials = new StoredCredentials(options)
  await credentials.open()
  return credentials
}

class StoredCredentials implements Credentials {
  readonly #options: CredentialsOptions
  readonly #exclusive = pLimit(1)

  constructor(options: CredentialsOptions) {
    this.#options = options
  }

  get #kept(): readonly KeptCredential[] {
    return this.#options.storage.kept
  }

  async open(): Promise<void> {
    const { storage, logger, announce } = this.#options
    try {
      if (!(await storage.open())) {
        if (announce !== undefined) await this.#createFirst(announce)
        return
      }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      logger.error({ problem }, 'the credentials of the admin API cannot be used: nobody may enter it')
      return
    }
    if (!this.#kept.some(kept => kept.role === 'operator' && !this.#hasEnded(kept))) {
      logger.error({ remedy: storage.remedy }, 'no operator credential of the admin API works any more')
    }
  }

  verify(credential: string): Session | undefined {
    const digest = Buffer.from(digestOf(credential), 'hex')
    let found: KeptCredential | undefined
    for (const kept of this.#kept) if (timingSafeEqual(digest, Buffer.from(kept.sha256, 'hex'))) found = kept
    return this.#sessionOf(found)
  }

  standing(name: string): Standing | undefined {
    const kept = this.#kept.find(each => each.name === name)
    const session = this.#sessionOf(kept)
    return kept === undefined || session === undefined ? undefined : { session, digest: kept.sha256 }
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

  #new(wanted: Pick<KeptCredential, 'name' | 'role' | 'temporary'>): {
    readonly kept: KeptCredential
    readonly credential: string
  } {
    const credential = `${PREFIX}${randomBytes(BITS / 8).toString('base64url')}`
    const created = new Date(this.#options.clock.now()).toISOString()
    return { kept: { ...wanted, created, sha256: digestOf(credential) }, credential }
  }

  /** @returns why it was not made. */
  async #change(next: readonly KeptCredential[], actor: Actor, action: string): Promise<string | undefined> {
    const entry = { actor, action, routes: [], reason: '', changes: changesOf(this.#kept, next) }
    try {
      await this.#options.storage.replace(next, entry)
      return undefined
    } catch (error) {
      return `nothing was changed, since it cannot be recorded (${failureOf(error)})`
    }
  }

  #sessionOf(kept: KeptCredential | undefined): Session | undefined {
    if (kept === undefined || this.#hasEnded(kept)) return undefined
    const { name, role, temporary } = kept
    return temporary ? { name, role, expires: new Date(endOf(kept)).toISOString() } : { name, role }
  }

  #hasEnded(kept: KeptCredential): boolean {
    return kept.temporary && this.#options.clock.now() >= endOf(kept)
  }
}

/** Who came and who went. */
export function changesOf(before: readonly KeptCredential[], after: readonly KeptCredential[]): FieldChange[] {
  const gone = before.filter(({ name }) => !after.some(kept => kept.name === name))
  const come = after.filter(({ name }) => !before.some(kept => kept.name === name))
  return [
    ...gone.map(({ name, role }) => ({ path: `/credentials/${name}`, from: role })),
    ...come.map(({ name, role }) => ({ path: `/credentials/${name}`, to: role }))
  ]
}

function endOf({ created }: KeptCredential): number {
  return Date.parse(created) + TEMPORARY_MS
}

function digestOf(credential: string): string {
  return hash('sha256', credential)
}

function refusal(message: string): { readonly outcome: 'refused'; readonly message: string } {
  return { outcome: 'refused', message }
}
