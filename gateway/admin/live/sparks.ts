import { setImmediate as nextTurn } from 'node:timers/promises'
import { errorsOf, type Evidence } from '../../rollout/evidence.ts'
import { addPacked, createHistogram, percentile } from '../../rollout/histogram.ts'
import { NATIVE, type Route } from '../../routing/route.ts'
import { MINUTE_MS } from '../../telemetry/traffic.ts'
import type { LiveRoute } from '../schemas.ts'
import { inMilliseconds, inPercent } from './figures.ts'

/** A point a minute, of minutes that have ended. */
const POINTS = 30

type Sides = Pick<Route, 'id' | 'upstream'>
interface Point {
  readonly minute: number
  readonly errorPercent: number | null
  readonly p95Ms: number | null
}

/** The last half hour of the routes, a point a minute. A minute is summed up when it has ended, and then kept. */
export class Sparks {
  readonly #evidence: Evidence
  readonly #points = new Map<string, readonly Point[]>()
  readonly #histogram = createHistogram()

  constructor(evidence: Evidence) {
    this.#evidence = evidence
  }

  /** Sums up what is missing of all routes: of 200 busy ones for a quarter of a second, so others get their turn between. */
  async prepare(routes: readonly Sides[], now: () => number): Promise<void> {
    for (const route of routes) {
      this.of(route, now())
      await nextTurn()
    }
  }

  of({ id, upstream }: Sides, now: number): LiveRoute['sparks'] {
    return { native: this.#side(id, NATIVE, now), legacy: this.#side(id, upstream, now) }
  }

  /** Forgets every route but these. */
  keep(routes: readonly Sides[]): void {
    const kept = new Set(routes.flatMap(({ id, upstream }) => [keyOf(id, NATIVE), keyOf(id, upstream)]))
    for (const key of this.#points.keys()) if (!kept.has(key)) this.#points.delete(key)
  }

  #side(routeId: string, target: string, now: number): LiveRoute['sparks']['native'] {
    const key = keyOf(routeId, target)
    const running = Math.floor(now / MINUTE_MS)
    const known = this.#points.get(key) ?? []
    const points = known.at(-1)?.minute === running - 1 ? known : this.#brought(known, { routeId, target, running })
    this.#points.set(key, points)
    return { errorPercent: points.map(point => point.errorPercent), p95Ms: points.map(point => point.p95Ms) }
  }

  /** The last one known is summed up again: replicas tell late. */
  #brought(
    known: readonly Point[],
    { routeId, target, running }: { readonly routeId: string; readonly target: string; readonly running: number }
  ): Point[] {
    const first = running - POINTS
    const standing = known.slice(0, -1).filter(({ minute }) => minute >= first)
    const from = standing.at(-1)?.minute ?? first - 1
    const missing = Array.from({ length: running - 1 - from }, (_, index) => from + 1 + index)
    return [...standing, ...missing.map(minute => this.#pointOf(routeId, target, minute))]
  }

  #pointOf(routeId: string, target: string, minute: number): Point {
    const from = minute * MINUTE_MS
    const summary = this.#evidence.sum(routeId, target, from, from + MINUTE_MS)
    if (summary.requests === 0) return { minute, errorPercent: null, p95Ms: null }
    const histogram = this.#histogram.fill(0)
    addPacked(histogram, summary.latency)
    const p95 = percentile(histogram, 95)
    return {
      minute,
      errorPercent: inPercent(errorsOf(summary), summary.requests),
      p95Ms: p95 === undefined ? null : inMilliseconds(p95)
    }
  }
}

function keyOf(routeId: string, target: string): string {
  return `${routeId} ${target}`
}
