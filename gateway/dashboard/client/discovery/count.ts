const format = new Intl.NumberFormat('en-GB')

/** A count with its thousands apart, and with what is counted when that is given: `1,204 requests`. */
export function countOf(count: number, what?: string): string {
  const number = format.format(count)
  if (what === undefined) return number
  return `${number} ${what}${count === 1 ? '' : 's'}`
}
