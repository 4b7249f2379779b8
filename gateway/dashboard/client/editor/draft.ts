/** Text that is not saved yet, and the revision that it was begun from. */
export interface Draft {
  /** The credential that it was typed with; nobody else's page shows it. */
  readonly by: string
  readonly revision: number
  /** The text of that revision. */
  readonly base: string
  readonly text: string
}

const KEY = 'scribe-config-draft'

/** What a reload or another page left behind in this tab, of this credential; undefined when there is nothing. */
export function keptDraft(by: string): Draft | undefined {
  const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
  return isDraft(kept) && kept.by === by ? kept : undefined
}

/** Keeps the draft of this tab; undefined forgets it. */
export function keepDraft(draft: Draft | undefined): void {
  if (draft === undefined) sessionStorage.removeItem(KEY)
  else sessionStorage.setItem(KEY, JSON.stringify(draft))
}

function isDraft(value: unknown): value is Draft {
  return (
    typeof value === 'object' &&
    value !== null &&
    'by' in value &&
    typeof value.by === 'string' &&
    'revision' in value &&
    typeof value.revision === 'number' &&
    'base' in value &&
    typeof value.base === 'string' &&
    'text' in value &&
    typeof value.text === 'string'
  )
}
