import type { LiveTotals, Progress } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { Empty, Notice, Percent } from '../components/index.ts'
import { useAnswer } from '../editor/answer.ts'

const WIDTH = 240
const HEIGHT = 48
const MINUTE_MS = 60_000
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS

interface ProgressHeaderProps {
  readonly totals: LiveTotals
  /** When they were taken. */
  readonly at: Date | undefined
}

/** How far the migration is: now, and over the last week. */
export function ProgressHeader({ totals, at }: ProgressHeaderProps) {
  // Again as the stream goes on: what has passed since belongs to it too.
  const minute = Math.floor((at?.getTime() ?? 0) / MINUTE_MS)
  const { answer, failure } = useAnswer(loadProgress, [totals.revision, minute])
  return (
    <section class="progress" aria-label="Progress of the migration">
      <dl class="big">
        <div>
          <dt>of requests on native</dt>
          <dd>
            <Percent value={rounded(totals.requestSharePercent)} />
          </dd>
        </div>
        <div>
          <dt>of routes on native</dt>
          <dd>
            <Percent value={rounded(totals.routeSharePercent)} />
          </dd>
        </div>
        <div>
          <dt>of {totals.movable} movable routes are at 100 %</dt>
          <dd>{totals.at100}</dd>
        </div>
      </dl>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {answer !== undefined && <OverTime progress={answer} />}
    </section>
  )
}

function OverTime({ progress: { points } }: { readonly progress: Progress }) {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2) {
    return <Empty>Progress over time has a point every 10 minutes; it shows from the second one on.</Empty>
  }
  const start = Date.parse(first.at)
  const span = Math.max(Date.parse(last.at) - start, 1)
  const line = (share: (point: Progress['points'][number]) => number | undefined) =>
    points
      .flatMap(point => {
        const value = share(point)
        const x = ((Date.parse(point.at) - start) / span) * WIDTH
        return value === undefined ? [] : [`${x.toFixed(1)},${(HEIGHT * (1 - value)).toFixed(1)}`]
      })
      .join(' ')
  const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <figure class="over-time">
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} role="img" aria-label={said(first, last)}>
        <line class="edge" x1="0" x2={WIDTH} y1="0" y2="0" />
        <line class="edge" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
        <polyline class="routes" points={line(({ routes, nativeRoutes }) => shareOf(nativeRoutes, routes))} />
        <polyline class="native" points={line(({ native, legacy }) => shareOf(native, native + legacy))} />
      </svg>
      <figcaption>
        0 to 100 %, since {day.format(start)}: <span class="native">━ requests</span>{' '}
        <span class="routes">┅ routes</span>
      </figcaption>
    </figure>
  )
}

type Point = Progress['points'][number]

function said(first: Point, last: Point): string {
  const share = ({ native, legacy }: Point) => `${Math.round((shareOf(native, native + legacy) ?? 0) * 100)} %`
  return `Requests on native went from ${share(first)} to ${share(last)}.`
}

function shareOf(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 10) / 10
}

async function loadProgress(): Promise<Progress> {
  const from = new Date(Date.now() - WEEK_MS).toISOString()
  return (await get<Progress>(`/progress?from=${encodeURIComponent(from)}`)).data
}
