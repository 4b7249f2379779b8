import type { AuditEntry, FieldChange } from '../../../admin/schemas.ts'
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
            <OwnChanges route={route} changes={changes} />
          </li>
        ))}
      </ol>
      <Link href={`/audit?route=${encodeURIComponent(route)}`}>All of it in the audit</Link>
    </>
  )
}

interface OwnChangesProps {
  readonly route: string
  readonly changes: readonly FieldChange[]
}

/** What of a change concerns the route, and how much more there was: its group moves as one. */
function OwnChanges({ route, changes }: OwnChangesProps) {
  const own = changes.filter(({ path }) => path.startsWith(`/routes/${route}/`))
  const others = changes.length - own.length
  return (
    <>
      {own.length > 0 && <Changes changes={own} />}
      {others > 0 && (
        <p class="quiet">
          {own.length > 0 ? 'and ' : ''}
          {others} {others === 1 ? 'change' : 'changes'} elsewhere
        </p>
      )}
    </>
  )
}
