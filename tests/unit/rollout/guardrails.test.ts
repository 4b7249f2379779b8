import { describe, expect, it } from 'vitest'
import { emptySummary, type Summary } from '../../../gateway/rollout/evidence.ts'
import { type Circumstances, judge, overallStatus, type Verdict } from '../../../gateway/rollout/guardrails.ts'
import { absorb, type Monitor, nextStep, startMonitor } from '../../../gateway/rollout/monitor.ts'
import { startTest } from '../../../gateway/rollout/sequential-test.ts'
import { latenciesOf, planOf, summaryOf } from './fixture.ts'
import { binomial, seeded } from './random.ts'

const plan = planOf()
const healthy = 0

/** What native and legacy answer in one second. */
type Second = (second: number) => { native: Summary; legacy: Summary }

function watch(seconds: number, answers: Second, monitor: Monitor = startMonitor()): Monitor {
  let watched = monitor
  for (let second = 0; second < seconds; second++) {
    watched = absorb(watched, { durationMs: 1000, ...answers(second) }, plan)
  }
  return watched
}

function verdicts(monitor: Monitor, recent?: Circumstances['recent'] | null): Record<string, Verdict> {
  const measured = recent === null ? undefined : (recent ?? { native: monitor.native, legacy: monitor.legacy })
  const all = judge(monitor, plan, { recent: measured, failedHealthChecks: healthy })
  return Object.fromEntries(all.map(verdict => [verdict.guardrail, verdict]))
}

const statuses = (monitor: Monitor, recent?: Circumstances['recent'] | null) =>
  Object.fromEntries(Object.entries(verdicts(monitor, recent)).map(([name, { status }]) => [name, status]))

/** Ten seconds of refusals and forty of slowness, on both sides. */
const outage: Second = second => {
  const serverErrors = second >= 20 && second < 30 ? 20 : 0
  const ms = second >= 20 && second < 60 ? 900 : 20
  return {
    native: summaryOf(25, { refusals: serverErrors }, ms),
    legacy: summaryOf(25, { refusals: serverErrors }, ms)
  }
}

const good: Second = () => ({ native: summaryOf(25), legacy: summaryOf(25) })

