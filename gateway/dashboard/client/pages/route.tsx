import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { AuditEntry, RouteDetail, Windows } from '../../../admin/schemas.ts'
import { killAction, rolloutActions } from '../actions/action.ts'
import { ActionBar } from '../actions/action-bar.tsx'
import { get } from '../api.ts'
import { Empty, Notice, Page, WeightBar } from '../components/index.ts'
import { useAnswer } from '../editor/answer.ts'
import { type Live, useLive } from '../live.ts'
import { Charts } from '../route/charts.tsx'
import { EvidenceTable } from '../route/evidence-table.tsx'
import { History } from '../route/history.tsx'
import { PlanTimeline } from '../route/plan-timeline.tsx'

const HISTORY = 50
/** Windows of evidence are as long as this. */
const WINDOW_MS = 10_000

const NOTICES = { failing: 'error', 'waiting-for-staff': 'warning', watching: 'info', none: 'info' } as const

interface Shown {
  /** What it was answered for. */
  readonly revision: number
  readonly detail: RouteDetail
  readonly windows: Windows
  readonly history: readonly AuditEntry[]
}

/** One route: why it stands where it stands, and what can be done. */
export default function RoutePage({ id }: { readonly id: string }) {
  const live = useLive()
  const [done, setDone] = useState(0)
  const { answer, failure } = useAnswer(() => load(id), [id, done, pulseOf(id, live), useRouteWindow(id, live)])
  return (
    <Page title={id}>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {answer !== undefined && <RouteView shown={answer} live={live} onDone={() => setDone(count => count + 1)} />}
    </Page>
  )
}

interface RouteViewProps {
  readonly shown: Shown
  readonly live: Live
  readonly onDone: () => void
}

function RouteView({ shown: { revision, detail, windows, history }, live, onDone }: RouteViewProps) {
  const { id, rollout } = detail
  const now = live.routes.get(id)
  const kill = detail.nativeOnly ? [] : [killAction(id, detail.killSwitch)]
  const actions = [...(rollout === undefined ? [] : rolloutActions(rollout)), ...kill]
  // The stream may be a second or two behind an answer, or an answer behind the stream.
  const isStreamNewer = (live.totals?.revision ?? 0) >= revision
  const weight = isStreamNewer ? (now?.weight ?? detail.weight) : detail.weight
  return (
    <>
      <p>
        {detail.methods.join(', ')} <code>{detail.paths.join(', ')}</code>, group {detail.group}
      </p>
      {now?.why !== undefined && <Notice kind={NOTICES[now.attention]}>{now.why}</Notice>}
      {detail.killSwitch && <Notice kind="warning">The kill switch of this route is on: legacy answers.</Notice>}
      <div class="stand">
        {detail.nativeOnly ? (
          <span>Native only: there is no upstream behind it.</span>
        ) : (
          <WeightBar weight={weight} steps={now?.steps ?? []} />
        )}
        <ActionBar subject={rollout === undefined ? id : subjectOf(rollout, id)} actions={actions} onDone={onDone} />
      </div>
      <Section title="Plan">
        {rollout === undefined ? (
          <Empty>This route cannot be rolled out: it needs a native service and an upstream.</Empty>
        ) : (
          <PlanTimeline status={rollout} stepEndsAt={now?.stepEndsAt} />
        )}
      </Section>
      <Section title="The last hour">
        <Charts route={id} windows={windows} history={history} events={live.events} />
      </Section>
      {rollout !== undefined && (
        <Section title="Evidence">
          <EvidenceTable status={rollout} />
        </Section>
      )}
      <Section title="Reasons of assignment">
        <Reasons detail={detail} />
      </Section>
      <Section title="History">
        <History route={id} entries={history} />
      </Section>
    </>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function Reasons({ detail: { reasons, cohort } }: { readonly detail: RouteDetail }) {
  const counted = Object.entries(reasons)
  return (
    <>
      {counted.length === 0 ? (
        <Empty>No request has ended in the last hour.</Empty>
      ) : (
        <dl class="facts">
          {counted.map(([name, count]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{count} requests</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="quiet">Of the last hour. {cohort} user ids are listed as the cohort.</p>
    </>
  )
}

function subjectOf({ group, routes }: NonNullable<RouteDetail['rollout']>, id: string): string {
  return routes.length === 1 ? id : `group ${group} (${routes.length} routes)`
}

/** The last event that concerns a route. */
function pulseOf(id: string, { events, totals }: Live): string {
  return `${events.find(({ routes }) => routes.includes(id))?.id ?? ''}.${totals?.revision ?? ''}`
}

/** Grows when the stream says that the route has other numbers, at most once a window. */
function useRouteWindow(id: string, { routes, at }: Live): number {
  const seen = useRef<{ route: unknown; window: number }>({ route: undefined, window: 0 })
  const route = routes.get(id)
  const window = Math.floor((at?.getTime() ?? 0) / WINDOW_MS)
  if (route !== seen.current.route && window > seen.current.window) seen.current = { route, window }
  return seen.current.window
}

async function load(id: string): Promise<Shown> {
  const path = `/routes/${encodeURIComponent(id)}`
  const [detail, windows, history] = await Promise.all([
    get<RouteDetail>(path),
    get<Windows>(`${path}/windows`),
    get<readonly AuditEntry[]>(`/audit?route=${encodeURIComponent(id)}&limit=${HISTORY}`)
  ])
  return { revision: detail.revision ?? 0, detail: detail.data, windows: windows.data, history: history.data }
}
