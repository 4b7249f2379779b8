import { type Reason, REASONS } from '../routing/route.ts'
import type { EndedRequests } from './usage-counter.ts'

const SLOT_MS = 10_000
/** An hour, and the slot that is running. */
const SLOTS = 361
/** For each reason: on native, upstream. */
const CELLS = REASONS.length * 2
const CELL_OF = Object.fromEntries(REASONS.map((reason, index) => [reason, index * 2]))

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000

export interface Counted {
  readonly native: number
  readonly legacy: number
  /** By what decided; only what there was. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>>
}

/** How many requests of each route ended in the last hour, by what decided their target: 23 kB a route. */
export interface Traffic {
  /** @param at milliseconds since 1970; one that the hour before the latest has no place for any more is left out. */
  count(at: number, ended: EndedRequests): void
  /** What ended within the last so many milliseconds, in whole slots of 10 s. */
  sum(routeId: string, milliseconds: number, now: number): Counted
  /** Forgets every route but these. */
  keep(routeIds: Iterable<string>): void
}

interface Ring {
  readonly counts: Uint32Array
  /** The number of the slot that stands at each place. */
  readonly slots: Float64Array
}

export function createTraffic(): Traffic {
  const rings = new Map<string, Ring>()
  const ringOf = (routeId: string) => {
    const ring = { counts: new Uint32Array(SLOTS * CELLS), slots: new Float64Array(SLOTS) }
    rings.set(routeId, ring)
    return ring
  }
  return {
    count(at, { routeId, side, reason, requests }) {
      const { counts, slots } = rings.get(routeId) ?? ringOf(routeId)
      const slot = Math.floor(at / SLOT_MS)
      const place = slot % SLOTS
      const standing = slots[place] ?? 0
      if (slot < standing) return
      if (slot > standing) {
        slots[place] = slot
        counts.fill(0, place * CELLS, (place + 1) * CELLS)
      }
      const cell = place * CELLS + (CELL_OF[reason] ?? 0) + (side === 'native' ? 0 : 1)
      counts[cell] = (counts[cell] ?? 0) + requests
    },
    sum(routeId, milliseconds, now) {
      const sums = Array.from({ length: CELLS }, () => 0)
      const ring = rings.get(routeId)
      const first = Math.floor((now - milliseconds) / SLOT_MS)
      ring?.slots.forEach((slot, place) => {
        if (slot < first) return
        for (let cell = 0; cell < CELLS; cell++)
          sums[cell] = (sums[cell] ?? 0) + (ring.counts[place * CELLS + cell] ?? 0)
      })
      return countedOf(sums)
    },
    keep(routeIds) {
      const kept = new Set(routeIds)
      for (const routeId of rings.keys()) if (!kept.has(routeId)) rings.delete(routeId)
    }
  }
}

function countedOf(sums: readonly number[]): Counted {
  const sides = REASONS.map((reason, index) => ({
    reason,
    native: sums[index * 2] ?? 0,
    legacy: sums[index * 2 + 1] ?? 0
  }))
  const some = sides.filter(({ native, legacy }) => native + legacy > 0)
  return {
    native: some.reduce((sum, { native }) => sum + native, 0),
    legacy: some.reduce((sum, { legacy }) => sum + legacy, 0),
    reasons: Object.fromEntries(some.map(({ reason, native, legacy }) => [reason, native + legacy]))
  }
}
