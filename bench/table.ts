import type { MeasuredBodies } from './bodies.ts'
import type { MeasuredNative } from './native.ts'
import type { Measured } from './relay.ts'
import { type Result, ROUND_SECONDS, type Spread } from './rounds.ts'
import type { Rule } from './rule.ts'

const MEBIBYTE = 1024 ** 2

export interface Report {
  readonly machine: string
  readonly rounds: number
  readonly database: string
  readonly relay: Measured
  readonly bodies: MeasuredBodies
  readonly native: MeasuredNative
}

type Column<T> = readonly [title: string, cell: (result: T) => string]

const common: readonly Column<Result>[] = [
  ['', ({ name }) => name],
  ['requests/s', ({ rate }) => rate.toLocaleString('en', { maximumFractionDigits: 0 })],
  ['p50 ms', ({ p50 }) => p50.toFixed(2)],
  ['p99 ms', ({ p99 }) => p99.toFixed(2)],
  ['CPU µs/request', ({ cpu }) => cpu.toFixed(0)],
  ['RSS MiB', ({ rss }) => (rss / MEBIBYTE).toFixed(0)],
  ['ratio (quartiles)', ({ ratio }) => spread(ratio)]
]

/** Markdown, as it stands in the README. */
export function markdown({ machine, rounds, database, relay, bodies, native }: Report): string {
  return `Measured on ${machine}. What is measured has one core; wrk (1 thread, 32 connections), the upstream and the
database share another. All servers run at once and take turns, ${rounds} rounds of ${ROUND_SECONDS} seconds each: numbers are medians over the
rounds, the ratio is the median of the ratios within each round.

### Relay: \`GET\` of a small JSON, to nginx

${table(relay.results, common)}

${list(relay.rules)}
${list(bodies.rules)}

### Native: \`GET /api/notes/:consultationId\`, 5 notes, 1,000 consultations in ${database}

${table(native.results, [...common, ['commands/request', ({ commands }) => commands.toFixed(2)]])}

${list(native.rules)}
`
}

function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = [
    columns.map(([title]) => title),
    columns.map((_, index) => (index === 0 ? '---' : '---:')),
    ...rows.map(row => columns.map(([, cell]) => cell(row)))
  ]
  return cells.map(line => `| ${line.join(' | ')} |`).join('\n')
}

function spread({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(2)} (${lowerQuartile.toFixed(2)}–${upperQuartile.toFixed(2)})`
}

function list(rules: readonly Rule[]): string {
  return rules.map(({ text, isMet }) => `- ${isMet ? '' : '**Not met:** '}${text}`).join('\n')
}
