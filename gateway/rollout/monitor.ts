import { type Static, Type } from '@sinclair/typebox'
import { addSummaries, emptySummary, errorsOf, type Summary, SummarySchema } from './evidence.ts'
import {
  addPacked,
  bucketOfRank,
  bucketStartMs,
  countFrom,
  countOf,
  createHistogram,
  type Histogram,
  LATENCY_BUCKETS,
  LONGEST_MS,
  latencyBucket
} from './histogram.ts'
import type { RolloutPlan } from './plan.ts'
import {
  boundRate,
  compareRates,
  divergence,
  type SequentialTest,
  SequentialTestSchema,
  startTest,
  type Tally,
  upperRate
} from './sequential-test.ts'

export const STATISTICAL = ['errorRate', 'serverErrorRate', 'errorIncrease', 'refusalIncrease', 'latency'] as const
export type StatisticalGuardrail = (typeof STATISTICAL)[number]

/** All that the guardrails of one rollout have seen; plain data, so that a controller can resume with it. */
export const MonitorSchema = Type.Object(
  {
    version: Type.Literal(1),
    tests: Type.Object({
      errorRate: SequentialTestSchema,
      serverErrorRate: SequentialTestSchema,
      errorIncrease: SequentialTestSchema,
      refusalIncrease: SequentialTestSchema,
      latency: SequentialTestSchema
    }),
    native: SummarySchema,
    legacy: SummarySchema,
    activeMs: Type.Number({ description: 'Milliseconds of this step in which native answered.' }),
    legacyBefore: SummarySchema,
    baseline: Type.Optional(SummarySchema)
  },
  { additionalProperties: false }
)
export type Monitor = Static<typeof MonitorSchema>

/** What both sides answered between two looks, for all routes of the rollout together. */
export interface Interval {
  /** Milliseconds. */
  readonly durationMs: number
  readonly native: Summary
  readonly legacy: Summary
}

/** Of the errors and the refusals of either side, before there are any. */
const PRIOR = { errors: 0.01, refusals: 0.05 }

export function startMonitor(): Monitor {
  return {
    version: 1,
    tests: {
      errorRate: startTest(),
      serverErrorRate: startTest(),
      errorIncrease: startTest(),
      refusalIncrease: startTest(),
      latency: startTest()
    },
    native: emptySummary(),
    legacy: emptySummary(),
    activeMs: 0,
    legacyBefore: emptySummary()
  }
}

/**
 * Begins a step of the same rollout: the step's sums start again while the sequential tests go on, so that their
 * false-alarm rate holds for the whole rollout. At 100 % nothing is left to compare with at the same time: legacy's
 * sums of the step before become the baseline, and the comparisons start anew against it. After a step down take
 * `startMonitor` instead.
 *
 * @param weight of the new step, 0–100.
 */
export function nextStep(monitor: Monitor, weight: number): Monitor {
  const { version, tests, legacy, legacyBefore } = monitor
  const sums = { native: emptySummary(), legacy: emptySummary(), activeMs: 0 }
  if (weight < 100) return { version, tests, ...sums, legacyBefore: addSummaries(legacyBefore, legacy) }
  const fresh = { errorIncrease: startTest(), refusalIncrease: startTest(), latency: startTest() }
  return { version, tests: { ...tests, ...fresh }, ...sums, legacyBefore, baseline: monitor.baseline ?? legacy }
}

/** Takes the evidence of an interval in. Takes about a quarter of a millisecond. */
export function absorb(monitor: Monitor, interval: Interval, plan: RolloutPlan): Monitor {
  const { native, legacy } = interval
  const { guardrails } = plan
  const errors = tally(native, errorsOf(native))
  return {
    ...monitor,
    tests: {
      errorRate: boundRate(monitor.tests.errorRate, errors, guardrails.errorRate.maxPercent / 100),
      serverErrorRate: boundRate(
        monitor.tests.serverErrorRate,
        tally(native, native.serverErrors),
        guardrails.serverErrorRate.maxPercent / 100
      ),
      ...(monitor.baseline === undefined
        ? compareSides(monitor, interval, plan)
        : compareWithBaseline(monitor, monitor.baseline, native, plan))
    },
    native: addSummaries(monitor.native, native),
    legacy: addSummaries(monitor.legacy, legacy),
    activeMs: monitor.activeMs + (native.requests > 0 ? interval.durationMs : 0)
  }
}

/**
 * The false-alarm probability of one test: the rollout's is shared equally by the guardrails that test (Bonferroni), and
 * a comparison's by its two phases, before and at 100 %, and the latter's by baseline and test.
 */
export function alphaOf(monitor: Monitor, plan: RolloutPlan, name: StatisticalGuardrail): number {
  const tests = STATISTICAL.filter(each => plan.guardrails[each].enabled).length
  const alpha = plan.falseAlarmRate / Math.max(1, tests)
  if (name === 'errorRate' || name === 'serverErrorRate') return alpha
  return monitor.baseline === undefined ? alpha / 2 : alpha / 4
}

