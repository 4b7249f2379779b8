/*
 * Numbers as they are sent: no more digits than anybody reads, so that a row that looks the same is the same.
 */

/** @param whole above 0 */
export function inPercent(part: number, whole: number): number {
  return Math.round((part / whole) * 10_000) / 100
}

export function inMilliseconds(value: number): number {
  return Number(value.toPrecision(3))
}

export function perSecond(count: number, milliseconds: number): number {
  return Number(((count * 1000) / milliseconds).toPrecision(3))
}
