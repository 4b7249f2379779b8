import { BUCKETS } from '../routing/bucket.ts'
import type { Route } from '../routing/route.ts'

const SLOT_MS = 300_000
/** An hour, and the slot that is running. */
const SLOTS = 13
const BYTES = BUCKETS / 8

/**
 * Which buckets each route has seen in the last hour, in sets of 5 minutes: 16 kB a route, whatever the number of callers.
 * What a plan counts on.
 */
export interface HourCallers {
  /** @param at milliseconds since 1970; one that the hour before the latest has no place for any more is left out. */
  see(at: number, routeId: string, bucket: number): void
  /** The distinct buckets of the last hour, ascending. */
  seen(routeId: string, now: number): number[]
  /** Forgets every route but these, and those whose group changed: its callers have other buckets. */
  keep(routes: readonly Pick<Route, 'id' | 'group'>[]): void
}

interface Ring {
  readonly sets: Uint8Array
  /** The number of the slot that stands at each place. */
  readonly slots: Float64Array
}

export function createHourCallers(): HourCallers {
  const rings = new Map<string, Ring>()
  let groups = new Map<string, string>()
  const ringOf = (routeId: string) => {
    const ring = { sets: new Uint8Array(SLOTS * BYTES), slots: new Float64Array(SLOTS) }
    rings.set(routeId, ring)
    return ring
  }
  return {
    see(at, routeId, bucket) {
      const { sets, slots } = rings.get(routeId) ?? ringOf(routeId)
      const slot = Math.floor(at / SLOT_MS)
      const place = slot % SLOTS
      const standing = slots[place] ?? 0
      if (slot < standing) return
      if (slot > standing) {
        slots[place] = slot
        sets.fill(0, place * BYTES, (place + 1) * BYTES)
      }
      const byte = place * BYTES + (bucket >>> 3)
      sets[byte] = (sets[byte] ?? 0) | (1 << (bucket & 7))
    },
    seen(routeId, now) {
      const ring = rings.get(routeId)
      if (ring === undefined) return []
      const first = Math.floor(now / SLOT_MS) - (SLOTS - 1)
      const places = [...ring.slots.entries()].filter(([, slot]) => slot >= first).map(([place]) => place)
      const has = (bucket: number) =>
        places.some(place => ((ring.sets[place * BYTES + (bucket >>> 3)] ?? 0) & (1 << (bucket & 7))) !== 0)
      return Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(has)
    },
    keep(routes) {
      const now = new Map(routes.map(({ id, group }) => [id, group]))
      for (const routeId of rings.keys()) if (now.get(routeId) !== groups.get(routeId)) rings.delete(routeId)
      groups = now
    }
  }
}