type Comparisons = Pick<Monitor['tests'], 'errorIncrease' | 'refusalIncrease' | 'latency'>

function compareSides(
  { tests, ...sums }: Monitor,
  { native, legacy }: Interval,
  { guardrails }: RolloutPlan
): Comparisons {
  const { errorIncrease, refusalIncrease, latency } = guardrails
  const blockOf = (badOf: (summary: Summary) => number) => ({
    native: tally(native, badOf(native)),
    legacy: tally(legacy, badOf(legacy))
  })
  const refusals = blockOf(summary => summary.refusals)
  return {
    errorIncrease: compareRates(tests.errorIncrease, blockOf(errorsOf), errorIncrease.maxPoints / 100, PRIOR.errors),
    refusalIncrease: compareRates(tests.refusalIncrease, refusals, refusalIncrease.maxPoints / 100, PRIOR.refusals),
    latency: compareLatency(tests.latency, { native, legacy }, addSummaries(sums.legacyBefore, sums.legacy), latency)
  }
}

/**
 * Whether more of native's answers than of legacy's are slow, where slow is, for legacy, above its percentile as
 * estimated from what came before, and for native `maxRatio` times that. At the true percentile this is exactly the
 * question whether native's percentile is above `maxRatio` times legacy's; at any other threshold it asks the same of a
 * neighbouring percentile. Both sides are counted over the same time, so a busy hour that slows both is no difference.
 */
function compareLatency(
  test: SequentialTest,
  { native, legacy }: { readonly native: Summary; readonly legacy: Summary },
  legacyBefore: Summary,
  { percentile, maxRatio }: RolloutPlan['guardrails']['latency']
): SequentialTest {
  const before = unpack(legacyBefore)
  const share = percentile / 100
  const bucket = bucketOfRank(before, Math.max(1, Math.ceil(share * countOf(before))))
  if (bucket === undefined) return test
  const block = {
    native: slowerThan(native, firstBucketFrom(bucketStartMs(bucket + 1) * maxRatio)),
    legacy: slowerThan(legacy, bucket + 1)
  }
  return compareRates(test, block, 0, 1 - share)
}

/** Bounds that legacy, at the last step that it took part in, stays below with the error probability of the baseline. */
function compareWithBaseline(monitor: Monitor, baseline: Summary, native: Summary, plan: RolloutPlan): Comparisons {
  const { tests } = monitor
  const { errorIncrease, refusalIncrease, latency } = plan.guardrails
  const against = (name: 'errorIncrease' | 'refusalIncrease', badOf: (summary: Summary) => number, points: number) => {
    const highest = upperRate(tally(baseline, badOf(baseline)), alphaOf(monitor, plan, name)) + points / 100
    return highest < 1 ? boundRate(tests[name], tally(native, badOf(native)), highest) : tests[name]
  }
  const share = latency.percentile / 100
  const slowest = upperPercentileBucket(unpack(baseline), share, alphaOf(monitor, plan, 'latency'))
  const slow =
    slowest === undefined
      ? undefined
      : slowerThan(native, firstBucketFrom(bucketStartMs(slowest + 1) * latency.maxRatio))
  return {
    errorIncrease: against('errorIncrease', errorsOf, errorIncrease.maxPoints),
    refusalIncrease: against('refusalIncrease', summary => summary.refusals, refusalIncrease.maxPoints),
    latency: slow === undefined ? tests.latency : boundRate(tests.latency, slow, 1 - share)
  }
}

/**
 * The bucket of the smallest order statistic that is above the true percentile with error probability `alpha`, by
 * Chernoff's bound of the binomial distribution; undefined when there are too few latencies for one.
 */
export function upperPercentileBucket(histogram: Histogram, share: number, alpha: number): number | undefined {
  const count = countOf(histogram)
  const enough = (rank: number) => count * divergence(rank / count, share) >= Math.log(1 / alpha)
  if (count === 0 || !enough(count)) return undefined
  let low = Math.ceil(share * count)
  let high = count
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (middle / count > share && enough(middle)) high = middle
    else low = middle + 1
  }
  return bucketOfRank(histogram, high)
}

/** The first bucket that holds nothing below a latency; one past the last when it is beyond what has a bucket. */
function firstBucketFrom(milliseconds: number): number {
  if (milliseconds >= LONGEST_MS) return LATENCY_BUCKETS
  const bucket = latencyBucket(milliseconds)
  return bucketStartMs(bucket) >= milliseconds ? bucket : bucket + 1
}

function slowerThan(summary: Summary, bucket: number): Tally {
  return tally(summary, countFrom(unpack(summary), bucket))
}

function tally({ requests }: Summary, bad: number): Tally {
  return { requests, bad: Math.min(bad, requests) }
}

function unpack({ latency }: Summary): Histogram {
  const histogram = createHistogram()
  addPacked(histogram, latency)
  return histogram
}
