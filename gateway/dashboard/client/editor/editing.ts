import { useEffect, useState } from 'preact/hooks'
import type { Config, Diff, FieldChange, Stale } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import type { Source } from './code-view.tsx'
import { type Draft, keepDraft, keptDraft } from './draft.ts'
import { takeChanges } from './merge.ts'

export type Since = Pick<Stale, 'current' | 'changes'>

/** A text on its way from one revision to the next. */
export interface Editing {
  /** The revision that the text was begun from, and its text. */
  readonly base: Pick<Config, 'revision' | 'text'>
  /** For the editor. */
  readonly source: Source
  readonly text: string
  readonly isChanged: boolean
  /** Is it a text that was left unsaved before this page was opened? */
  readonly isRecovered: boolean
  /** What others changed since the base, when they did. */
  readonly since: Since | undefined
  /** What of the others' changes was not taken into the text. */
  readonly conflicts: readonly FieldChange[]
}

export interface EditingActions {
  readonly type: (text: string) => void
  readonly saved: (revision: number) => void
  readonly becameStale: (since: Since) => void
  /** Takes the others' changes into the text. Rejects with what stands in the way. */
  readonly merge: () => Promise<void>
  /** Gives the text up for the one that serves. */
  readonly takeTheirs: () => Promise<void>
}

/**
 * The unsaved text of this tab: kept over reloads and other pages, begun anew from each revision while nothing is
 * typed, and told of what others change while something is.
 *
 * @param opened the configuration when the page was opened.
 * @param serving the number of the revision that serves, as far as the page knows.
 * @param by the name of the credential that the page is used with.
 */
export function useEditing(opened: Config, serving: number, by: string): readonly [Editing, EditingActions] {
  const [editing, setEditing] = useState(() => begin(opened, keptDraft(by)))
  const { base, text, isChanged } = editing

  useEffect(() => keepDraft(isChanged ? { by, revision: base.revision, base: base.text, text } : undefined), [editing])
  useEffect(() => {
    if (!isChanged) return undefined
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [isChanged])
  useEffect(() => {
    if (serving <= base.revision || serving <= (editing.since?.current ?? 0)) return
    const follow = async () => (isChanged ? becameStale(await changesSince(base.revision, serving)) : takeTheirs())
    // Without an answer the text stays as it is; a save finds out that it is stale.
    follow().catch(() => undefined)
  }, [serving, base.revision])

  // An answer may come after its changes were taken in.
  const becameStale = (since: Since) => setEditing(now => (since.current > now.base.revision ? { ...now, since } : now))
  const takeTheirs = async () => {
    const { data } = await get<Config>('/config')
    setEditing(now => (now.text === text || !now.isChanged ? unchanged(data) : now))
  }
  const merge = async () => {
    const { data: current } = await get<Config>('/config')
    const { changes } = await changesSince(base.revision, current.revision)
    const merged = takeChanges(text, changes)
    if (merged === undefined) throw new Error('Your text is no JSON yet: mend it first, then take the changes in.')
    setEditing({ ...began(current, merged.text), conflicts: merged.conflicts })
  }
  return [
    editing,
    {
      type: typed => setEditing(now => ({ ...now, text: typed, isChanged: typed !== now.base.text })),
      saved: revision => setEditing(unchanged({ revision, text })),
      becameStale,
      merge,
      takeTheirs
    }
  ]
}

function begin(opened: Config, draft: Draft | undefined): Editing {
  if (draft === undefined || draft.text === opened.text) return unchanged(opened)
  const base = { revision: draft.revision, text: draft.base }
  return { ...began(base, draft.text), isRecovered: true }
}

function unchanged(base: Pick<Config, 'revision' | 'text'>): Editing {
  return began(base, base.text)
}

function began(base: Pick<Config, 'revision' | 'text'>, text: string): Editing {
  const isChanged = text !== base.text
  return { base, source: { text }, text, isChanged, isRecovered: false, since: undefined, conflicts: [] }
}

/** What changed from one revision to another; nothing to show where one of them is no longer kept. */
async function changesSince(from: number, to: number): Promise<Since> {
  const changes = await get<Diff>(`/config/diff?from=${from}&to=${to}`).then(
    ({ data }) => data.changes,
    () => []
  )
  return { current: to, changes }
}
