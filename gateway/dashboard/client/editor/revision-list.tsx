import { useEffect, useState } from 'preact/hooks'
import type { RevisionRecord } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { Button, Notice, Time } from '../components/index.ts'
import { Link } from '../router.ts'
import { messageOf } from './message.ts'

const PAGE = 20

/** Every revision that is kept, newest first. */
export function RevisionList({ serving }: { readonly serving: number }) {
  const [revisions, setRevisions] = useState<readonly RevisionRecord[]>([])
  const [failure, setFailure] = useState<string>()
  const [hasMore, setHasMore] = useState(false)
  const [busy, setBusy] = useState(false)

  const load = async (older: readonly RevisionRecord[]) => {
    const before = older.at(-1)?.number
    setBusy(true)
    try {
      const query = before === undefined ? '' : `&before=${before}`
      const { data } = await get<readonly RevisionRecord[]>(`/config/revisions?limit=${PAGE}${query}`)
      setRevisions([...older, ...data])
      setHasMore(data.length === PAGE)
      setFailure(undefined)
    } catch (error) {
      setFailure(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  useEffect(() => void load([]), [serving])

  return (
    <section class="revision-list" aria-labelledby="revision-list-title">
      <h2 id="revision-list-title">Revisions</h2>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      <ol>
        {revisions.map(revision => (
          <li key={revision.number}>
            <Link href={`/config/revisions/${revision.number}`}>Revision {revision.number}</Link>
            {revision.number === serving && <strong class="tag">serves</strong>}
            <span class="quiet">
              <Time at={revision.at} /> · {revision.actor.name}
            </span>
            <span>{revision.reason === '' ? <em class="quiet">no reason given</em> : revision.reason}</span>
          </li>
        ))}
      </ol>
      {hasMore && (
        <Button busy={busy} onClick={() => load(revisions)}>
          Show older ones
        </Button>
      )}
    </section>
  )
}
