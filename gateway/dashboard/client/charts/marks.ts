import type { AuditEntry, GatewayEvent } from '../../../admin/schemas.ts'

/** Something that happened, on a chart. */
export interface Mark {
  /** In seconds since 1970. */
  readonly at: number
  readonly text: string
}

/** What the history does not say: a weight that changed is an entry there, whoever changed it. */
const EVENTS: Readonly<Partial<Record<GatewayEvent['type'], string>>> = {
  'breaker.open': 'breaker open',
  'breaker.closed': 'breaker closed',
  'rollout.alert': 'alert',
  'rollout.paused': 'paused',
  'rollout.resumed': 'resumed',
  'rollout.step-ready': 'step passed',
  'rollout.rollback-held': 'rollback held'
}

/** What happened to a route: what its weight or kill switch became, and the events about it; by time. */
export function marksOf(
  route: string,
  history: readonly Pick<AuditEntry, 'at' | 'changes'>[],
  events: readonly Pick<GatewayEvent, 'at' | 'type' | 'routes'>[]
): readonly Mark[] {
  const changed = history.flatMap(({ at, changes }) =>
    changes.flatMap(({ path, to }) => {
      if (path === `/routes/${route}/weight`) return [{ at: secondsOf(at), text: `${String(to)} %` }]
      if (path === `/routes/${route}/killSwitch`)
        return [{ at: secondsOf(at), text: to === true ? 'killed' : 'kill off' }]
      return []
    })
  )
  const happened = events.flatMap(({ at, type, routes }) => {
    const text = EVENTS[type]
    return text === undefined || !routes.includes(route) ? [] : [{ at: secondsOf(at), text }]
  })
  return [...changed, ...happened].toSorted((a, b) => a.at - b.at)
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000
}
