import { type Static, Type } from '@sinclair/typebox'
import { addPacked, createHistogram, type Histogram, latencyBucket, packHistogram } from './histogram.ts'

const Count = (description: string) => Type.Integer({ minimum: 0, description })

/** What was measured of one target of one route over some time. Summaries merge by addition, exactly. */
export const SummarySchema = Type.Object(
  {
    requests: Count('Requests that ended, but those whose caller left first.'),
    serverErrors: Count('Answers with a status of 500 or above.'),
    networkErrors: Count('Connections refused, reset or cut.'),
    timeouts: Count('Answers that did not come in time.'),
    refusals: Count('Answers with a status from 400 to 499.'),
    fallbacks: Count('Of the failed requests, those that the other side then answered.'),
    latency: Type.Array(Type.Integer({ minimum: 0 }), { description: 'A packed histogram.' })
  },
  { additionalProperties: false }
)
export type Summary = Static<typeof SummarySchema>

/** A summary of one window; `index` × the window's length is when it began. */
export const WindowSchema = Type.Object(
  { routeId: Type.String(), target: Type.String(), index: Type.Integer({ minimum: 0 }), summary: SummarySchema },
  { additionalProperties: false }
)
export type EvidenceWindow = Static<typeof WindowSchema>

/** How a request ended; the last three are errors. */
export type Outcome = 'answered' | 'refused' | 'server-error' | 'network-error' | 'timeout'

export interface Evidence {
  /**
   * Counts a request, once, under the target that it was first assigned to: a native failure that legacy then answered
   * is a native failure with `fellBack`. Takes well under a microsecond.
   *
   * @param now milliseconds since 1970; never decreasing.
   */
  record(now: number, routeId: string, target: string, outcome: Outcome, durationMs: number, fellBack?: boolean): void
  /** The sum of a target's windows that began in [`from`, `to`), the running one included. */
  sum(routeId: string, target: string, from: number, to: number): Summary
  /** What was recorded since the last call, for the one who judges. Leaves the windows as they are. */
  drain(routeId: string, target: string): Summary
  /** The windows that ended at or after `since` and before `now`, for another replica. */
  closedWindows(since: number, now: number): EvidenceWindow[]
  /** Adds another replica's window; one that is too old for the ring is left out. What is drained stays as it is. */
  merge(window: EvidenceWindow, now: number): void
  /** Adds what another replica measured to what is drained next. Leaves the windows as they are. */
  credit(routeId: string, target: string, summary: Summary): void
  /** Forgets all that would be drained next. */
  discard(): void
  /** Forgets a route that the configuration no longer has. */
  forget(routeId: string): void
}

export interface EvidenceOptions {
  /** Milliseconds; default 10 s. */
  readonly windowMs?: number
  /** How many windows are kept beside the running one; default 360, an hour of 10 s. */
  readonly windows?: number
}

interface Tally {
  readonly counts: Omit<Summary, 'latency'>
  readonly latency: Histogram
}

interface Series {
  /** Ended windows by time, ascending; a window without requests takes no place. */
  readonly closed: { readonly index: number; summary: Summary }[]
  index: number
  running: Tally
  batch: Tally
}

