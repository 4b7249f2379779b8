import type { AuditEntry } from '../../../admin/schemas.ts'
import { Changes, Empty, Time } from '../components/index.ts'
import { Link } from '../router.ts'

interface HistoryProps {
  readonly route: string
  readonly entries: readonly AuditEntry[]
}

/** What was done to a route, by whom and why. */
export function History({ route, entries }: HistoryProps) {
  if (entries.length === 0) return <Empty>Nobody has changed this route yet.</Empty>
  return (
    <>
      <ol class="history">
        {entries.map(({ seq, at, actor, action, reason, changes }) => (
          <li key={seq}>
            <p>
              <Time at={at} /> <strong>{actor.name}</strong> <code>{action}</code>
              {reason === '' ? '' : `: ${reason}`}
            </p>
            {changes.length > 0 && <Changes changes={changes} />}
          </li>
        ))}
      </ol>
      <Link href={`/audit?route=${encodeURIComponent(route)}`}>All of it in the audit</Link>
    </>
  )
}
