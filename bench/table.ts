import type { MeasuredBodies } from './bodies.ts'
import { ALONE, GATEWAY, type MeasuredNative, type RouteResult, STAND_IN } from './native.ts'
import type { Measured } from './relay.ts'
import { MAX_TURN_SECONDS, MIN_TURN_SECONDS, type Result, resultOf, type Spread } from './rounds.ts'
import type { Rule } from './rule.ts'

const MEBIBYTE = 1024 ** 2

export interface Report {
  readonly machine: string
  readonly rounds: number
  readonly database: string
  /** Parts that were not asked for are missing. */
  readonly relay: Measured | undefined
  readonly bodies: MeasuredBodies | undefined
  readonly native: MeasuredNative | undefined
}

type Column<T> = readonly [title: string, cell: (result: T) => string]

const common: readonly Column<Result>[] = [
  ['', ({ name }) => name],
  ['requests/s', result => rate(result.rate)],
  ['p50 ms', ({ p50 }) => p50.toFixed(2)],
  ['p99 ms', ({ p99 }) => p99.toFixed(2)],
  ['CPU µs/request', ({ cpu }) => cpu.toFixed(0)],
  ['RSS MiB', mebibytes],
  ['ratio (quartiles)', ({ ratio }) => spread(ratio)]
]

/** One line of the native table: a route, ours beside the stand-in. */
const perRoute: readonly Column<RouteResult>[] = [
  ['route', ({ id }) => `\`${id}\``],
  ['stand-in requests/s', route => rate(resultOf(route.results, STAND_IN).rate)],
  ['ours requests/s', route => rate(resultOf(route.results, GATEWAY).rate)],
  ['ratio (quartiles)', route => spread(resultOf(route.results, GATEWAY).ratio)],
  ['without the gateway', route => spread(resultOf(route.results, ALONE).ratio)],
  ['p50 ms', route => resultOf(route.results, GATEWAY).p50.toFixed(2)],
  ['p99 ms', route => resultOf(route.results, GATEWAY).p99.toFixed(2)],
  ['p99 ratio', route => resultOf(route.results, GATEWAY).p99Ratio.median.toFixed(2)],
  ['commands/request', ({ commands }) => `${commands.standIn.toFixed(2)} → ${commands.native.toFixed(2)}`],
  ['RSS MiB', ({ results }) => `${mebibytes(resultOf(results, STAND_IN))} → ${mebibytes(resultOf(results, GATEWAY))}`]
]

/** Markdown, as it stands in the README. */
export function markdown({ machine, rounds, database, relay, bodies, native }: Report): string {
  const parts = [
    `Measured on ${machine}. What is measured has one core; wrk (1 thread, 32 connections), the upstream and the
database share another. All servers run at once and take turns, ${rounds} rounds of ${MIN_TURN_SECONDS} seconds each (up to ${MAX_TURN_SECONDS} where answers are slow): numbers are medians over the
rounds, the ratio is the median of the ratios within each round.`
  ]
  if (relay) {
    parts.push('### Relay: `GET` of a small JSON, to nginx', table(relay.results, common), list(relay.rules))
  }
  if (bodies) parts.push('### Relay: big bodies', list(bodies.rules))
  if (native) {
    const title = `### Native: every route that reads, 1,000 consultations and 5,000 notes in ${database}`
    parts.push(title, table(native.routes, perRoute), brokenOf(native.rules))
  }
  return `${parts.join('\n\n')}\n`
}

function brokenOf(rules: readonly Rule[]): string {
  const broken = rules.filter(({ isMet }) => !isMet)
  return broken.length === 0 ? `All ${rules.length} rules are met.` : list(broken)
}

function rate(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 0 })
}

function mebibytes({ rss }: Result): string {
  return (rss / MEBIBYTE).toFixed(0)
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
