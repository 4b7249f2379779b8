import type { EndedRequests, UsageCounter } from '../telemetry/usage-counter.ts'

/** How often a caller is told again, so that whoever keeps an hour of them forgets none that still asks. Milliseconds. */
const TELL_AGAIN_MS = 300_000
/** Callers of one batch, over all routes: about a megabyte. Those beyond it are told when they ask again. */
const MOST_CALLERS = 100_000

/** What routes were used for between two batches. */
export interface Used {
  readonly ended: readonly EndedRequests[]
  readonly seen: readonly { readonly routeId: string; readonly buckets: readonly number[] }[]
}

/** Gathers what this replica was asked for until it is sent to the others. Of bounded size, however long that takes. */
export class UsageOutbox implements UsageCounter {
  readonly #ended = new Map<string, EndedRequests>()
  readonly #seen = new Map<string, number[]>()
  #callers = 0
  /** By route, the buckets that were told in the span that is running. */
  readonly #told = new Map<string, Set<number>>()
  #span = 0

  count(_at: number, ended: EndedRequests): void {
    const key = `${ended.routeId} ${ended.side} ${ended.reason}`
    const known = this.#ended.get(key)
    this.#ended.set(key, known === undefined ? ended : { ...ended, requests: known.requests + ended.requests })
  }

  see(at: number, routeId: string, bucket: number): void {
    const span = Math.floor(at / TELL_AGAIN_MS)
    if (span !== this.#span) this.#told.clear()
    this.#span = span
    const told = getOrCreate(this.#told, routeId, () => new Set<number>())
    if (told.has(bucket) || this.#callers === MOST_CALLERS) return
    told.add(bucket)
    getOrCreate(this.#seen, routeId, (): number[] => []).push(bucket)
    this.#callers++
  }

  /** Everything since the last call; undefined when there was nothing. */
  take(): Used | undefined {
    if (this.#ended.size === 0) return undefined
    const ended = [...this.#ended.values()]
    const seen = [...this.#seen].map(([routeId, buckets]) => ({ routeId, buckets }))
    this.#ended.clear()
    this.#seen.clear()
    this.#callers = 0
    return { ended, seen }
  }
}

/** Counts what a replica gathered, at the time of its batch. */
export function countUsed(counter: UsageCounter, at: number, { ended, seen }: Used): void {
  for (const requests of ended) counter.count(at, requests)
  for (const { routeId, buckets } of seen) for (const bucket of buckets) counter.see(at, routeId, bucket)
}

function getOrCreate<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}
