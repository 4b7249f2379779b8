import { BUCKETS } from '../routing/bucket.ts'

const HOUR_MS = 3_600_000
const HOURS = 24
const BYTES = BUCKETS / 8
/** Callers are told apart by spans of so many hours, of which a day has four. */
const SPAN_MS = 6 * HOUR_MS
const SPANS = 4

/** Counts over the last 24 hours, in slots of an hour. */
export class DayCount {
  readonly #counts = new Uint32Array(HOURS)
  /** The number of the hour that stands at each place. */
  readonly #hours = new Float64Array(HOURS)

  /** @param at milliseconds since 1970; one of a day before the latest is left out. */
  add(at: number, count = 1): void {
    this.#addAt(Math.floor(at / HOUR_MS), count)
  }

  /** Adds what another one counted. */
  merge(other: DayCount): void {
    other.#hours.forEach((hour, place) => {
      if (hour > 0) this.#addAt(hour, other.#counts[place] ?? 0)
    })
  }

  sum(now: number): number {
    const oldest = Math.floor(now / HOUR_MS) - HOURS + 1
    return this.#counts.reduce((sum, count, place) => ((this.#hours[place] ?? 0) < oldest ? sum : sum + count), 0)
  }

  #addAt(hour: number, count: number): void {
    const place = hour % HOURS
    const standing = this.#hours[place] ?? 0
    // What another one counted may be older than what stands here by now.
    if (hour < standing) return
    this.#hours[place] = hour
    this.#counts[place] = (hour === standing ? (this.#counts[place] ?? 0) : 0) + count
  }
}

/** Distinct buckets of the last 18 to 24 hours: at most 5 kB, whatever the number of callers. */
export class DayCallers {
  /** By the span's number. */
  readonly #spans = new Map<number, Uint8Array>()

  see(now: number, bucket: number): void {
    const span = this.#spanAt(Math.floor(now / SPAN_MS))
    const byte = bucket >>> 3
    span[byte] = (span[byte] ?? 0) | (1 << (bucket & 7))
  }

  merge(other: DayCallers): void {
    for (const [number, seen] of other.#spans) {
      const span = this.#spanAt(number)
      for (let byte = 0; byte < BYTES; byte++) span[byte] = (span[byte] ?? 0) | (seen[byte] ?? 0)
    }
  }

  count(now: number): number {
    const oldest = Math.floor(now / SPAN_MS) - SPANS + 1
    const spans = [...this.#spans].filter(([number]) => number >= oldest).map(([, span]) => span)
    let count = 0
    for (let byte = 0; byte < BYTES; byte++) {
      let seen = 0
      for (const span of spans) seen |= span[byte] ?? 0
      for (; seen !== 0; seen &= seen - 1) count++
    }
    return count
  }

  #spanAt(number: number): Uint8Array {
    const known = this.#spans.get(number)
    if (known !== undefined) return known
    const span = new Uint8Array(BYTES)
    this.#spans.set(number, span)
    for (const each of this.#spans.keys()) if (each <= number - SPANS) this.#spans.delete(each)
    return span
  }
}
