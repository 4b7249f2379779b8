import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  alarms,
  type Block,
  boundRate,
  compareRates,
  type SequentialTest,
  startTest,
  upperRate
} from '../../../gateway/rollout/sequential-test.ts'
import { binomial, quantile, seeded } from './random.ts'

const SEED = 20_261_123
const ALPHA = 0.01

interface Rates {
  readonly native: number
  readonly legacy: number
}

function block(random: () => number, sizes: Rates, rates: Rates): Block {
  return {
    native: { requests: sizes.native, bad: binomial(random, sizes.native, rates.native) },
    legacy: { requests: sizes.legacy, bad: binomial(random, sizes.legacy, rates.legacy) }
  }
}

/** Native requests until the alarm, looked at after every block of 50 requests; infinite without one. */
function requestsToAlarm(random: () => number, weight: number, rates: Rates, blocks: number, from = startTest()) {
  const native = Math.round((50 * weight) / 100)
  let test = from
  for (let i = 1; i <= blocks; i++) {
    test = compareRates(test, block(random, { native, legacy: 50 - native }, rates), 0, 0.01)
    if (alarms(test, ALPHA)) return i * native
  }
  return Number.POSITIVE_INFINITY
}

describe('false alarms', () => {
  it('stay below alpha over 10,000 rollouts at equal true rates, looked at after every block', {
    timeout: 60_000
  }, () => {
    const random = seeded(SEED)
    const steps = [10, 25, 50, 75]
    let alarmed = 0
    for (let run = 0; run < 10_000; run++) {
      const rate = [0.001, 0.01, 0.05, 0.2][run % 4] ?? 0
      let test = startTest()
      for (let look = 0; look < 80 && !alarms(test, ALPHA); look++) {
        // Small blocks first, when little is known of the rates, then growing ones: 18,000 requests in 80 looks.
        const size = 10 + look * 5
        const native = Math.max(1, Math.round((size * (steps[Math.floor(look / 20)] ?? 0)) / 100))
        const sizes = { native, legacy: size - native }
        test = compareRates(test, block(random, sizes, { native: rate, legacy: rate }), 0, 0.01)
      }
      if (alarms(test, ALPHA)) alarmed++
    }
    console.log(`false alarms at equal rates: ${alarmed} of 10,000 (at most ${ALPHA * 10_000} allowed)`)
    expect(alarmed).toBeLessThanOrEqual(ALPHA * 10_000)
  })

  it('stay below alpha when both sides share an outage, and on the border of the margin', () => {
    const random = seeded(SEED + 1)
    let alarmed = 0
    for (let run = 0; run < 1_000; run++) {
      let test = startTest()
      for (let look = 0; look < 60; look++) {
        const legacy = look > 20 && look < 30 ? 0.9 : 0.01
        const rates = { native: legacy + 0.02, legacy }
        test = compareRates(test, block(random, { native: 20, legacy: 30 }, rates), 0.02, 0.01)
      }
      if (alarms(test, ALPHA)) alarmed++
    }
    expect(alarmed).toBeLessThanOrEqual(ALPHA * 1_000)
  })

  it('stay below alpha at the bound itself', () => {
    const random = seeded(SEED + 2)
    let alarmed = 0
    for (let run = 0; run < 2_000; run++) {
      let test = startTest()
      for (let look = 0; look < 100; look++) {
        test = boundRate(test, { requests: 20, bad: binomial(random, 20, 0.05) }, 0.05)
      }
      if (alarms(test, ALPHA)) alarmed++
    }
    expect(alarmed).toBeLessThanOrEqual(ALPHA * 2_000)
  })
})

