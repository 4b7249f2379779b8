import type { NewEvent } from '../events/event.ts'
import type { Effect, EventName } from '../rollout/state.ts'
import type { Group } from './groups.ts'

type Told = Extract<Effect, { readonly type: 'event' | 'alert' }>

const WORDS: Readonly<Record<EventName, string>> = {
  started: 'was started',
  'step-ready': 'is ready for its next step',
  'step-not-ready': 'is not ready any more',
  'step-passed': 'passed a step',
  paused: 'was paused',
  resumed: 'was resumed',
  promoted: 'was promoted',
  set: 'was set by hand',
  completed: 'is completed',
  'rolling-back': 'is being rolled back',
  'stepped-down': 'went down a step',
  'rolled-back': 'was rolled back',
  'rollback-held': 'is held in its rollback',
  'weight-changed-outside': 'was changed from outside',
  'weight-refused': 'could not be changed'
}

const SEVERITIES: Partial<Record<EventName, NewEvent['severity']>> = {
  'step-not-ready': 'warning',
  'weight-changed-outside': 'warning',
  'stepped-down': 'warning',
  'rolled-back': 'warning',
  'rolling-back': 'error',
  'rollback-held': 'error',
  'weight-refused': 'error'
}

/** What staff hear of an effect. */
export function eventOf(effect: Told, { name: group, routes }: Group): NewEvent {
  const about = { group, routes: routes.map(({ id }) => id) }
  if (effect.type === 'alert') return { type: 'rollout.alert', severity: 'warning', message: effect.message, ...about }
  const { name, weight, by, reason } = effect
  const why = reason === '' ? '' : `: ${reason}`
  return {
    type: `rollout.${name}`,
    severity: SEVERITIES[name] ?? 'info',
    message: `${group} ${WORDS[name]} at ${weight} %${why}`,
    weight,
    by,
    ...about
  }
}
