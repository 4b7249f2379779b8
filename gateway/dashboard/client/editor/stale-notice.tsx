import type { FieldChange } from '../../../admin/schemas.ts'
import { Button, Changes, Notice } from '../components/index.ts'
import type { Since } from './editing.ts'
import { Others } from './others.tsx'

interface StaleNoticeProps {
  /** The revision that the text was begun from. */
  readonly base: number
  readonly since: Since
  readonly onMerge: () => Promise<void>
  readonly onTakeTheirs: () => Promise<void>
}

/** Says that the configuration became another one under an unsaved text, and what can be done about it. */
export function StaleNotice({ base, since, onMerge, onTakeTheirs }: StaleNoticeProps) {
  return (
    <Notice kind="warning">
      <p>
        <strong>Revision {since.current} serves now</strong>; your text was begun from revision {base}. Nothing of it is
        lost and nothing was saved. Since then changed:
      </p>
      <Others from={base} to={since.current} />
      <Changes changes={since.changes} />
      <p class="notice-buttons">
        <Button kind="primary" onClick={onMerge}>
          Take these changes into my text
        </Button>
        <Button onClick={onTakeTheirs}>Drop my text and take revision {since.current}</Button>
      </p>
    </Notice>
  )
}

/** Says what of the others' changes was not taken, because the text has something of its own there. */
export function ConflictNotice({ conflicts }: { readonly conflicts: readonly FieldChange[] }) {
  return (
    <Notice kind="warning">
      <p>
        <strong>These changes of the others were not taken</strong>, because your text says something else there. Change
        it by hand where theirs is right; what you save counts.
      </p>
      <Changes changes={conflicts} />
    </Notice>
  )
}