describe('exactness, by summing over every outcome of the next block', () => {
  const small = fc.integer({ min: 1, max: 6 })
  const history = fc.array(
    fc.record({
      n: small,
      l: small,
      nb: fc.double({ min: 0, max: 1, noNaN: true }),
      lb: fc.double({ min: 0, max: 1, noNaN: true })
    }),
    { maxLength: 5 }
  )
  const rate = fc.double({ min: 0.001, max: 0.999, noNaN: true })

  it('never expects evidence to grow while native is at most a margin worse', () => {
    fc.assert(
      fc.property(
        history,
        small,
        small,
        rate,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(0, 0.001, 0.02, 0.2),
        (past, n, l, legacy, worse, margin) => {
          const test = past.reduce<SequentialTest>(
            (each, { n: pn, l: pl, nb, lb }) =>
              compareRates(
                each,
                {
                  native: { requests: pn, bad: Math.round(pn * nb) },
                  legacy: { requests: pl, bad: Math.round(pl * lb) }
                },
                margin,
                0.01
              ),
            startTest()
          )
          const native = Math.min(0.9999, (legacy + margin) * worse)
          let expected = 0
          for (let a = 0; a <= n; a++) {
            for (let b = 0; b <= l; b++) {
              const next = compareRates(
                test,
                { native: { requests: n, bad: a }, legacy: { requests: l, bad: b } },
                margin,
                0.01
              )
              expected += mass(n, a, native) * mass(l, b, legacy) * next.evidence
            }
          }
          expect(expected).toBeLessThanOrEqual(test.evidence * (1 + 1e-6))
        }
      ),
      { seed: SEED, numRuns: 500 }
    )
  })

  it('never expects evidence to grow while native is at most the bound', () => {
    fc.assert(
      fc.property(small, rate, fc.double({ min: 0, max: 1, noNaN: true }), (n, bound, part) => {
        const test = boundRate(startTest(), { requests: 5, bad: 2 }, bound)
        let expected = 0
        for (let bad = 0; bad <= n; bad++) {
          expected += mass(n, bad, bound * part) * boundRate(test, { requests: n, bad }, bound).evidence
        }
        expect(expected).toBeLessThanOrEqual(test.evidence * (1 + 1e-6))
      }),
      { seed: SEED, numRuns: 500 }
    )
  })
})

describe('what it takes to notice', () => {
  const random = seeded(SEED + 3)

  it.each([
    { legacy: 0.01, native: 0.02, weight: 10, median: 4_000 },
    { legacy: 0.01, native: 0.02, weight: 50, median: 6_000 },
    { legacy: 0.01, native: 0.05, weight: 10, median: 400 },
    { legacy: 0.01, native: 0.05, weight: 50, median: 700 }
  ])('$legacy → $native at weight $weight', ({ legacy, native, weight, median }) => {
    const runs = Array.from({ length: 100 }, () => requestsToAlarm(random, weight, { native, legacy }, 4_000))
    const [middle, high] = [quantile(runs, 0.5), quantile(runs, 0.9)]
    console.log(`${legacy} → ${native} at ${weight} %: median ${middle}, p90 ${high} native requests`)
    expect(middle).toBeLessThanOrEqual(median)
  })

  it('a sudden break, at once and also after a long good history', () => {
    const broken = { native: 1, legacy: 0.01 }
    expect(requestsToAlarm(random, 10, broken, 100)).toBeLessThanOrEqual(25)
    let test = startTest()
    for (let i = 0; i < 20_000; i++)
      test = compareRates(test, block(random, { native: 5, legacy: 45 }, { native: 0.01, legacy: 0.01 }), 0, 0.01)
    expect(alarms(test, ALPHA)).toBe(false)
    expect(requestsToAlarm(random, 10, broken, 100, test)).toBeLessThanOrEqual(25)
  })

  it('a single failure proves nothing', () => {
    const one = { native: { requests: 1, bad: 1 }, legacy: { requests: 1, bad: 0 } }
    expect(alarms(compareRates(startTest(), one, 0, 0.01), ALPHA)).toBe(false)
    expect(alarms(boundRate(startTest(), one.native, 0.05), ALPHA)).toBe(false)
  })
})

it('keeps the requests of one side until the other has some', () => {
  const native = { requests: 3, bad: 1 }
  const none = { requests: 0, bad: 0 }
  const waiting = compareRates(startTest(), { native, legacy: none }, 0, 0.01)
  expect(waiting).toMatchObject({ blocks: 0, evidence: 1, pending: { native } })
  const settled = compareRates(waiting, { native: none, legacy: { requests: 2, bad: 0 } }, 0, 0.01)
  expect(settled).toMatchObject({ blocks: 1, native, legacy: { requests: 2, bad: 0 }, pending: { native: none } })
  expect(settled).toEqual(compareRates(startTest(), { native, legacy: { requests: 2, bad: 0 } }, 0, 0.01))
})

it('bounds a rate from above', () => {
  expect(upperRate({ requests: 0, bad: 0 }, 0.01)).toBe(1)
  expect(upperRate({ requests: 100, bad: 100 }, 0.01)).toBe(1)
  // Without any bad answer the exact bound is 1 − alpha^(1/n), and Chernoff's is the same.
  expect(upperRate({ requests: 300, bad: 0 }, 0.05)).toBeCloseTo(1 - 0.05 ** (1 / 300), 6)
  expect(upperRate({ requests: 100_000, bad: 1_000 }, 0.01)).toBeLessThan(0.0111)
})

function mass(n: number, k: number, p: number): number {
  let ways = 1
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1)
  return ways * p ** k * (1 - p) ** (n - k)
}
