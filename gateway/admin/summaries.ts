import { errorsOf, type Summary } from '../rollout/evidence.ts'
import { addPacked, createHistogram, percentile } from '../rollout/histogram.ts'
import type { Sides, Window } from './schemas.ts'

/** The length of a window of evidence, in milliseconds. */
export const WINDOW_MS = 10_000

/** Two counts, and the share of the first. */
export function sidesOf({ native, legacy }: { readonly native: number; readonly legacy: number }): Sides {
  const sum = native + legacy
  return { native, legacy, ...(sum === 0 ? {} : { share: (native / sum) * 100 }) }
}

/** A summary of evidence with its percentiles in place of the histogram. */
export function windowOf(at: number, target: string, summary: Summary): Window {
  const { latency, ...counts } = summary
  const histogram = createHistogram()
  addPacked(histogram, latency)
  const [p50Ms, p95Ms, p99Ms] = [50, 95, 99].map(percent => percentile(histogram, percent))
  return {
    at: new Date(at).toISOString(),
    target,
    ...counts,
    errors: errorsOf(summary),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    ...(p99Ms === undefined ? {} : { p99Ms })
  }
}
