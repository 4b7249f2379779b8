import { type Static, Type } from '@sinclair/typebox'
import { errorsOf, type Summary } from './evidence.ts'
import { addPacked, createHistogram, percentile } from './histogram.ts'
import { alphaOf, type Monitor, STATISTICAL, type StatisticalGuardrail } from './monitor.ts'
import type { RolloutPlan } from './plan.ts'
import { alarms } from './sequential-test.ts'

const STATUSES = ['passed', 'failed', 'waiting', 'inconclusive', 'error'] as const

/**
 * What a guardrail says. `passed` needs enough requests and a value within the bound; `failed` evidence at the rollout's
 * false-alarm rate, however few the requests; `waiting` is for requests, `inconclusive` a value beyond the bound that chance
 * may explain, `error` that nothing could be measured. Only `failed` rolls back, only all `passed` advances.
 */
export const VerdictSchema = Type.Object(
  {
    guardrail: Type.Union([...STATISTICAL, 'health' as const].map(name => Type.Literal(name))),
    status: Type.Union(STATUSES.map(status => Type.Literal(status))),
    value: Type.Optional(Type.Number({ description: 'As measured; the worse of the whole step and the look-back.' })),
    bound: Type.Number({ description: 'What the value must not exceed.' }),
    unit: Type.Union([Type.Literal('%'), Type.Literal('points'), Type.Literal('times'), Type.Literal('failures')]),
    requests: Type.Integer({ description: 'Of native, at this step.' }),
    statistic: Type.Optional(
      Type.Object({
        name: Type.Literal('e-value'),
        value: Type.Number(),
        bound: Type.Number({ description: 'At this value the guardrail has failed.' })
      })
    ),
    more: Type.Optional(Type.Integer({ description: 'How many requests are still needed.' })),
    message: Type.String({ description: 'All of it as one sentence.' })
  },
  { additionalProperties: false }
)
export type Verdict = Static<typeof VerdictSchema>
export type VerdictStatus = Verdict['status']

/** What is known besides the monitor when guardrails are judged. */
export interface Circumstances {
  /** Both sides over the plan's look-back; undefined: it could not be measured. */
  readonly recent: { readonly native: Summary; readonly legacy: Summary } | undefined
  /** Checks of native's health that failed in a row, 0 when the last one succeeded; undefined before the first. */
  readonly failedHealthChecks: number | undefined
}

/** The verdicts of all guardrails that the plan enables. */
export function judge(monitor: Monitor, plan: RolloutPlan, circumstances: Circumstances): Verdict[] {
  const statistical = STATISTICAL.filter(name => plan.guardrails[name].enabled).map(name =>
    judgeStatistically(name, monitor, plan, circumstances.recent)
  )
  return plan.guardrails.health.enabled ? [...statistical, judgeHealth(plan, circumstances)] : statistical
}

/** One status for several verdicts: the gravest. Without any verdict nothing was measured. */
export function overallStatus(verdicts: readonly Verdict[]): VerdictStatus {
  const gravity = ['failed', 'error', 'inconclusive', 'waiting'] as const
  if (verdicts.length === 0) return 'error'
  return gravity.find(status => verdicts.some(verdict => verdict.status === status)) ?? 'passed'
}

function judgeStatistically(
  name: StatisticalGuardrail,
  monitor: Monitor,
  plan: RolloutPlan,
  recent: Circumstances['recent']
): Verdict {
  const measure = MEASURES[name]
  const { unit, compares } = measure
  const { baseline } = monitor
  const alpha = alphaOf(monitor, plan, name)
  const { peak } = monitor.tests[name]
  const bound = boundOf(name, plan)
  const verdict = (status: VerdictStatus, why: string, rest: Pick<Verdict, 'value' | 'more'> = {}): Verdict => ({
    guardrail: name,
    status,
    bound,
    unit,
    requests: monitor.native.requests,
    statistic: { name: 'e-value', value: peak, bound: 1 / alpha },
    ...rest,
    message: `${measure.words}: ${why}`
  })
  if (recent === undefined) return verdict('error', 'the evidence could not be read')

  const readings = [monitor, recent].flatMap(
    ({ native, legacy }) => measure.read(native, baseline ?? legacy, plan) ?? []
  )
  const worst = Math.max(...readings.map(reading => reading.value))
  const value = readings.length === 0 ? {} : { value: worst }
  const measured = `${readings.length === 0 ? 'nothing measured' : `${worst.toFixed(2)} ${unit}`}, bound ${bound} ${unit}`

  if (alarms(monitor.tests[name], alpha)) {
    return verdict('failed', `${measured}; e-value ${peak.toPrecision(3)}, bound ${(1 / alpha).toFixed(0)}`, value)
  }
  const { minimumRequests } = plan.guardrails[name]
  if (compares && baseline !== undefined && baseline.requests < minimumRequests) {
    return verdict('inconclusive', 'legacy answered too few requests at the last step to compare with', value)
  }
  const sides = [monitor.native, recent.native, ...(compares && baseline === undefined ? [monitor.legacy] : [])]
  const more = Math.max(...sides.map(({ requests }) => minimumRequests - requests))
  if (more > 0) return verdict('waiting', `${more} more requests are needed`, { ...value, more })
  if (readings.some(reading => reading.value > bound + reading.slack)) {
    return verdict('inconclusive', `${measured}, without evidence that it is not chance`, value)
  }
  return verdict('passed', measured, value)
}