/** Evidence by route and target, in a ring of windows. Memory goes with the windows that had traffic: see the test. */
export function createEvidence({ windowMs = 10_000, windows = 360 }: EvidenceOptions = {}): Evidence {
  const routes = new Map<string, Map<string, Series>>()
  const oldestKept = (now: number) => Math.floor(now / windowMs) - windows

  const seriesOf = (routeId: string, target: string): Series => {
    const targets = routes.get(routeId) ?? new Map<string, Series>()
    if (targets.size === 0) routes.set(routeId, targets)
    const known = targets.get(target)
    if (known !== undefined) return known
    const series = { closed: [], index: 0, running: emptyTally(), batch: emptyTally() }
    targets.set(target, series)
    return series
  }

  const closeAndPrune = (series: Series, now: number) => {
    const index = Math.floor(now / windowMs)
    if (index > series.index) {
      if (series.running.counts.requests > 0) insert(series, series.index, toSummary(series.running))
      series.running = emptyTally()
      series.index = index
    }
    const oldest = oldestKept(now)
    const stale = series.closed.findIndex(window => window.index >= oldest)
    if (stale !== 0) series.closed.splice(0, stale === -1 ? series.closed.length : stale)
  }

  return {
    record(now, routeId, target, outcome, durationMs, fellBack = false) {
      const series = routes.get(routeId)?.get(target) ?? seriesOf(routeId, target)
      if (Math.floor(now / windowMs) > series.index) closeAndPrune(series, now)
      const bucket = latencyBucket(durationMs)
      count(series.running, outcome, bucket, fellBack)
      count(series.batch, outcome, bucket, fellBack)
    },
    sum(routeId, target, from, to) {
      const series = routes.get(routeId)?.get(target)
      if (series === undefined) return emptySummary()
      const inRange = ({ index }: { index: number }) => index * windowMs >= from && index * windowMs < to
      const summaries = series.closed.filter(inRange).map(({ summary }) => summary)
      return inRange(series) ? addSummaries(...summaries, toSummary(series.running)) : addSummaries(...summaries)
    },
    drain(routeId, target) {
      const series = routes.get(routeId)?.get(target)
      if (series === undefined || series.batch.counts.requests === 0) return emptySummary()
      const summary = toSummary(series.batch)
      series.batch = emptyTally()
      return summary
    },
    closedWindows(since, now) {
      const found: EvidenceWindow[] = []
      for (const [routeId, targets] of routes) {
        for (const [target, series] of targets) {
          closeAndPrune(series, now)
          const recent = series.closed.filter(({ index }) => (index + 1) * windowMs >= since)
          found.push(...recent.map(({ index, summary }) => ({ routeId, target, index, summary })))
        }
      }
      return found
    },
    merge({ routeId, target, index, summary }, now) {
      if (index < oldestKept(now)) return
      const series = seriesOf(routeId, target)
      closeAndPrune(series, now)
      insert(series, index, summary)
    },
    credit(routeId, target, summary) {
      addTo(seriesOf(routeId, target).batch, summary)
    },
    discard() {
      for (const targets of routes.values()) for (const series of targets.values()) series.batch = emptyTally()
    },
    forget(routeId) {
      routes.delete(routeId)
    }
  }
}

export function emptySummary(): Summary {
  return toSummary(emptyTally())
}

export function addSummaries(...summaries: readonly Summary[]): Summary {
  const sum = emptyTally()
  for (const summary of summaries) addTo(sum, summary)
  return toSummary(sum)
}

/** The errors of a summary: 5xx, network errors and timeouts. */
export function errorsOf({ serverErrors, networkErrors, timeouts }: Summary): number {
  return serverErrors + networkErrors + timeouts
}

const COUNTS = ['requests', 'serverErrors', 'networkErrors', 'timeouts', 'refusals', 'fallbacks'] as const

function emptyTally(): Tally {
  const counts = { requests: 0, serverErrors: 0, networkErrors: 0, timeouts: 0, refusals: 0, fallbacks: 0 }
  return { counts, latency: createHistogram() }
}

function addTo({ counts, latency }: Tally, summary: Summary): void {
  for (const key of COUNTS) counts[key] += summary[key]
  addPacked(latency, summary.latency)
}

function toSummary({ counts, latency }: Tally): Summary {
  return { ...counts, latency: packHistogram(latency) }
}

function count({ counts, latency }: Tally, outcome: Outcome, bucket: number, fellBack: boolean): void {
  counts.requests++
  latency[bucket] = (latency[bucket] ?? 0) + 1
  if (fellBack) counts.fallbacks++
  switch (outcome) {
    case 'server-error':
      counts.serverErrors++
      break
    case 'network-error':
      counts.networkErrors++
      break
    case 'timeout':
      counts.timeouts++
      break
    case 'refused':
      counts.refusals++
      break
    case 'answered':
      break
  }
}

function insert({ closed }: Series, index: number, summary: Summary): void {
  const after = closed.findLastIndex(window => window.index <= index)
  const same = closed[after]
  if (same?.index === index) same.summary = addSummaries(same.summary, summary)
  else closed.splice(after + 1, 0, { index, summary })
}
