import { type Static, Type } from '@sinclair/typebox'

/**
 * Two tests of bad answers that may be looked at after every request, for as long as one likes, and stopped at any
 * time: the probability that they ever alarm while nothing is wrong stays at most alpha.
 *
 * Both are e-processes: a wealth that starts at 1, whose expectation never grows while nothing is wrong (it is a
 * supermartingale), so that by Ville's inequality it ever reaches 1/alpha with probability at most alpha. They are exact
 * for every rate and every number of requests; no normal approximation is made.
 *
 * - `compareRates`: is native's rate more than a margin above legacy's, over the same time? The E-variable of a block of
 *   outcomes is that of R. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests that
 *   allow for optional stopping", Journal of Statistical Planning and Inference 230 (2024) 106116. Blocks may
 *   have any numbers of native and legacy requests, and the true rates may change from block to block (an outage of
 *   something that both depend on is no difference).
 * - `boundRate`: is native's rate above a fixed bound? The likelihood ratio of Wald's sequential test.
 *
 * How much worse native is, and since when, is not known in advance. So the wealth is a mixture over `ALTERNATIVES`
 * (H. Robbins' method of mixtures) and, within each, over the block at which native went bad: a share of the wealth is
 * put in at every block, in the way of Shiryaev's and Roberts' recursion but with shares that add up to 1, which keeps the
 * alarm probability alpha over the whole run. Without that a long good history would have to be outweighed first.
 *
 * What is assumed: given the numbers of requests of both sides in a block, outcomes are independent. A caller that repeats
 * one failing request weakens that; it can only cause a rollback, never hide one.
 */
export const SequentialTestSchema = Type.Object(
  {
    blocks: Type.Integer({ minimum: 0, description: 'Blocks taken in so far.' }),
    wealth: Type.Array(Type.Number(), { description: 'By alternative: the wealth put in so far and what it became.' }),
    evidence: Type.Number({ description: 'The e-value as it stands.' }),
    peak: Type.Number({ description: 'The largest e-value so far; an alarm when it is at least 1/alpha.' }),
    native: Type.Object({ requests: Type.Number(), bad: Type.Number() }),
    legacy: Type.Object({ requests: Type.Number(), bad: Type.Number() }),
    pending: Type.Object({
      native: Type.Object({ requests: Type.Number(), bad: Type.Number() }),
      legacy: Type.Object({ requests: Type.Number(), bad: Type.Number() })
    })
  },
  { additionalProperties: false }
)

/** All that a test keeps; plain data, of constant size. */
export type SequentialTest = Static<typeof SequentialTestSchema>

export interface Tally {
  readonly requests: number
  /** At most `requests`. */
  readonly bad: number
}

/** A block of outcomes that ended in the same interval. */
export interface Block {
  readonly native: Tally
  readonly legacy: Tally
}

/** What native's rate might have become: that many times legacy's, or a rate of its own. */
const ALTERNATIVES = [
  { times: 1.5 },
  { times: 2 },
  { times: 3 },
  { times: 5 },
  { times: 12 },
  { times: 40 },
  { rate: 0.3 },
  { rate: 0.9 }
] as const
type Alternative = (typeof ALTERNATIVES)[number]

const NOTHING: Tally = { requests: 0, bad: 0 }
/** Far above every threshold; keeps a product of many large factors finite. */
const LARGEST = 1e100
/** The least distance of a rate from 0 and 1. */
const EDGE = 1e-9

export function startTest(): SequentialTest {
  return {
    blocks: 0,
    wealth: ALTERNATIVES.map(() => 0),
    evidence: 1,
    peak: 1,
    native: NOTHING,
    legacy: NOTHING,
    pending: { native: NOTHING, legacy: NOTHING }
  }
}

/**
 * Takes a block into the test of "native's rate of bad answers is at most legacy's plus `margin`".
 *
 * A block of one side only holds no information in itself; it waits for the other side's next requests. That looks at
 * how many requests came, never at their outcomes, which leaves the test exact.
 *
 * @param margin a difference of rates, 0–1, that is still tolerated.
 * @param prior the rate to expect of either side before there are outcomes, 0–1.
 */
export function compareRates(test: SequentialTest, block: Block, margin: number, prior: number): SequentialTest {
  const native = add(test.pending.native, block.native)
  const legacy = add(test.pending.legacy, block.legacy)
  if (native.requests === 0 || legacy.requests === 0) return { ...test, pending: { native, legacy } }

  const next = settle(test, alternative => {
    const [rateOfLegacy, rateOfNative] = pairOfRates(alternative, test, margin, prior)
    const common = projection(rateOfLegacy, rateOfNative, legacy.requests, native.requests, margin)
    return logRatio(legacy, rateOfLegacy, common) + logRatio(native, rateOfNative, common + margin)
  })
  return {
    ...next,
    native: add(test.native, native),
    legacy: add(test.legacy, legacy),
    pending: { native: NOTHING, legacy: NOTHING }
  }
}

/**
 * Takes outcomes into the test of "native's rate of bad answers is at most `bound`".
 *
 * @param bound 0–1, both excluded.
 */
export function boundRate(test: SequentialTest, native: Tally, bound: number): SequentialTest {
  if (native.requests === 0) return test
  const next = settle(test, alternative => logRatio(native, rateAbove(alternative, bound), bound))
  return { ...next, native: add(test.native, native) }
}

