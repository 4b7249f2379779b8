import type { BreakerChange } from '../breaker/breakers.ts'
import type { ConfigStore } from '../config/store.ts'
import type { NewEvent } from './event.ts'
import type { Events } from './events.ts'

/** What staff hear of a breaker. */
export function breakerEvent(change: BreakerChange): NewEvent {
  const { routeId, state } = change
  return {
    type: `breaker.${state.status}`,
    severity: state.status === 'open' ? 'error' : 'info',
    message: `the breaker of ${routeId} ${whatBreakerDoes(change)}`,
    routes: [routeId]
  }
}

function whatBreakerDoes({ from, state }: BreakerChange): string {
  if (state.status === 'closed') return 'is closed: native answers again'
  if (state.status === 'half-open') return 'lets trials through to native'
  const why = from === 'half-open' ? 'a trial of native failed' : 'native fails too often'
  return `is open: ${why}; its callers go upstream, and trials begin in ${Math.ceil(state.cooldownMs / 1000)} s`
}

/** Tells of every change of the configuration, and of every edit that was refused. */
export function tellOfConfig(store: ConfigStore, events: Events): void {
  store.on('revision', ({ number }, { actor, changes }) => {
    const routes = changes.flatMap(({ path }) => /^\/routes\/([^/]+)/.exec(path)?.[1] ?? [])
    events.emit({
      type: 'config.applied',
      severity: 'info',
      message: `revision ${number} of the routing configuration serves`,
      routes: [...new Set(routes)],
      by: `${actor.kind} ${actor.name}`,
      revision: number
    })
  })
  store.on('refused', problems => {
    const message = `an edit of the routing configuration is refused: ${problems.map(each => each.message).join('; ')}`
    events.emit({ type: 'config.refused', severity: 'error', message, routes: [], revision: store.current.number })
  })
  store.on('mended', ({ number }) => {
    const message = `the routing configuration is revision ${number} again`
    events.emit({ type: 'config.mended', severity: 'info', message, routes: [], revision: number })
  })
}
