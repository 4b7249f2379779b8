import { Value } from '@sinclair/typebox/value'
import { describe, expect, it } from 'vitest'
import { checkSchema } from '../../../gateway/config/schema-check.ts'
import { windowAt } from '../../../gateway/rollout/calendar.ts'
import { checkPlan } from '../../../gateway/rollout/plan-check.ts'
import {
  type NoAdvanceWindow,
  RolloutPlanOverrideSchema,
  RolloutPlanSchema,
  resolvePlan,
  stepsOf
} from '../../../gateway/rollout/plan.ts'
import { planOf } from './fixture.ts'

const WEEK = 7 * 24 * 3_600_000

const at = (window: NoAdvanceWindow, time: string) => windowAt([window], Date.parse(time)) === window

describe('a plan', () => {
  it('has the defaults of the rollback plan', () => {
    const plan = planOf()
    expect(stepsOf(plan).map(({ weight, holdMs }) => [weight, holdMs])).toEqual(
      [10, 25, 50, 75, 100].map(weight => [weight, WEEK])
    )
    expect(plan).toMatchObject({ advance: 'manual', rollback: 'immediate' })
    expect(plan.guardrails).toMatchObject({
      errorRate: { maxPercent: 5 },
      serverErrorRate: { maxPercent: 1 },
      latency: { percentile: 95, maxRatio: 2 }
    })
  })

  it('is overridden by a route where the route says something', () => {
    const override = { holdMs: 5, guardrails: { latency: { maxRatio: 3 } }, steps: [1, { weight: 2.5, holdMs: 7 }] }
    expect(Value.Default(RolloutPlanOverrideSchema, structuredClone(override))).toEqual(override)
    expect(checkSchema(RolloutPlanOverrideSchema, override)).toEqual([])
    const plan = resolvePlan(planOf(), override)
    expect(plan.guardrails.latency).toEqual({ enabled: true, percentile: 95, maxRatio: 3, minimumRequests: 200 })
    expect(stepsOf(plan)).toEqual([
      { weight: 1, holdMs: 5, minimumRequests: 500 },
      { weight: 2.5, holdMs: 7, minimumRequests: 500 }
    ])
    expect(plan.guardrails.errorRate).toEqual(planOf().guardrails.errorRate)
  })

  it.each([
    [{ steps: [] }, '/steps', 'a list of 1 to 100 steps'],
    [
      { steps: [10, 'all'] },
      '/steps/1',
      'a weight above 0 and at most 100 with at most two decimals, or an object such as'
    ],
    [{ advance: 'auto' }, '/advance', '"manual" or "automatic"'],
    [{ holdMs: -1 }, '/holdMs', 'a whole number of milliseconds from 0 to 31536000000'],
    [{ guardrails: { latency: { maxRatio: 0 } } }, '/guardrails/latency/maxRatio', 'a number from 1 to 100'],
    [{ guardrails: { errorRates: {} } }, '/guardrails/errorRates', 'a known key; did you mean "errorRate"?'],
    [
      { noAdvance: [{ days: ['monday'], from: '9', to: '17:00', timeZone: 'UTC' }] },
      '/noAdvance/0/days/0',
      'one of mon, tue'
    ],
    [{ lookBackMs: 7_200_000 }, '/lookBackMs', 'a whole number of milliseconds from 10000 to 3600000']
  ])('%j is refused by the schema', (plan, path, expected) => {
    for (const schema of [RolloutPlanSchema, RolloutPlanOverrideSchema]) {
      const findings = checkSchema(schema, Value.Default(schema, structuredClone(plan)))
      expect(findings).toContainEqual(
        expect.objectContaining({
          path: path
            .split('/')
            .slice(1)
            .map(each => (/^\d+$/.test(each) ? Number(each) : each))
        })
      )
      expect(findings.map(finding => finding.expected).join()).toContain(expected)
    }
  })

  it.each([
    [{ steps: [10, 10] }, ['steps', 1], 'a weight above 10, that of the step before'],
    [{ steps: [10, { weight: 5 }] }, ['steps', 1, 'weight'], 'a weight above 10, that of the step before'],
    [{ steps: [0.001] }, ['steps', 0], 'a weight with at most two decimals'],
    [
      { noAdvance: [{ from: '09:00', to: '17:00', timeZone: 'Europe/Londn' }] },
      ['noAdvance', 0, 'timeZone'],
      'an IANA time zone such as "Europe/London"'
    ],
    [
      { noAdvance: [{ from: '09:00', to: '09:00', timeZone: 'UTC' }] },
      ['noAdvance', 0, 'to'],
      'a time other than "from"'
    ],
    [
      { noAdvance: [{ from: '24:00', to: '09:00', timeZone: 'UTC' }] },
      ['noAdvance', 0, 'from'],
      'a time before "24:00"'
    ]
  ])('%j is refused for its meaning', (plan, path, expected) => {
    expect(checkPlan(['defaults', 'rollout'], plan)).toEqual([
      { path: ['defaults', 'rollout', ...path], expected: expect.stringContaining(expected) }
    ])
  })

  it('leaves wrong types to the schema', () => {
    expect(checkPlan([], { steps: 'all', noAdvance: [7] })).toEqual([])
    expect(checkPlan([], undefined)).toEqual([])
  })
})

describe('a no-advance window', () => {
  const office: NoAdvanceWindow = { days: ['mon', 'fri'], from: '09:00', to: '17:30', timeZone: 'Europe/London' }
  const night: NoAdvanceWindow = { days: ['fri'], from: '22:00', to: '06:00', timeZone: 'Europe/London' }

  it.each([
    [office, '2026-11-23T09:00Z', true],
    [office, '2026-11-23T08:59Z', false],
    [office, '2026-11-23T17:30Z', false],
    [office, '2026-11-24T12:00Z', false],
    // Summer time: 09:00 in London is 08:00 UTC.
    [office, '2026-07-06T08:00Z', true],
    [night, '2026-11-27T22:00Z', true],
    [night, '2026-11-28T05:59Z', true],
    [night, '2026-11-28T06:00Z', false],
    [night, '2026-11-27T05:00Z', false],
    [{ ...office, from: '00:00', to: '24:00' }, '2026-11-23T23:59Z', true]
  ])('%j at %s: %s', (window, time, inside) => {
    expect(at(window, time)).toBe(inside)
  })
})