describe('a verdict', () => {
  it('passes with enough requests within all bounds', () => {
    const monitor = watch(20, good)
    expect(statuses(monitor)).toEqual({
      errorRate: 'passed',
      serverErrorRate: 'passed',
      errorIncrease: 'passed',
      refusalIncrease: 'passed',
      latency: 'passed',
      health: 'passed'
    })
    expect(monitor.activeMs).toBe(20_000)
  })

  it('waits, saying for how many requests', () => {
    expect(verdicts(watch(2, good)).errorRate).toMatchObject({ status: 'waiting', more: 50, requests: 50 })
    expect(verdicts(watch(2, good)).latency).toMatchObject({ status: 'waiting', more: 150 })
  })

  it('neither fails nor passes in a quiet night', () => {
    const silent = { native: emptySummary(), legacy: emptySummary() }
    const monitor = watch(3_600, () => silent, watch(20, good))
    expect(new Set(Object.values(statuses(monitor, silent)))).toEqual(new Set(['waiting', 'passed']))
    expect(verdicts(monitor, silent).errorRate).toMatchObject({ status: 'waiting', more: 100 })
  })

  it('neither fails nor passes when the evidence cannot be read, or health was not asked yet', () => {
    const monitor = watch(20, good)
    const all = judge(monitor, plan, { recent: undefined, failedHealthChecks: undefined })
    expect(all.map(({ status }) => status)).toEqual([...Array.from({ length: 5 }, () => 'error'), 'waiting'])
    expect(overallStatus(all)).toBe('error')
    expect(overallStatus([])).toBe('error')
  })

  it('is inconclusive beyond a bound as long as chance may explain it, also in the look-back alone', () => {
    const monitor = watch(4, second => ({
      native: summaryOf(25, { serverErrors: second === 0 ? 2 : 0 }),
      legacy: summaryOf(25)
    }))
    expect(verdicts(monitor).serverErrorRate).toMatchObject({ status: 'inconclusive', value: 2, bound: 1, unit: '%' })
    const recent = { native: summaryOf(100, { serverErrors: 2 }), legacy: summaryOf(100) }
    expect(verdicts(watch(100, good), recent).serverErrorRate).toMatchObject({ status: 'inconclusive', value: 2 })
  })

  it('says what it measured, the bound, and the statistic', () => {
    const { errorRate } = verdicts(watch(4, () => ({ native: summaryOf(25, { timeouts: 25 }), legacy: summaryOf(25) })))
    expect(errorRate).toMatchObject({
      status: 'failed',
      value: 100,
      bound: 5,
      statistic: { name: 'e-value', bound: 500 }
    })
    expect(errorRate?.message).toMatch(/^native's error rate: 100\.00 %, bound 5 %; e-value .+, bound 500$/)
  })

  it.each([
    [0, 'passed'],
    [2, 'inconclusive'],
    [3, 'failed']
  ])('%d failed health checks: %s', (failedHealthChecks, status) => {
    const all = judge(startMonitor(), plan, {
      recent: { native: emptySummary(), legacy: emptySummary() },
      failedHealthChecks
    })
    expect(all.at(-1)).toMatchObject({ guardrail: 'health', status })
  })
})

describe('a sudden break at 50 requests a second', () => {
  it.each([10, 25, 50, 75, 100])('fails within 10 seconds at weight %d, after an hour that was good', weight => {
    const native = weight / 2
    const random = seeded(weight)
    const draw = (requests: number) => summaryOf(requests, { serverErrors: binomial(random, requests, 0.002) })
    const parts = { native: Math.round(native), legacy: Math.round(50 - native) }
    let monitor = watch(1_800, () => ({ native: draw(25), legacy: draw(25) }))
    monitor = watch(
      1_800,
      () => ({ native: draw(parts.native), legacy: draw(parts.legacy) }),
      nextStep(monitor, weight)
    )
    expect(Object.values(statuses(monitor))).not.toContain('failed')
    let seconds = 0
    while (!Object.values(statuses(monitor)).includes('failed')) {
      seconds++
      const broken = { native: summaryOf(parts.native, { serverErrors: parts.native }), legacy: draw(parts.legacy) }
      monitor = watch(1, () => broken, monitor)
    }
    console.log(`all native requests failing at ${weight} % of 50/s: failed after ${seconds} s`)
    expect(seconds).toBeLessThanOrEqual(5)
  })
})

describe('comparisons', () => {
  it('do not blame native for what both sides suffer', () => {
    expect(statuses(watch(120, outage))).toMatchObject({
      errorIncrease: 'passed',
      refusalIncrease: 'passed',
      latency: 'passed'
    })
  })

  it('find answers that native refuses and legacy does not', () => {
    const refusing = watch(5, () => ({
      native: summaryOf(25, { refusals: 25 }),
      legacy: summaryOf(25, { refusals: 1 })
    }))
    expect(verdicts(refusing).refusalIncrease).toMatchObject({ status: 'failed', value: 96 })
    expect(statuses(refusing).errorRate).toBe('passed')
  })

  const random = seeded(7)
  /** Log-normal, about. */
  const latencies = (requests: number, scale: number) =>
    latenciesOf(Array.from({ length: requests }, () => scale * Math.exp(random() + random() + random() - 1.5)))

  it.each([
    [1, 'passed'],
    [1.8, 'passed'],
    [2.6, 'failed']
  ])('of latency: native %d times as slow: %s', (times, status) => {
    const slow = watch(120, () => ({ native: latencies(25, 20 * times), legacy: latencies(25, 20) }))
    const { latency } = verdicts(slow)
    expect(latency).toMatchObject({ status, bound: 2, unit: 'times' })
    expect(latency?.value).toBeGreaterThan(times * 0.9)
    expect(latency?.value).toBeLessThan(times * 1.1)
  })

  it('of latency find a sudden slowness after a long good time', () => {
    const before = watch(600, () => ({ native: latencies(5, 20), legacy: latencies(45, 20) }))
    const after = watch(10, () => ({ native: latencies(5, 200), legacy: latencies(45, 20) }), before)
    expect(statuses(after).latency).toBe('failed')
  })

  const draw = (requests: number, rate: number) =>
    summaryOf(requests, { networkErrors: binomial(random, requests, rate) })

  it('at 100 % are with the baseline of the step before', () => {
    const before = watch(400, () => ({ native: draw(40, 0.005), legacy: draw(10, 0.005) }))
    const full = nextStep(before, 100)
    expect(full.baseline).toEqual(before.legacy)
    expect(full.tests).toMatchObject({ errorIncrease: startTest(), refusalIncrease: startTest(), latency: startTest() })
    expect(full.tests.errorRate).toEqual(before.tests.errorRate)
    const fine = watch(200, () => ({ native: draw(50, 0.005), legacy: emptySummary() }), full)
    expect(statuses(fine)).toMatchObject({ errorIncrease: 'passed', latency: 'passed', refusalIncrease: 'passed' })
    const worse = watch(200, () => ({ native: draw(50, 0.03), legacy: emptySummary() }), full)
    expect(statuses(worse)).toMatchObject({ errorIncrease: 'failed', errorRate: 'passed' })
    const slow = watch(200, () => ({ native: summaryOf(50, {}, 60), legacy: emptySummary() }), full)
    expect(statuses(slow).latency).toBe('failed')
  })

  it('are inconclusive at 100 % without a baseline', () => {
    const monitor = watch(20, () => ({ native: summaryOf(50), legacy: emptySummary() }), nextStep(startMonitor(), 100))
    expect(statuses(monitor)).toMatchObject({
      errorRate: 'passed',
      errorIncrease: 'inconclusive',
      latency: 'inconclusive'
    })
  })
})

it('rolls back at most falseAlarmRate of the rollouts of a native that is no worse, all guardrails together', {
  timeout: 60_000
}, () => {
  const random = seeded(20_261_123)
  const draw = (requests: number) =>
    latencyOrFail(
      summaryOf(requests, {
        serverErrors: binomial(random, requests, 0.005),
        refusals: binomial(random, requests, 0.1)
      }),
      random
    )
  let failed = 0
  for (let run = 0; run < 300; run++) {
    let monitor = startMonitor()
    for (const weight of [10, 25, 50, 75, 100]) {
      if (weight > 10) monitor = nextStep(monitor, weight)
      const native = Math.round(weight / 2)
      monitor = watch(12, () => ({ native: draw(native), legacy: draw(50 - native) }), monitor)
    }
    if (Object.values(statuses(monitor)).includes('failed')) failed++
  }
  expect(failed).toBeLessThanOrEqual(300 * plan.falseAlarmRate)
})

it('resumes from what was stored', () => {
  const monitor = watch(5, good)
  expect(watch(5, good, JSON.parse(JSON.stringify(monitor)))).toEqual(watch(10, good))
})

/** Two latencies, one of them above the percentile, mixed at random. */
function latencyOrFail(summary: Summary, random: () => number): Summary {
  const slow = binomial(random, summary.requests, 0.06)
  const milliseconds = Array.from({ length: summary.requests }, (_, index) => (index < slow ? 200 : 20))
  return { ...summary, latency: latenciesOf(milliseconds).latency }
}