/** Whether a test has ever had enough evidence that native is worse. */
export function alarms(test: SequentialTest, alpha: number): boolean {
  return test.peak >= 1 / alpha
}

/**
 * The largest rate that is compatible with an observed tally at error probability `alpha`: Chernoff's bound in its
 * Kullback–Leibler form (W. Hoeffding, 1963, theorem 1), valid for every number of requests. 1 without requests.
 */
export function upperRate({ requests, bad }: Tally, alpha: number): number {
  if (requests === 0) return 1
  const observed = bad / requests
  const limit = Math.log(1 / alpha) / requests
  let low = observed
  let high = 1
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (divergence(observed, middle) > limit) high = middle
    else low = middle
  }
  return high
}

/** Multiplies every alternative's wealth, this block's new share included, by its factor. */
function settle(test: SequentialTest, logFactor: (alternative: Alternative) => number): SequentialTest {
  const blocks = test.blocks + 1
  const share = notYetPutIn(test.blocks) - notYetPutIn(blocks)
  const wealth = ALTERNATIVES.map((alternative, index) =>
    Math.min(LARGEST, ((test.wealth[index] ?? 0) + share) * Math.exp(Math.min(230, logFactor(alternative))))
  )
  const mean = wealth.reduce((sum, each) => sum + each, 0) / wealth.length
  const evidence = mean + notYetPutIn(blocks)
  return { ...test, blocks, wealth, evidence, peak: Math.max(test.peak, evidence) }
}

/** The share of the wealth still to be put in after so many blocks; falls slowly, so that late changes are caught too. */
function notYetPutIn(blocks: number): number {
  return 1 / (1 + Math.log1p(blocks))
}

/** The rates of legacy and native that an alternative supposes, from what came before the block only. */
function pairOfRates(
  alternative: Alternative,
  { native, legacy }: SequentialTest,
  margin: number,
  prior: number
): readonly [number, number] {
  const prudence = 0.5 / prior
  if ('times' in alternative) {
    const { times } = alternative
    const expected = Math.max(0, native.bad - margin * native.requests)
    const bad = legacy.bad + expected + 0.5
    const base = clamp(bad / (legacy.requests + times * native.requests + prudence), (1 - margin) / times)
    return [base, clamp(base * times + margin, 1)]
  }
  const base = clamp((legacy.bad + 0.5) / (legacy.requests + prudence), 1 - margin)
  return [base, rateAbove(alternative, clamp(base + margin, 1))]
}

/** The rate that an alternative supposes above a known one. */
function rateAbove(alternative: Alternative, known: number): number {
  const ceiling = (1 + known) / 2
  if ('times' in alternative) return Math.min(alternative.times * known, ceiling)
  return Math.max(alternative.rate, ceiling)
}

/**
 * Legacy's rate p of the pair (p, p + margin) that is nearest to the supposed pair of rates: the reverse information
 * projection on the border of "not worse". It is the root of l(a − p)/(p(1 − p)) + n(b − q)/(q(1 − q)) = 0 with
 * q = p + margin. There the expected factor of legacy's outcomes is 1 + t·c and that of native's 1 + t·d with l·c + n·d = 0
 * for every true pair (p + t, q + t), so the block's expectation is at most 1, the geometric mean being at most the
 * arithmetic. Without a margin it is the mean of the rates, weighted by the requests.
 */
function projection(a: number, b: number, l: number, n: number, margin: number): number {
  const mean = (l * a + n * (b - margin)) / (l + n)
  if (margin === 0) return mean
  let low = a
  let high = b - margin
  let p = mean
  for (let i = 0; i < 60 && high - low > 1e-13; i++) {
    const q = p + margin
    const vp = p * (1 - p)
    const vq = q * (1 - q)
    const value = (l * (a - p)) / vp + (n * (b - q)) / vq
    if (value > 0) low = p
    else high = p
    const slope = (l * (-vp - (a - p) * (1 - 2 * p))) / (vp * vp) + (n * (-vq - (b - q) * (1 - 2 * q))) / (vq * vq)
    const newton = p - value / slope
    if (Math.abs(newton - p) < 1e-14) break
    p = newton > low && newton < high ? newton : (low + high) / 2
  }
  return p
}

/** The logarithm of how much likelier outcomes are under one rate than under another. */
function logRatio({ requests, bad }: Tally, rate: number, reference: number): number {
  const good = requests - bad
  return (
    (bad === 0 ? 0 : bad * Math.log(rate / reference)) +
    (good === 0 ? 0 : good * Math.log((1 - rate) / (1 - reference)))
  )
}

/** The Kullback–Leibler divergence of two Bernoulli rates. */
export function divergence(p: number, q: number): number {
  const bad = p === 0 ? 0 : p * Math.log(p / q)
  const good = p === 1 ? 0 : (1 - p) * Math.log((1 - p) / (1 - q))
  return bad + good
}

function add(a: Tally, b: Tally): Tally {
  return { requests: a.requests + b.requests, bad: a.bad + b.bad }
}

function clamp(rate: number, below: number): number {
  return Math.min(Math.max(rate, EDGE), below - EDGE)
}
