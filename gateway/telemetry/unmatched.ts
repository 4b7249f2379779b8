import { LRUCache } from 'lru-cache'
import { parsePattern } from '../routing/pattern.ts'
import { DayCallers, DayCount } from './day-counts.ts'
import { shapeOf } from './path-shape.ts'

/** Shapes with segments that look like words. */
const MOST_GUESSED = 600
/** Shapes of known words only. */
const MOST_SAFE = 400
/** Distinct callers from which on a segment that looks like a word is taken for one. */
const CALLERS = 5

/** What callers asked for and no route matches, as shapes that name nobody. */
export interface UnmatchedShape {
  readonly method: string
  readonly path: string
  /** In the last 24 hours. */
  readonly requests: number
  /** Distinct buckets of the last 18 to 24 hours. */
  readonly callers: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
}

/**
 * The requests that no route matches, over the last 24 hours, in memory only: of what a client wrote nothing is kept.
 *
 * It holds at most a thousand shapes, 6 kB each. One that has to go is counted with the shape that has its words left out.
 */
export interface Unmatched {
  /** Counts one. @param now milliseconds since 1970; never decreasing. */
  see(now: number, method: string, url: string, bucket: number): void
  /** Takes the words of configured paths for words. */
  know(patterns: Iterable<string>): void
  /** All shapes, by volume, and how many requests there were in the last 24 hours. */
  read(now: number): { readonly shapes: UnmatchedShape[]; readonly requests: number }
}

interface Seen {
  readonly method: string
  readonly path: string
  /** The same without its guesses. */
  readonly safePath: string
  readonly count: DayCount
  readonly callers: DayCallers
  lastAt: number
}

export function createUnmatched(): Unmatched {
  let words: ReadonlySet<string> = new Set()
  const all = new DayCount()
  const safe = new LRUCache<string, Seen>({ max: MOST_SAFE })
  const guessed = new LRUCache<string, Seen>({
    max: MOST_GUESSED,
    disposeAfter: (seen, _key, reason) => {
      if (reason === 'evict') merge(entryOf(safe, seen.method, seen.safePath, seen.safePath), seen)
    }
  })

  return {
    see(now, method, url, bucket) {
      const shape = shapeOf(url, words)
      const entries = shape.guessed === shape.safe ? safe : guessed
      const entry = entryOf(entries, method, shape.guessed, shape.safe)
      all.add(now)
      entry.count.add(now)
      entry.callers.see(now, bucket)
      entry.lastAt = now
    },
    know(patterns) {
      words = new Set([...patterns].flatMap(pattern => parsePattern(pattern) ?? []).filter(word => /^[^:*]/.test(word)))
    },
    read(now) {
      const shown = new Map<string, Seen>()
      for (const seen of [...safe.values(), ...guessed.values()]) {
        const isCommon = seen.path === seen.safePath || seen.callers.count(now) >= CALLERS
        const path = isCommon ? seen.path : seen.safePath
        merge(entryOf(shown, seen.method, path, path), seen)
      }
      const shapes = [...shown.values()]
        .map(({ method, path, count, callers, lastAt }) => ({
          method,
          path,
          requests: count.sum(now),
          callers: callers.count(now),
          lastAt
        }))
        .filter(({ requests }) => requests > 0)
        .sort((a, b) => b.requests - a.requests)
      return { shapes, requests: all.sum(now) }
    }
  }
}

function entryOf(
  entries: { get(key: string): Seen | undefined; set(key: string, seen: Seen): unknown },
  method: string,
  path: string,
  safePath: string
): Seen {
  const key = `${method} ${path}`
  const known = entries.get(key)
  if (known !== undefined) return known
  const seen = { method, path, safePath, count: new DayCount(), callers: new DayCallers(), lastAt: 0 }
  entries.set(key, seen)
  return seen
}

function merge(into: Seen, from: Seen): void {
  into.count.merge(from.count)
  into.callers.merge(from.callers)
  into.lastAt = Math.max(into.lastAt, from.lastAt)
}
