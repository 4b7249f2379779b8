import { useState } from 'preact/hooks'
import type { Changed, Config } from '../../../admin/schemas.ts'
import { send } from '../api.ts'
import { Button, Notice } from '../components/index.ts'
import { useSession } from '../session.ts'
import { useCheck } from './check.ts'
import { CodeView, type Place } from './code-view.tsx'
import { type Since, useEditing } from './editing.ts'
import { GoToRoute } from './go-to-route.tsx'
import { messageOf } from './message.ts'
import { ProblemList } from './problem-list.tsx'
import { Review } from './review.tsx'
import { RevisionList } from './revision-list.tsx'
import type { Path } from './schema.ts'
import { SchemaPanel } from './schema-panel.tsx'
import { ConflictNotice, StaleNotice } from './stale-notice.tsx'

interface EditableTextProps {
  /** The configuration when the page was opened. */
  readonly opened: Config
  /** The number of the revision that serves. */
  readonly serving: number
}

/** The configuration's text for those who may change it. */
export function EditableText({ opened, serving }: EditableTextProps) {
  const { name } = useSession()
  const [editing, { type, saved, becameStale, merge, takeTheirs }] = useEditing(opened, serving, name)
  const { base, source, text, isChanged, isRecovered, since, conflicts } = editing
  const check = useCheck(isChanged ? text : undefined)
  const [path, setPath] = useState<Path>([])
  const [place, setPlace] = useState<Place>()
  const [isReviewing, setReviewing] = useState(false)
  const [told, setTold] = useState<Told>()

  const attempt = (act: () => Promise<void>) => () => {
    setTold(undefined)
    return act().catch((error: unknown) => setTold({ kind: 'error', message: messageOf(error) }))
  }
  const save = async ({ revision, reason }: { readonly revision: number; readonly reason: string }) => {
    const { data } = await send<Changed>('PUT', '/config', { text, ...(reason === '' ? {} : { reason }) }, { revision })
    return data.revision
  }
  const done = (revision: number) => {
    saved(revision)
    setReviewing(false)
    setTold({ kind: 'success', message: `Saved: revision ${revision} serves.` })
  }
  const stale = (others: Since) => {
    becameStale(others)
    setReviewing(false)
  }

  return (
    <div class="config-page">
      <div class="config-main">
        {told !== undefined && <Notice kind={told.kind}>{told.message}</Notice>}
        {isRecovered && isChanged && <Notice kind="info">Your unsaved text of before is here again.</Notice>}
        {since !== undefined && (
          <StaleNotice base={base.revision} since={since} onMerge={attempt(merge)} onTakeTheirs={attempt(takeTheirs)} />
        )}
        {conflicts.length > 0 && <ConflictNotice conflicts={conflicts} />}
        <div class="config-bar">
          <span>
            Revision {base.revision}
            {isChanged ? ', with unsaved changes' : ''}
          </span>
          <GoToRoute text={text} onGo={setPlace} />
          <Button disabled={!isChanged} onClick={attempt(takeTheirs)}>
            Discard
          </Button>
          <Button
            kind="primary"
            disabled={check?.state !== 'valid' || since !== undefined}
            onClick={() => setReviewing(true)}
          >
            Review and save
          </Button>
        </div>
        <CodeView
          source={source}
          label="Routing configuration"
          problems={check?.state === 'invalid' ? check.problems : undefined}
          place={place}
          onChange={type}
          onPlace={setPath}
        />
        <ProblemList check={check} onGo={({ line, column }) => setPlace({ line, column })} />
      </div>
      <aside class="config-side">
        <SchemaPanel path={path} />
        <RevisionList serving={base.revision} />
      </aside>
      {isReviewing && (
        <Review
          title="Before it is saved"
          action="Save"
          change={{ kind: 'text', text }}
          revision={base.revision}
          apply={save}
          onDone={done}
          onStale={stale}
          onClose={() => setReviewing(false)}
        />
      )}
    </div>
  )
}

interface Told {
  readonly kind: 'success' | 'error'
  readonly message: string
}
