import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BreakerState, breaker } from '../../../gateway/breaker/breaker.ts'

const rules = breaker({ cooldownMs: 1_000, longestCooldownMs: 3_000, trials: 2, trialTimeoutMs: 500 })

function after(state: BreakerState, outcomes: readonly boolean[], now = 0): BreakerState {
  return outcomes.reduce<BreakerState>((each, success) => rules.ended(rules.began(each, now), success, now), state)
}
const times = (count: number, success: boolean) => Array.from({ length: count }, () => success)
const tripped = after(rules.closed(0), times(10, false))

describe('a breaker', () => {
  it('opens at ten failures in a row, not at nine', () => {
    expect(after(rules.closed(0), times(9, false)).status).toBe('closed')
    expect(tripped).toMatchObject({ status: 'open', until: 1_000 })
    expect(after(rules.closed(0), [...times(9, false), true, ...times(9, false)]).status).toBe('closed')
  })

  it('opens at half of the requests failing, from twenty on', () => {
    const mixed = Array.from({ length: 20 }, (_, index) => index % 2 === 0)
    expect(after(rules.closed(0), mixed.slice(0, 19)).status).toBe('closed')
    expect(after(rules.closed(0), mixed).status).toBe('open')
  })

  it('forgets what is older than two windows', () => {
    const mixed = Array.from({ length: 18 }, (_, index) => index % 2 === 0)
    const later = after(after(rules.closed(0), mixed, 0), [true, false], 10_000)
    expect(later).toMatchObject({ status: 'closed', current: { requests: 2, failures: 1 }, previous: { requests: 0 } })
    const next = after(after(rules.closed(0), mixed, 0), [true, false], 5_000)
    expect(next.status).toBe('open')
  })

  it('admits nothing while it is open, then so many trials at once', () => {
    expect(rules.admits(tripped, 999)).toBe(false)
    expect(rules.admits(tripped, 1_000)).toBe(true)
    const one = rules.began(tripped, 1_000)
    expect(one).toMatchObject({ status: 'half-open', underWay: [1_000] })
    expect(rules.admits(one, 1_000)).toBe(true)
    const two = rules.began(one, 1_001)
    expect(rules.admits(two, 1_002)).toBe(false)
    // A trial that never ends is given up.
    expect(rules.admits(two, 1_500)).toBe(true)
  })

  it('closes when its trials succeed', () => {
    const one = rules.ended(rules.began(tripped, 1_000), true, 1_010)
    expect(one).toMatchObject({ status: 'half-open', succeeded: 1, underWay: [] })
    expect(rules.ended(rules.began(one, 1_020), true, 1_030)).toEqual(rules.closed(1_030))
  })

  it('opens again for longer when a trial fails, up to a limit', () => {
    const again = rules.ended(rules.began(tripped, 1_000), false, 1_010)
    expect(again).toMatchObject({ status: 'open', until: 3_010 })
    const third = rules.ended(rules.began(again, 3_010), false, 3_020)
    expect(third).toMatchObject({ status: 'open', until: 6_020 })
  })

  it('heeds nothing that began before it opened', () => {
    expect(rules.ended(tripped, true, 10)).toBe(tripped)
    const halfOpen: BreakerState = { status: 'half-open', since: 0, cooldownMs: 1, underWay: [], succeeded: 0 }
    expect(rules.ended(halfOpen, false, 10)).toBe(halfOpen)
  })

  it('always admits again some time after the last failure, and never more trials than it may', () => {
    const step = fc.record({ ms: fc.integer({ min: 0, max: 700 }), kind: fc.constantFrom('begin', 'good', 'bad') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        let state = rules.closed(0)
        let now = 0
        for (const { ms, kind } of steps) {
          now += ms
          if (kind !== 'begin') state = rules.ended(state, kind === 'good', now)
          else if (rules.admits(state, now)) state = rules.began(state, now)
          expect(state.status === 'half-open' ? state.underWay.length : 0).toBeLessThanOrEqual(2)
        }
        expect(rules.admits(state, now + 3_000)).toBe(true)
      }),
      { seed: 20_261_123 }
    )
  })
})
