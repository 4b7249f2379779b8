import { hash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { TryLater } from './errors.ts'

/** Counts within one window of time, each at least 1. */
export interface AttemptLimits {
  /** Milliseconds, at least 1000, from the first attempt of a count until it is forgotten. */
  readonly windowMs: number
  /** Failed logins on one account from one address. */
  readonly perAccountAndAddress: number
  /** Failed logins on one account, from wherever. */
  readonly perAccount: number
  /** Failed logins from one address, on whatever accounts: a whole hospital may share it. */
  readonly perAddress: number
  /** Registrations from one address. */
  readonly registrationsPerAddress: number
}

/** Far above what people do, far below what guessing needs. */
const DEFAULTS: AttemptLimits = {
  windowMs: 15 * 60_000,
  perAccountAndAddress: 10,
  perAccount: 100,
  perAddress: 1000,
  registrationsPerAddress: 500
}

/** Counts kept of one kind; beyond it the one longest untouched is forgotten. */
const MAX_KEYS = 50_000

const TOO_MANY_LOGINS = 'Too many login attempts. Please try again later.'
const TOO_MANY_REGISTRATIONS = 'Too many registrations. Please try again later.'

/** One try to log in on an account that may not exist. */
export interface LoginAttempt {
  /** Counts nothing. @throws TryLater (429) when there were too many failures */
  admit(): Promise<void>
  /** Counts as a failure until it `succeeded`: of attempts at once no more get through than one after the other. */
  begin(): Promise<void>
  succeeded(): Promise<void>
}

export interface Attempts {
  /** @param address the client's, IPv4 or IPv6 */
  login(account: string, address: string): LoginAttempt
  /** Counts one registration. @throws TryLater (429) when there were too many */
  registration(address: string): Promise<void>
}

/**
 * Limits on guessing passwords and on making accounts, counted in this process: each replica allows as much again, and a
 * restart forgets.
 *
 * Only failed logins count. Whoever has logged in from an address before is held back there only by failures on their
 * own account from that address; anyone else also by all such failures on the account and all from the address. So
 * neither an attacker elsewhere nor one behind the same NAT can lock people out of the place where they work.
 */
export function createAttempts(limits: Partial<AttemptLimits> = {}): Attempts {
  const { windowMs, perAccountAndAddress, perAccount, perAddress, registrationsPerAddress } = { ...DEFAULTS, ...limits }
  const pairs = createCounter(perAccountAndAddress, windowMs)
  const accounts = createCounter(perAccount, windowMs)
  const addresses = createCounter(perAddress, windowMs)
  const registrations = createCounter(registrationsPerAddress, windowMs)
  const knownPairs = new LRUCache<string, true>({ max: MAX_KEYS })

  return {
    login(account, address) {
      const network = networkOf(address)
      const pair = keyOf(account, network)
      const bounds: Bound[] = [[pairs, pair]]
      if (!knownPairs.has(pair)) bounds.push([accounts, keyOf(account)], [addresses, keyOf(network)])
      return {
        async admit() {
          for (const [counter, key] of bounds) refuseFor(await counter.wait(key), TOO_MANY_LOGINS)
        },
        async begin() {
          const taken: Bound[] = []
          for (const [counter, key] of bounds) {
            const wait = await counter.take(key)
            if (wait > 0) await giveBack(taken)
            refuseFor(wait, TOO_MANY_LOGINS)
            taken.push([counter, key])
          }
        },
        async succeeded() {
          await giveBack(bounds)
          await pairs.forget(pair)
          knownPairs.set(pair, true)
        }
      }
    },

    async registration(address) {
      refuseFor(await registrations.take(keyOf(networkOf(address))), TOO_MANY_REGISTRATIONS)
    }
  }
}

/** Waits are whole seconds, and 0 when nothing is in the way. */
interface Counter {
  wait(key: string): Promise<number>
  /** Counts one more, unless that would be one too many. */
  take(key: string): Promise<number>
  giveBack(key: string): Promise<void>
  forget(key: string): Promise<void>
}

type Bound = readonly [counter: Counter, key: string]

function createCounter(limit: number, windowMs: number): Counter {
  const limiter = new RateLimiterMemory({ points: limit, duration: windowMs / 1000 })
  // The limiter itself would keep every key until its window ends.
  const keys = new LRUCache<string, true>({
    max: MAX_KEYS,
    dispose(_value, key, reason) {
      if (reason === 'evict') void limiter.delete(key)
    }
  })
  return {
    async wait(key) {
      const count = await limiter.get(key)
      return count !== null && count.consumedPoints >= limit ? secondsOf(count) : 0
    },
    async take(key) {
      keys.set(key, true)
      const count = await limiter.penalty(key)
      if (count.consumedPoints <= limit) return 0
      await limiter.reward(key)
      return secondsOf(count)
    },
    async giveBack(key) {
      await limiter.reward(key)
    },
    async forget(key) {
      keys.delete(key)
      await limiter.delete(key)
    }
  }
}

function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(0, Math.ceil(msBeforeNext / 1000))
}

async function giveBack(bounds: readonly Bound[]): Promise<void> {
  for (const [counter, key] of bounds) await counter.giveBack(key)
}

function refuseFor(seconds: number, message: string): void {
  if (seconds > 0) throw new TryLater(429, message, seconds)
}

/** Of one length, however long the parts are. */
function keyOf(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64')
}

/** What stands for one client: an IPv4 address, or the /64 network out of which an IPv6 client picks its addresses. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address
  const [left = [], right = []] = address.split('::').map(part => part.split(':').filter(group => group !== ''))
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  return groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
