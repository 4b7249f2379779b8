import { useState } from 'preact/hooks'
import type { AuditEntry, FieldChange } from '../../../admin/schemas.ts'
import { Button, Changes, Time } from '../components/index.ts'
import { Link } from '../router.ts'
import { Evidence } from './evidence.tsx'

const COLUMNS = 7

/** One entry of the audit: its row, and on demand all of it below. */
export function EntryRows({ entry }: { readonly entry: AuditEntry }) {
  const [isOpen, setOpen] = useState(false)
  const { seq, at, actor, action, routes, reason } = entry
  const details = `audit-entry-${seq}`
  return (
    <>
      <tr>
        <td data-label="When">
          <Time at={at} />
        </td>
        <td data-label="Who">
          {actor.name} <span class="quiet">{actor.kind}</span>
        </td>
        <td data-label="Action">
          <code>{action}</code>
        </td>
        <td data-label="Routes">{routesInShort(routes)}</td>
        <td data-label="Changes">{changesInShort(entry)}</td>
        <td data-label="Reason" class="reason">
          {reason === '' ? <span class="quiet">none given</span> : reason}
        </td>
        <td>
          <Button
            aria-expanded={isOpen}
            aria-controls={details}
            aria-label={`${isOpen ? 'Less' : 'Details'} of entry ${seq}`}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Less' : 'Details'}
          </Button>
        </td>
      </tr>
      <tr id={details} hidden={!isOpen} class="audit-details">
        <td colSpan={COLUMNS}>{isOpen && <Details entry={entry} />}</td>
      </tr>
    </>
  )
}

function Details({ entry }: { readonly entry: AuditEntry }) {
  const { seq, at, actor, routes, revision, changes, reason, evidence, previous, hash } = entry
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Entry</dt>
          <dd>number {seq}</dd>
        </div>
        <div>
          <dt>When</dt>
          <dd>{at}</dd>
        </div>
        <div>
          <dt>Who</dt>
          <dd>
            {actor.name} ({actor.kind})
          </dd>
        </div>
        {revision !== undefined && (
          <div>
            <dt>Revision</dt>
            <dd>
              {revision.from} → <Link href={`/config/revisions/${revision.to}`}>{revision.to}</Link>
            </dd>
          </div>
        )}
        <div>
          <dt>Routes</dt>
          <dd>{routes.length === 0 ? 'none' : routes.join(', ')}</dd>
        </div>
        <div>
          <dt>Reason</dt>
          <dd>{reason === '' ? 'none given' : reason}</dd>
        </div>
      </dl>
      {changes.length > 0 && (
        <>
          <h3>Changes</h3>
          <Changes changes={changes} />
        </>
      )}
      <h3>Evidence</h3>
      <Evidence evidence={evidence} />
      <h3>In the chain</h3>
      <dl class="facts">
        <div>
          <dt>Hash of the entry before</dt>
          <dd>
            <code class="hash">{previous}</code>
          </dd>
        </div>
        <div>
          <dt>Hash of this entry</dt>
          <dd>
            <code class="hash">{hash}</code>
          </dd>
        </div>
      </dl>
    </>
  )
}

const SHOWN_ROUTES = 3

function routesInShort(routes: readonly string[]): string {
  if (routes.length === 0) return '–'
  const shown = routes.slice(0, SHOWN_ROUTES).join(', ')
  return routes.length > SHOWN_ROUTES ? `${shown} and ${routes.length - SHOWN_ROUTES} more` : shown
}

const ONE_ROUTE = /^\/routes\/[^/]+\//

/** The one change, the one step of several routes, or how many there are. */
function changesInShort({ changes, revision }: AuditEntry): string {
  const [change] = changes
  if (change === undefined) return revision === undefined ? '–' : wholeInShort(revision)
  const field = change.path.replace(ONE_ROUTE, '')
  if (changes.length > 1) {
    const isShared = changes.every(each => each.path.replace(ONE_ROUTE, '') === field && isSameStep(each, change))
    return isShared ? `${field}: ${stepInShort(change)}, ${changes.length} routes` : `${changes.length} changes`
  }
  return `${change.path.replace(/^\/routes\//, '')}: ${stepInShort(change)}`
}

function isSameStep(a: FieldChange, b: FieldChange): boolean {
  return stepInShort(a) === stepInShort(b)
}

function stepInShort({ from, to }: FieldChange): string {
  return `${valueInShort(from)} → ${valueInShort(to)}`
}

function wholeInShort({ from, to }: NonNullable<AuditEntry['revision']>): string {
  return from === 0 ? `revision ${to}, the first` : `revision ${to}, layout only`
}

const SHOWN_CHARACTERS = 40

function valueInShort(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text
}
