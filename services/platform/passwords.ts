import { hash, parseOptions, verify } from '@node-rs/bcrypt'
import { limit } from './limit.ts'

const DEFAULT_COST = 12
const MIN_COST = 4
/** About 2 s a hash: a cost beyond this is a mistake. */
const MAX_COST = 15

const MIN_CHARACTERS = 8
/** bcrypt reads no further. */
const MAX_BYTES = 72

/** Hashes run in libuv's pool of four threads, which DNS and the file system share: half of it stays theirs. */
const CONCURRENCY = 2

export interface Passwords {
  /** Why a new password cannot be taken; undefined when it can. */
  problemWith(password: string): string | undefined
  hash(password: string): Promise<string>
  /** Whether the password matches the stored hash, and whether that hash should be replaced with one of today's cost. */
  check(password: string, stored: string): Promise<{ matches: boolean; outdated: boolean }>
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
  const limited = limit(CONCURRENCY)

  return {
    problemWith(password) {
      if (Array.from(password).length < MIN_CHARACTERS) return `Expected at least ${MIN_CHARACTERS} characters`
      if (Buffer.byteLength(password) > MAX_BYTES) return `Expected at most ${MAX_BYTES} bytes in UTF-8`
      return undefined
    },

    hash: password => limited(() => hash(password, { cost })),

    async check(password, stored) {
      const outdated = isBelow(cost, stored)
      // bcrypt would ignore what follows the 72nd byte. The legacy took longer passwords, so against a hash of its time
      // one is compared as the legacy does; a hash of ours was made of 72 bytes at most, which a longer one is not.
      const tooLong = Buffer.byteLength(password) > MAX_BYTES
      if (tooLong && !outdated) return { matches: false, outdated: false }
      const matches = await limited(() => verify(password, stored))
      return { matches, outdated: matches && outdated && !tooLong }
    }
  }
}

function isBelow(cost: number, stored: string): boolean {
  try {
    return parseOptions(stored).cost < cost
  } catch {
    // Not a bcrypt hash: it matches nothing, and there is nothing to upgrade.
    return false
  }
}
