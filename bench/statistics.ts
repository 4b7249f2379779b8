/** The q-quantile (0–1) of the values, linear between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)]
  const above = sorted[Math.ceil(at)]
  if (below === undefined || above === undefined) throw new RangeError('no values, no quantile')
  return below + (above - below) * (at % 1)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
