import { useMemo, useState } from 'preact/hooks'
import type { Changed, Config, Diff, RevisionDetail } from '../../../admin/schemas.ts'
import { get, send } from '../api.ts'
import { Button, Changes, Notice, Page, Time } from '../components/index.ts'
import { useAnswer } from '../editor/answer.ts'
import { CodeView } from '../editor/code-view.tsx'
import { Others } from '../editor/others.tsx'
import { Review } from '../editor/review.tsx'
import { useLive } from '../live.ts'
import { Link, navigate } from '../router.ts'
import { useSession } from '../session.ts'

interface Shown {
  readonly revision: RevisionDetail
  /** The number of the one that serves, and what it has otherwise. */
  readonly serving: number
  readonly sinceThen: Diff['changes']
}

/** One revision of the configuration: what it changed, what is different now, its text, and the way back to it. */
export default function RevisionPage({ n }: { readonly n: number }) {
  const { totals } = useLive()
  const { answer: shown, failure } = useAnswer(() => load(n), [n, totals?.revision])

  return (
    <Page title={`Revision ${n}`} lead={<Link href="/config">All of the configuration</Link>}>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {shown !== undefined && <RevisionView {...shown} />}
    </Page>
  )
}

function RevisionView({ revision, serving, sinceThen }: Shown) {
  const { number, at, actor, reason, changes, text } = revision
  const isServing = number === serving
  const source = useMemo(() => ({ text }), [text])
  return (
    <div class="revision-page">
      <p>
        Made <Time at={at} /> by {actor.name} ({actor.kind}): {reason === '' ? <em>no reason given</em> : reason}
      </p>
      <section>
        <h2>What it changed</h2>
        {changes.length === 0 ? <p>{nothingChanged(number)}</p> : <Changes changes={changes} />}
      </section>
      <section>
        <h2>What is different now</h2>
        {isServing && <p>This revision serves.</p>}
        {!isServing && sinceThen.length === 0 && <p>Nothing: revision {serving}, which serves, says the same.</p>}
        {sinceThen.length > 0 && (
          <>
            <p>From this revision to revision {serving}, which serves:</p>
            <Changes changes={sinceThen} />
          </>
        )}
        {!isServing && <Restore number={number} />}
      </section>
      <section>
        <h2>Its text</h2>
        <CodeView readOnly source={source} label={`Text of revision ${number}, read only`} />
      </section>
    </div>
  )
}

function nothingChanged(number: number): string {
  return number === 1 ? 'It is the first that is kept.' : 'Nothing but the layout of the text.'
}

/** The button that makes a revision's text the one that serves, for those who may. */
function Restore({ number }: { readonly number: number }) {
  const { role } = useSession()
  const [isReviewing, setReviewing] = useState(false)
  const [staleWith, setStaleWith] = useState<number>()
  if (role === 'viewer') return null

  const restore = async ({ revision, reason }: { readonly revision: number; readonly reason: string }) => {
    const body = reason === '' ? {} : { reason }
    const { data } = await send<Changed>('POST', `/config/revisions/${number}/restore`, body, { revision })
    return data.revision
  }
  return (
    <>
      {staleWith !== undefined && (
        <Notice kind="warning">
          <p>Nothing was restored: another change came in between. Look at what would change now, and try again.</p>
          <Others from={staleWith - 1} to={staleWith} />
        </Notice>
      )}
      <Button kind="primary" onClick={() => setReviewing(true)}>
        Restore this revision
      </Button>
      {isReviewing && (
        <Review
          title={`Before revision ${number} is restored`}
          action={`Restore revision ${number}`}
          change={{ kind: 'restore', revision: number }}
          apply={restore}
          onDone={made => navigate(`/config/revisions/${made}`)}
          onStale={({ current }) => {
            setStaleWith(current)
            setReviewing(false)
          }}
          onClose={() => setReviewing(false)}
        />
      )}
    </>
  )
}

async function load(n: number): Promise<Shown> {
  const [{ data: revision }, { data: config }] = await Promise.all([
    get<RevisionDetail>(`/config/revisions/${n}`),
    get<Config>('/config')
  ])
  const { data: diff } = await get<Diff>(`/config/diff?from=${n}&to=${config.revision}`)
  return { revision, serving: config.revision, sinceThen: diff.changes }
}
