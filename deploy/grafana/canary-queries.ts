import type { State } from './panels.ts'

/** What the variables of the dashboard leave in sight. */
export const SHOWN = 'instance=~"$instance", route=~"$route"'
/** The same, of what belongs to no route. */
export const INSTANCE = 'instance=~"$instance"'

export const PHASES: readonly State[] = [
  { value: 0, text: 'idle', color: 'text' },
  { value: 1, text: 'progressing', color: 'blue' },
  { value: 2, text: 'paused', color: 'yellow' },
  { value: 3, text: 'completed', color: 'green' },
  { value: 4, text: 'rolled-back', color: 'red' }
]
export const BREAKERS: readonly State[] = [
  { value: 0, text: 'closed', color: 'green' },
  { value: 1, text: 'half-open', color: 'yellow' },
  { value: 2, text: 'open', color: 'red' }
]
export const VERDICTS: readonly State[] = [
  { value: 0, text: 'passed', color: 'green' },
  { value: 1, text: 'waiting', color: 'blue' },
  { value: 2, text: 'inconclusive', color: 'yellow' },
  { value: 3, text: 'error', color: 'orange' },
  { value: 4, text: 'failed', color: 'red' }
]
export const OK: readonly State[] = [
  { value: 0, text: 'failing', color: 'red' },
  { value: 1, text: 'ok', color: 'green' }
]

/** One number for a set of series of which one is 1: the number of that state, the highest where gateways differ. */
export function stateOf(metric: string, label: string, labels: string, states: readonly State[], by: string): string {
  const each = states.map(({ value, text }) => `(${metric}{${labels}, ${label}="${text}"} == 1) * ${value}`)
  return `max by (${by}) (${each.join(' or ')})`
}
