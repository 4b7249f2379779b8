/** A seeded generator of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How many of `trials` happen, each with `probability`; jumps from one to the next, so rare ones cost little. */
export function binomial(random: () => number, trials: number, probability: number): number {
  if (probability <= 0) return 0
  if (probability >= 1) return trials
  const jump = () => Math.floor(Math.log(1 - random()) / Math.log1p(-probability))
  let happened = 0
  for (let i = jump(); i < trials; i += 1 + jump()) happened++
  return happened
}

export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}
