import { percent } from '../output/format.ts'
import type { Row, Snapshot } from './snapshot.ts'

export interface RowChange {
  readonly route: string
  readonly field: string
  readonly from: string
  readonly to: string
}

/** What of a route is worth a line of its own when it changes. */
const FIELDS: Readonly<Record<string, (row: Row) => string>> = {
  weight: ({ weight }) => percent(weight),
  'kill switch': ({ killed }) => (killed ? 'on' : 'off'),
  phase: ({ phase = 'none' }) => phase,
  verdict: ({ verdict = 'none' }) => verdict,
  breaker: ({ breaker = 'none' }) => breaker
}

/** What became different of each route, in the order of the routes. */
export function rowChanges(before: Snapshot, after: Snapshot): RowChange[] {
  const old = new Map(before.rows.map(row => [row.route, row]))
  return after.rows.flatMap(row => {
    const previous = old.get(row.route)
    if (previous === undefined) return [{ route: row.route, field: 'route', from: 'none', to: 'new' }]
    return Object.entries(FIELDS).flatMap(([field, textOf]) => {
      const [from, to] = [textOf(previous), textOf(row)]
      return from === to ? [] : [{ route: row.route, field, from, to }]
    })
  })
}
