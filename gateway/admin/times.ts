import { Problem } from './problem.ts'

/** A time of a query in milliseconds since 1970. @throws Problem when there is no such day or hour. */
export function timeOf(name: string, text: string): number {
  const time = Date.parse(text)
  if (!Number.isNaN(time)) return time
  throw new Problem('bad-request', `the query's "${name}": found "${text}", expected a time that there is`)
}
