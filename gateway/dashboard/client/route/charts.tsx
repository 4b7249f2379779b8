import { useMemo } from 'preact/hooks'
import type { AuditEntry, GatewayEvent, Window, Windows } from '../../../admin/schemas.ts'
import { Chart } from '../charts/chart.tsx'
import { type Mark, marksOf } from '../charts/marks.ts'
import { errorLines, latencyLines, type Measured, measuredOf, shareLines } from '../charts/series.ts'
import { Empty, Millis, Percent } from '../components/index.ts'

const TABLE_ROWS = 30
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

interface ChartsProps {
  readonly route: string
  readonly windows: Windows
  readonly history: readonly AuditEntry[]
  readonly events: readonly GatewayEvent[]
}

/** The last hour of both sides, with what happened to the route marked. */
export function Charts({ route, windows, history, events }: ChartsProps) {
  const measured = useMemo(() => measuredOf(windows), [windows])
  const marks = useMemo(() => marksOf(route, history, events), [route, history, events])
  const share = useMemo(() => shareLines(measured), [measured])
  const errors = useMemo(() => errorLines(measured), [measured])
  const latency = useMemo(() => latencyLines(measured), [measured])
  const { times } = measured
  if (times.length === 0) {
    return <Empty>No request that the weight decides on has ended in the last hour, so there is nothing to draw.</Empty>
  }
  const shared = { times, marks }
  return (
    <div class="charts">
      <Chart {...shared} title="Share of requests on native" unit="%" lines={share} top={100} />
      <Chart {...shared} title="Error rate" unit="%" lines={errors} />
      <Chart {...shared} title="Latency: p50, p95, p99" unit="ms" lines={latency} />
      <Marked marks={marks.filter(({ at }) => at >= (times[0] ?? 0))} />
      <details>
        <summary>The last {TABLE_ROWS} windows as a table</summary>
        <Numbers measured={measured} />
      </details>
    </div>
  )
}

/** The marks in words: a canvas says nothing to a screen reader, and leaves out labels that would cover others. */
function Marked({ marks }: { readonly marks: readonly Mark[] }) {
  if (marks.length === 0) return null
  return <p class="quiet">Marked: {marks.map(({ at, text }) => `${text} at ${clock.format(at * 1000)}`).join(', ')}</p>
}

function Numbers({ measured: { times, native, legacy } }: { readonly measured: Measured }) {
  const sides = [native, legacy] as const
  const slots = times.map((_time, slot) => slot).slice(-TABLE_ROWS)
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Numbers of the charts">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {['Native', 'Legacy'].flatMap(side =>
              ['requests', 'errors', 'p50', 'p95', 'p99'].map(name => (
                <th key={`${side} ${name}`} scope="col" class="number">
                  {side} {name}
                </th>
              ))
            )}
          </tr>
        </thead>
        <tbody>
          {slots.map(slot => (
            <tr key={times[slot]}>
              <th scope="row">{clock.format((times[slot] ?? 0) * 1000)}</th>
              {sides.flatMap((side, index) => cellsOf(side[slot], index))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function cellsOf(window: Window | undefined, side: number) {
  const { requests = 0, errors = 0, p50Ms, p95Ms, p99Ms } = window ?? {}
  const cells = [
    requests,
    <Percent value={requests === 0 ? undefined : (errors / requests) * 100} />,
    <Millis value={p50Ms} />,
    <Millis value={p95Ms} />,
    <Millis value={p99Ms} />
  ]
  return cells.map((cell, index) => (
    <td key={`${side}.${index}`} class="number">
      {cell}
    </td>
  ))
}
