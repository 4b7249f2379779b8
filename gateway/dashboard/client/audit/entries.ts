import { useEffect, useState } from 'preact/hooks'
import type { AuditEntry } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { messageOf } from '../editor/message.ts'
import { type AuditFilter, queryOf } from './query.ts'

const PAGE = 50

export interface Entries {
  /** Newest first; undefined until the first answer. */
  readonly entries: readonly AuditEntry[] | undefined
  readonly hasMore: boolean
  readonly busy: boolean
  readonly failure: string | undefined
  readonly loadMore: () => Promise<void>
}

/**
 * The entries that fit a filter, a page at a time.
 *
 * @param pulse another value when something happened that may have made new entries; they come on top then.
 */
export function useEntries(filter: AuditFilter, pulse: unknown): Entries {
  const query = queryOf(filter)
  const [loaded, setLoaded] = useState<{ readonly query: string; readonly entries: readonly AuditEntry[] }>()
  const [hasMore, setHasMore] = useState(false)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const entries = loaded?.query === query ? loaded.entries : undefined

  useEffect(() => {
    let isWanted = true
    const load = async () => {
      try {
        const newest = await page(filter)
        if (!isWanted) return
        setLoaded(now => ({ query, entries: onTop(newest, now?.query === query ? now.entries : []) }))
        const reaches = entries?.some(({ seq }) => seq === newest.at(-1)?.seq) === true
        if (!reaches) setHasMore(newest.length === PAGE)
        setFailure(undefined)
      } catch (error) {
        if (isWanted) setFailure(messageOf(error))
      }
    }
    void load()
    return () => {
      isWanted = false
    }
  }, [query, pulse])

  const loadMore = async () => {
    if (entries === undefined) return
    setBusy(true)
    try {
      const older = await page(filter, entries.at(-1)?.seq)
      setLoaded(now => (now?.query === query ? { query, entries: [...now.entries, ...older] } : now))
      setHasMore(older.length === PAGE)
    } catch (error) {
      setFailure(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  return { entries, hasMore, busy, failure, loadMore }
}

async function page(filter: AuditFilter, before?: number): Promise<readonly AuditEntry[]> {
  const range = { limit: String(PAGE), ...(before === undefined ? {} : { before: String(before) }) }
  const { data } = await get<readonly AuditEntry[]>(`/audit?${queryOf(filter, range)}`)
  return data
}

/** The newest page above what is there; alone when so much happened that a gap would be left between the two. */
function onTop(newest: readonly AuditEntry[], known: readonly AuditEntry[]): readonly AuditEntry[] {
  const top = known[0]?.seq ?? 0
  const added = newest.filter(({ seq }) => seq > top)
  return added.length === newest.length && newest.length === PAGE ? newest : [...added, ...known]
}
