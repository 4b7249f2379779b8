import { Value } from '@sinclair/typebox/value'
import { addSummaries, emptySummary, type Summary } from '../../../gateway/rollout/evidence.ts'
import type { Verdict, VerdictStatus } from '../../../gateway/rollout/guardrails.ts'
import { createHistogram, latencyBucket, packHistogram } from '../../../gateway/rollout/histogram.ts'
import {
  type RolloutPlan,
  type RolloutPlanOverride,
  RolloutPlanSchema,
  resolvePlan
} from '../../../gateway/rollout/plan.ts'
import type { RolloutState, StepEvidence } from '../../../gateway/rollout/state.ts'

export function planOf(override: RolloutPlanOverride = {}): RolloutPlan {
  const plan = Value.Default(RolloutPlanSchema, {})
  if (!Value.Check(RolloutPlanSchema, plan)) throw new Error('the defaults are no plan')
  return resolvePlan(plan, override)
}

export function verdictOf(status: VerdictStatus): Verdict {
  return { guardrail: 'errorRate', status, bound: 5, unit: '%', requests: 1000, message: `the error rate: ${status}` }
}

/** Evidence of the step that a state stands at, with everything met but what is said. */
export function evidenceOf(state: RolloutState, status: VerdictStatus, rest: Partial<StepEvidence> = {}): StepEvidence {
  const share = {
    status: 'passed',
    configuredPercent: 10,
    callers: 1000,
    bound: 15,
    message: 'the share is the weight'
  } as const
  return { step: state.step, verdicts: [verdictOf(status)], share, requests: 1e6, activeMs: 1e9, ...rest }
}

/** A summary of requests that all took `ms`. */
export function summaryOf(requests: number, rest: Partial<Omit<Summary, 'latency'>> = {}, ms = 20): Summary {
  const histogram = createHistogram()
  histogram[latencyBucket(ms)] = requests
  return { ...emptySummary(), requests, latency: packHistogram(histogram), ...rest }
}

/** A summary of requests whose latencies are the given ones. */
export function latenciesOf(milliseconds: readonly number[]): Summary {
  const histogram = createHistogram()
  for (const ms of milliseconds) {
    const bucket = latencyBucket(ms)
    histogram[bucket] = (histogram[bucket] ?? 0) + 1
  }
  return addSummaries({ ...emptySummary(), requests: milliseconds.length, latency: packHistogram(histogram) })
}
