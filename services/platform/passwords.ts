import { hash, parseOptions, verify } from '@node-rs/bcrypt'
import pLimit from 'p-limit'
import { TryLater } from './errors.ts'

const DEFAULT_COST = 12
const MIN_COST = 4
/** About 2 s a hash: a cost beyond this is a mistake. */
const MAX_COST = 15

const MIN_CHARACTERS = 8
/** bcrypt reads no further. */
const MAX_BYTES = 72

/** Hashes run in libuv's pool of four threads, which DNS and the file system share: half of it stays theirs. */
const CONCURRENCY = 2

/** Tasks that may wait for a turn: some 15 s of work at the default cost, about as long as a person waits. */
const MAX_WAITING = 100

export interface PasswordCheck {
  readonly matches: boolean
  /** The same password's hash of today's cost, when it matches and the stored hash is below. */
  readonly replacement?: string
}

export interface Passwords {
  /** Why a new password cannot be taken; undefined when it can. */
  problemWith(password: string): string | undefined
  /** @throws TryLater (503) when too many wait already */
  hash(password: string): Promise<string>
  /**
   * Whether the password matches the stored hash. A mismatch costs the same work whatever is stored, and also when
   * nothing is, unless the stored hash's cost is above the configured one.
   *
   * @param admit asked when the turn has come; the check fails with what it throws, before any work
   * @throws TryLater (503) when too many wait already
   */
  check(password: string, stored: string | undefined, admit?: () => Promise<void>): Promise<PasswordCheck>
}

/**
 * bcrypt (`$2b$`), as the legacy stores it, off the event loop.
 *
 * @param options.cost of new hashes, 4–15
 * @throws RangeError for any other cost
 */
export function createPasswords({ cost = DEFAULT_COST }: { readonly cost?: number } = {}): Passwords {
  if (!Number.isInteger(cost) || cost < MIN_COST || cost > MAX_COST) {
    throw new RangeError(`bcrypt cost is ${cost}; it must be a whole number from ${MIN_COST} to ${MAX_COST}`)
  }
  const limited = pLimit(CONCURRENCY)

  async function inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (limited.pendingCount >= MAX_WAITING) throw new TryLater(503, 'Service unavailable', 1)
    return limited(task)
  }

  async function compare(password: string, stored: string | undefined): Promise<PasswordCheck> {
    const storedCost = stored === undefined ? undefined : costOf(stored)
    // bcrypt would ignore what follows the 72nd byte. The legacy took longer passwords, so against a hash of its time
    // one is compared as the legacy does; a hash of ours was made of 72 bytes at most, which a longer one is not.
    const tooLong = Buffer.byteLength(password) > MAX_BYTES
    if (stored === undefined || storedCost === undefined || (tooLong && storedCost >= cost)) {
      await verify(password, unmatchable(cost))
      return { matches: false }
    }
    if (await verify(password, stored)) {
      return storedCost < cost && !tooLong
        ? { matches: true, replacement: await hash(password, { cost }) }
        : { matches: true }
    }
    // Each step of the cost doubles the work, so these add up to what is missing: 2^c + 2^c + 2^(c+1) + … = 2^cost.
    for (let step = storedCost; step < cost; step++) await verify(password, unmatchable(step))
    return { matches: false }
  }

  return {
    problemWith(password) {
      if (Array.from(password).length < MIN_CHARACTERS) return `Expected at least ${MIN_CHARACTERS} characters`
      if (Buffer.byteLength(password) > MAX_BYTES) return `Expected at most ${MAX_BYTES} bytes in UTF-8`
      return undefined
    },

    hash: password => inTurn(() => hash(password, { cost })),

    check: (password, stored, admit) =>
      inTurn(async () => {
        await admit?.()
        return compare(password, stored)
      })
  }
}

/** Undefined for what is not a bcrypt hash: it matches nothing. */
function costOf(stored: string): number | undefined {
  try {
    return parseOptions(stored).cost
  } catch {
    return undefined
  }
}

/** A well-formed hash that no known password has. */
function unmatchable(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
}
