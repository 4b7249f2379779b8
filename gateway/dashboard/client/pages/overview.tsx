import { useMemo, useState } from 'preact/hooks'
import type { LiveRoute, LiveTotals } from '../../../admin/schemas.ts'
import { killAction } from '../actions/action.ts'
import { ActionBar } from '../actions/action-bar.tsx'
import { Empty, Notice, Page } from '../components/index.ts'
import { useLive } from '../live.ts'
import { EventList } from '../overview/event-list.tsx'
import { ProgressHeader } from '../overview/progress-header.tsx'
import { RouteRow } from '../overview/route-row.tsx'
import { scaleOf, shownRoutes } from '../overview/sorting.ts'

const EVENTS = 20
const COLUMNS = ['Route', 'Weight', 'State', 'Requests', 'Errors', 'p95', 'Evidence', 'Last change'] as const

const NUMBERS: ReadonlySet<string> = new Set(['Requests', 'Errors', 'p95'])

/** How far, what is wrong, what changed last. */
export default function OverviewPage() {
  const { totals, routes, events, at } = useLive()
  if (totals === undefined) return <Page title="Overview" lead="Waiting for the gateway …" />
  const kill = killAction(undefined, totals.killSwitch)
  return (
    <Page title="Overview" actions={<ActionBar subject="all routes" actions={[kill]} />}>
      <Problems totals={totals} />
      <ProgressHeader totals={totals} at={at} />
      <RouteTable routes={routes} />
      <section aria-labelledby="events">
        <h2 id="events">Last events</h2>
        <EventList events={events} most={EVENTS} />
      </section>
    </Page>
  )
}

function Problems({ totals: { killSwitch, problems } }: { readonly totals: LiveTotals }) {
  return (
    <>
      {killSwitch && (
        <Notice kind="error">The kill switch of the gateway is on: every route with an upstream goes there.</Notice>
      )}
      {problems.length > 0 && (
        <Notice kind="error">
          <ul>
            {problems.map(problem => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  )
}

function RouteTable({ routes }: { readonly routes: ReadonlyMap<string, LiveRoute> }) {
  const [filter, setFilter] = useState('')
  const shown = useMemo(() => shownRoutes(routes.values(), filter), [routes, filter])
  const scale = useMemo(() => scaleOf(routes.values()), [routes])
  return (
    <section aria-labelledby="routes">
      <div class="section-head">
        <h2 id="routes">Routes</h2>
        <label class="filter">
          Filter
          <input type="search" value={filter} onInput={event => setFilter(event.currentTarget.value)} />
        </label>
        <span class="quiet" role="status">
          {shown.length} of {routes.size}
        </span>
      </div>
      <p class="legend">
        <span class="native">■ N native</span> <span class="legacy">■ L legacy</span> Numbers are of the last minute, of
        the callers that the weight decides on; lines of the last 30 minutes, all from 0 to {scale.errorPercent} %
        errors and {scale.p95Ms} ms p95.
      </p>
      {routes.size === 0 && <Empty>The configuration has no routes.</Empty>}
      {routes.size > 0 && shown.length === 0 && <Empty>No route matches “{filter}”.</Empty>}
      {shown.length > 0 && (
        <table class="routes-table">
          <thead>
            <tr>
              {COLUMNS.map(name => (
                <th key={name} scope="col" class={NUMBERS.has(name) ? 'number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(route => (
              <RouteRow key={route.id} route={route} scale={scale} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
