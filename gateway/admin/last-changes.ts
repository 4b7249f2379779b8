import type { ConfigStore } from '../config/store.ts'
import type { RevisionRecord } from '../config/history.ts'

/** How far back the history is read at the start. */
const REVISIONS = 100

export interface LastChanges {
  /** The newest revision that concerned a route, as far as it is known; the first one is of no route's own. */
  of(routeId: string): RevisionRecord | undefined
}

/** Follows which revision concerned which route last. Never rejects: what cannot be read is not known. */
export async function followLastChanges(store: ConfigStore): Promise<LastChanges> {
  const byRoute = new Map<string, RevisionRecord>()
  let ofAll: RevisionRecord | undefined
  const take = (record: RevisionRecord) => {
    for (const { path } of record.changes) {
      const id = /^\/routes\/([^/]+)/.exec(path)?.[1]
      if (id === undefined) ofAll = record
      else byRoute.set(id, record)
    }
  }
  const kept = await store.history.list({ limit: REVISIONS }).catch(() => [])
  for (const record of kept.toReversed()) take(record)
  store.on('revision', (_revision, record) => take(record))
  return {
    of(routeId) {
      const own = byRoute.get(routeId)
      return own === undefined || (ofAll !== undefined && ofAll.number > own.number) ? ofAll : own
    }
  }
}