function judgeHealth(plan: RolloutPlan, { failedHealthChecks }: Circumstances): Verdict {
  const { failures } = plan.guardrails.health
  const common = { guardrail: 'health', bound: failures, unit: 'failures', requests: 0 } as const
  if (failedHealthChecks === undefined) {
    return { ...common, status: 'waiting', message: "native's health: has not been asked yet" }
  }
  const message = `native's health: ${failedHealthChecks} checks in a row failed, ${failures} is a failure`
  const status = failedHealthChecks >= failures ? 'failed' : failedHealthChecks > 0 ? 'inconclusive' : 'passed'
  return { ...common, status, value: failedHealthChecks, message }
}

interface Reading {
  readonly value: number
  /** How far beyond the bound chance alone may carry the value for it to count as met. */
  readonly slack: number
}

interface Measure {
  readonly words: string
  readonly unit: Verdict['unit']
  /** Whether legacy takes part. */
  readonly compares: boolean
  /** Undefined when there is nothing to measure. */
  readonly read: (native: Summary, legacy: Summary, plan: RolloutPlan) => Reading | undefined
}

const MEASURES: Readonly<Record<StatisticalGuardrail, Measure>> = {
  errorRate: {
    words: "native's error rate",
    unit: '%',
    compares: false,
    read: native => share(native, errorsOf(native))
  },
  serverErrorRate: {
    words: "native's rate of 5xx answers",
    unit: '%',
    compares: false,
    read: native => share(native, native.serverErrors)
  },
  errorIncrease: {
    words: "native's error rate above legacy's",
    unit: 'points',
    compares: true,
    read: (native, legacy) => increase(native, legacy, errorsOf)
  },
  refusalIncrease: {
    words: "native's rate of 4xx answers above legacy's",
    unit: 'points',
    compares: true,
    read: (native, legacy) => increase(native, legacy, summary => summary.refusals)
  },
  latency: {
    words: "native's latency as a multiple of legacy's",
    unit: 'times',
    compares: true,
    read: (native, legacy, { guardrails }) => {
      const ofNative = percentileOf(native, guardrails.latency.percentile)
      const ofLegacy = percentileOf(legacy, guardrails.latency.percentile)
      return ofNative === undefined || ofLegacy === undefined ? undefined : { value: ofNative / ofLegacy, slack: 0 }
    }
  }
}

function share({ requests }: Summary, bad: number): Reading | undefined {
  return requests === 0 ? undefined : { value: (bad / requests) * 100, slack: 0 }
}

/**
 * The difference of two rates, in percentage points. Between equal sides it is above any small bound half of the time,
 * so two standard errors count as met: else an innocent rollout would stand still until it had seen a million requests.
 */
function increase(native: Summary, legacy: Summary, badOf: (summary: Summary) => number): Reading | undefined {
  if (native.requests === 0 || legacy.requests === 0) return undefined
  const pooled = (badOf(native) + badOf(legacy)) / (native.requests + legacy.requests)
  const standardError = Math.sqrt(pooled * (1 - pooled) * (1 / native.requests + 1 / legacy.requests))
  const value = (badOf(native) / native.requests - badOf(legacy) / legacy.requests) * 100
  return { value, slack: 200 * standardError }
}

function boundOf(name: StatisticalGuardrail, { guardrails }: RolloutPlan): number {
  if (name === 'latency') return guardrails.latency.maxRatio
  if (name === 'errorIncrease' || name === 'refusalIncrease') return guardrails[name].maxPoints
  return guardrails[name].maxPercent
}

function percentileOf({ latency }: Summary, percent: number): number | undefined {
  const histogram = createHistogram()
  addPacked(histogram, latency)
  return percentile(histogram, percent)
}
