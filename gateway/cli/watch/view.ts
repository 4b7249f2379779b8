import type { GatewayEvent } from '../../admin/schemas.ts'
import type { Io } from '../io.ts'
import { rowChanges } from './changes.ts'
import type { Snapshot } from './snapshot.ts'

/** What shows how everything stands, as it changes. */
export interface View {
  snapshot(snapshot: Snapshot): void
  event(event: GatewayEvent): void
  /** The gateway does not answer, and why; what is shown is old. */
  stale(why: string): void
  /** Gives the terminal back. */
  close(): void
}

/** A line for everything that changes, for logs. */
export function linesView({ stdout }: Io): View {
  return changesView({
    first: ({ at, revision, rows }) => tell(at, `revision ${revision}, ${rows.length} routes`),
    change: (at, { route, field, from, to }) => tell(at, `${route}: ${field} ${from} → ${to}`),
    event: event => tell(new Date(event.at), `${event.type}: ${event.message}`),
    stale: why => tell(new Date(), `stale: ${why}`),
    live: at => tell(at, 'live again')
  })

  function tell(at: Date, text: string): void {
    stdout.write(`${at.toISOString()} ${text}\n`)
  }
}

/** A JSON document a line: `routes` first, then each `change`, `event`, `stale` and `live`. */
export function jsonView({ stdout }: Io): View {
  return changesView({
    first: ({ at, revision, rows }) => tell({ kind: 'routes', at, revision, routes: rows }),
    change: (at, change) => tell({ kind: 'change', at, ...change }),
    event: event => tell({ kind: 'event', event }),
    stale: why => tell({ kind: 'stale', at: new Date(), why }),
    live: at => tell({ kind: 'live', at })
  })

  function tell(document: object): void {
    stdout.write(`${JSON.stringify(document)}\n`)
  }
}

interface Told {
  readonly first: (snapshot: Snapshot) => void
  readonly change: (at: Date, change: ReturnType<typeof rowChanges>[number]) => void
  readonly event: (event: GatewayEvent) => void
  readonly stale: (why: string) => void
  readonly live: (at: Date) => void
}

function changesView({ first, change, event, stale, live }: Told): View {
  let last: Snapshot | undefined
  let isStale = false
  return {
    snapshot(snapshot) {
      if (isStale) live(snapshot.at)
      isStale = false
      const known = withVerdicts(snapshot, last)
      if (last === undefined) first(known)
      else for (const each of rowChanges(last, known)) change(known.at, each)
      last = known
    },
    event,
    stale(why) {
      if (!isStale) stale(why)
      isStale = true
    },
    close() {}
  }
}

/** Where nothing was judged yet, what was said before still stands. */
function withVerdicts(snapshot: Snapshot, before: Snapshot | undefined): Snapshot {
  const verdicts = new Map(before?.rows.map(({ route, verdict }) => [route, verdict]))
  const rows = snapshot.rows.map(row => {
    const verdict = row.verdict ?? verdicts.get(row.route)
    return verdict === undefined ? row : { ...row, verdict }
  })
  return { ...snapshot, rows }
}
