import { BUCKETS } from '../routing/bucket.ts'

export type Side = 'native' | 'legacy'

/**
 * Which buckets have been seen on which side of each route since its weight last changed: 2.5 kB a route, whatever the
 * number of callers. Sets of several replicas merge by union.
 */
export interface Callers {
  /**
   * Notes a caller whose side was decided under that revision. One of before the last `reset` is left out: a request
   * that began under the old weight and ended under the new one was rightly on the old side.
   *
   * Leave out requests whose side the weight was not meant to decide: the reasons `override`, `cohort`, `no-native`,
   * `native-only` and `unmatched`. With `kill-switch` and `breaker` the realised share does differ from the weight.
   */
  see(routeId: string, revision: number, side: Side, bucket: number): void
  /** How many distinct buckets each side has seen. */
  count(routeId: string): { readonly native: number; readonly legacy: number }
  /**
   * Starts anew with a revision that gave the route another weight, since callers then rightly change sides. Does
   * nothing when it has begun with that revision already.
   */
  reset(routeId: string, revision: number): void
  /** Forgets a route that the configuration no longer has. */
  forget(routeId: string): void
  /** A route's sets in base64, for another replica. */
  pack(routeId: string): { readonly native: string; readonly legacy: string }
  /** Adds what another replica packed. */
  merge(routeId: string, packed: { readonly native: string; readonly legacy: string }): void
}

const BYTES = BUCKETS / 8

interface Sets {
  /** The revision that they begin with. */
  readonly since: number
  readonly native: Uint8Array
  readonly legacy: Uint8Array
}

export function createCallers(): Callers {
  const routes = new Map<string, Sets>()
  const setsOf = (routeId: string) => {
    const known = routes.get(routeId)
    if (known !== undefined) return known
    const sets = emptySets(0)
    routes.set(routeId, sets)
    return sets
  }
  return {
    see(routeId, revision, side, bucket) {
      const sets = setsOf(routeId)
      if (revision < sets.since) return
      const set = sets[side]
      set[bucket >>> 3] = (set[bucket >>> 3] ?? 0) | (1 << (bucket & 7))
    },
    count(routeId) {
      const { native, legacy } = setsOf(routeId)
      return { native: cardinality(native), legacy: cardinality(legacy) }
    },
    reset(routeId, revision) {
      if (setsOf(routeId).since < revision) routes.set(routeId, emptySets(revision))
    },
    forget(routeId) {
      routes.delete(routeId)
    },
    pack(routeId) {
      const { native, legacy } = setsOf(routeId)
      return { native: Buffer.from(native).toString('base64'), legacy: Buffer.from(legacy).toString('base64') }
    },
    merge(routeId, packed) {
      const sets = setsOf(routeId)
      for (const side of ['native', 'legacy'] as const) {
        const other = Buffer.from(packed[side], 'base64')
        for (let i = 0; i < BYTES; i++) sets[side][i] = (sets[side][i] ?? 0) | (other[i] ?? 0)
      }
    }
  }
}

function emptySets(since: number): Sets {
  return { since, native: new Uint8Array(BYTES), legacy: new Uint8Array(BYTES) }
}

function cardinality(set: Uint8Array): number {
  let sum = 0
  for (const byte of set) for (let bits = byte; bits > 0; bits &= bits - 1) sum++
  return sum
}
