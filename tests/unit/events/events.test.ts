import { expect, test } from 'vitest'
import type { GatewayEvent, NewEvent } from '../../../gateway/events/event.ts'
import { createEvents } from '../../../gateway/events/events.ts'
import { manualClock } from '../../support/clock.ts'

const told = (severity: NewEvent['severity'], message = 'it opened'): NewEvent => ({
  type: 'breaker.open',
  severity,
  message,
  routes: ['notes.list']
})

function eventsOf(kept?: number, clock = manualClock()) {
  const lines: [string, object, string][] = []
  const line = (level: string) => (bindings: object, message: string) => void lines.push([level, bindings, message])
  const logger = { info: line('info'), warn: line('warn'), error: line('error') }
  return { lines, clock, ...createEvents({ clock, logger, ...(kept === undefined ? {} : { kept }) }) }
}

test('an event is logged at the level of its severity', () => {
  const events = eventsOf()
  for (const severity of ['info', 'warning', 'error'] as const) events.emit(told(severity))
  const bindings = { event: 'breaker.open', routes: ['notes.list'] }
  expect(events.lines).toEqual(['info', 'warn', 'error'].map(level => [level, bindings, 'it opened']))
})

test('who subscribes gets what comes; who comes back gets what was missed, as far as it is kept', () => {
  const events = eventsOf(3)
  const seen: GatewayEvent[] = []
  const end = events.subscribe(event => seen.push(event))
  for (const message of ['1', '2', '3', '4']) events.emit(told('info', message))
  end()
  events.emit(told('info', '5'))
  expect(seen.map(({ message }) => message)).toEqual(['1', '2', '3', '4'])
  const [, second, third] = seen
  expect(events.since(third?.id).map(({ message }) => message)).toEqual(['4', '5'])
  expect(events.since(second?.id)).toHaveLength(3)
  expect(events.since()).toHaveLength(3)
})

test('ids grow, also from one process to the next', () => {
  const events = eventsOf()
  events.emit(told('info'))
  events.emit(told('info'))
  events.clock.advance(1)
  const later = eventsOf(undefined, events.clock)
  later.emit(told('info'))
  const ids = [...events.since(), ...later.since()].map(({ id }) => id)
  expect(ids).toHaveLength(3)
  expect([...new Set(ids)].sort((a, b) => a - b)).toEqual(ids)
})

test('a listener that fails hurts neither the others nor the one who tells', () => {
  const events = eventsOf()
  const seen: GatewayEvent[] = []
  events.subscribe(() => {
    throw new Error('no')
  })
  events.subscribe(event => seen.push(event))
  events.emit(told('info'))
  expect(seen).toHaveLength(1)
  expect(events.lines.at(-1)).toEqual(['error', { reason: 'Error: no' }, 'a listener of events failed'])
})
