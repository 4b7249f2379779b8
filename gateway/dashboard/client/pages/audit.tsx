import { useState } from 'preact/hooks'
import type { AuditEntry } from '../../../admin/schemas.ts'
import { type Entries, useEntries } from '../audit/entries.ts'
import { EntryRows } from '../audit/entry-rows.tsx'
import { Filters } from '../audit/filters.tsx'
import { type AuditFilter, filterOf, isEmpty, queryOf } from '../audit/query.ts'
import { VerifyChain } from '../audit/verify.tsx'
import { Button, Empty, Notice, Page } from '../components/index.ts'
import { useLive } from '../live.ts'

const LEAD = 'Who changed what, when and why, and by which evidence. Nothing is ever taken out of it.'
const COLUMNS = ['When', 'Who', 'Action', 'Routes', 'Changes', 'Reason']

/** The audit: filtered, page by page, each entry in full on demand, and whether its chain is whole. */
export default function AuditPage() {
  const [filter, setFilter] = useState(() => filterOf(location.search))
  const { events, routes } = useLive()
  const found = useEntries(filter, events[0]?.id)

  const change = (next: AuditFilter) => {
    const query = queryOf(next)
    history.replaceState(history.state, '', query === '' ? location.pathname : `?${query}`)
    setFilter(next)
  }
  const known = knownOf(found.entries ?? [], [...routes.keys()])
  return (
    <Page title="Audit" lead={LEAD}>
      <VerifyChain />
      <Filters filter={filter} known={known} onChange={change} />
      {found.failure !== undefined && <Notice kind="error">{found.failure}</Notice>}
      <h2>Entries</h2>
      <Found found={found} filter={filter} />
    </Page>
  )
}

function Found({ found, filter }: { readonly found: Entries; readonly filter: AuditFilter }) {
  const { entries, hasMore, busy, loadMore } = found
  if (entries === undefined) return <p aria-busy="true">Loading …</p>
  if (entries.length === 0) {
    return (
      <Empty>
        {isEmpty(filter)
          ? 'Nothing was changed yet. The first change of a weight, of the configuration or of a credential is the first entry.'
          : 'No entry fits. Routes, names and actions are compared whole: notes.list, not notes.'}
      </Empty>
    )
  }
  return (
    <>
      <table class="audit-table stacked">
        <caption class="visually-hidden">Entries of the audit, newest first</caption>
        <thead>
          <tr>
            {COLUMNS.map(name => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {entries.map(entry => (
            <EntryRows key={entry.seq} entry={entry} />
          ))}
        </tbody>
      </table>
      {hasMore ? (
        <Button busy={busy} onClick={loadMore}>
          Show older entries
        </Button>
      ) : (
        <p class="quiet">These are all {isEmpty(filter) ? 'entries' : 'that fit'}.</p>
      )}
    </>
  )
}

function knownOf(entries: readonly AuditEntry[], routes: readonly string[]) {
  return {
    route: sorted([...routes, ...entries.flatMap(entry => entry.routes)]),
    actor: sorted(entries.map(({ actor }) => actor.name)),
    action: sorted(entries.map(({ action }) => action))
  }
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}
