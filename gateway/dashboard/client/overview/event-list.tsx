import type { GatewayEvent } from '../../../admin/schemas.ts'
import { Empty, Time } from '../components/index.ts'
import { Link } from '../router.ts'

const MARKS = { info: '●', warning: '▲', error: '✖' } as const

interface EventListProps {
  readonly events: readonly GatewayEvent[]
  readonly most: number
}

/** What happened last. */
export function EventList({ events, most }: EventListProps) {
  if (events.length === 0) return <Empty>Nothing has happened since this page was opened.</Empty>
  return (
    <ol class="events">
      {events.slice(0, most).map(({ id, replica, at, severity, message, routes }) => (
        <li key={`${replica ?? ''}:${id}`} class={severity}>
          <span aria-hidden="true">{MARKS[severity]}</span>
          <span class="visually-hidden">{severity}:</span> <Time at={at} /> {message}{' '}
          {routes.length === 1 && <Link href={`/routes/${encodeURIComponent(routes[0] ?? '')}`}>{routes[0]}</Link>}
        </li>
      ))}
    </ol>
  )
}
