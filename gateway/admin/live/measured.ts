import { errorsOf, type Evidence } from '../../rollout/evidence.ts'
import { addPacked, createHistogram, percentile } from '../../rollout/histogram.ts'
import { NATIVE, type Route } from '../../routing/route.ts'
import { MINUTE_MS, type Traffic } from '../../telemetry/traffic.ts'
import type { LiveRoute } from '../schemas.ts'
import { WINDOW_MS } from '../summaries.ts'
import { inMilliseconds, inPercent, perSecond } from './figures.ts'
import type { Sparks } from './sparks.ts'

export interface Measured {
  /** Requests of the last minute. */
  readonly native: number
  readonly legacy: number
  readonly shown: Pick<LiveRoute, 'realisedPercent' | 'nativeSide' | 'legacySide' | 'sparks'>
}

interface Sources {
  readonly evidence: Evidence
  readonly traffic: Traffic
  readonly sparks: Sparks
}

/** What was measured of a route. */
export function measuredOf(route: Pick<Route, 'id' | 'upstream'>, sources: Sources, now: number): Measured {
  const { evidence, traffic, sparks } = sources
  const { id, upstream } = route
  const { native, legacy } = traffic.sum(id, MINUTE_MS, now)
  const shown = {
    ...(native + legacy === 0 ? {} : { realisedPercent: inPercent(native, native + legacy) }),
    nativeSide: sideOf(evidence, id, NATIVE, now),
    legacySide: sideOf(evidence, id, upstream, now),
    sparks: sparks.of(route, now)
  }
  return { native, legacy, shown }
}

/** Of the window that is running and the six before it: what happens now counts, and one request is no jump. */
function sideOf(evidence: Evidence, routeId: string, target: string, now: number): LiveRoute['nativeSide'] {
  const from = Math.floor(now / WINDOW_MS) * WINDOW_MS - MINUTE_MS
  const summary = evidence.sum(routeId, target, from, now + 1)
  const { requests, latency } = summary
  if (requests === 0) return { requestsPerSecond: 0 }
  const histogram = createHistogram()
  addPacked(histogram, latency)
  const p95 = percentile(histogram, 95)
  return {
    requestsPerSecond: perSecond(requests, now - from),
    errorPercent: inPercent(errorsOf(summary), requests),
    ...(p95 === undefined ? {} : { p95Ms: inMilliseconds(p95) })
  }
}
