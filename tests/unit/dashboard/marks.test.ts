import { expect, test } from 'vitest'
import type { AuditEntry, GatewayEvent } from '../../../gateway/admin/schemas.ts'
import { marksOf } from '../../../gateway/dashboard/client/charts/marks.ts'

const at = (seconds: number) => new Date(seconds * 1000).toISOString()
const entry = (seconds: number, changes: AuditEntry['changes']) => ({ at: at(seconds), changes })
const event = (seconds: number, type: GatewayEvent['type'], routes: string[]) => ({ at: at(seconds), type, routes })

test('weights, kill switches and events of the route are marked, by time and once', () => {
  const history = [
    entry(30, [
      { path: '/routes/notes.list/weight', from: 0, to: 10 },
      { path: '/routes/notes.create/weight', from: 0, to: 10 }
    ]),
    entry(10, [{ path: '/routes/notes.list/killSwitch', from: true, to: false }])
  ]
  const events = [
    event(40, 'breaker.closed', ['notes.list']),
    event(20, 'breaker.open', ['notes.list', 'notes.create']),
    event(25, 'breaker.open', ['users.login']),
    event(30, 'rollout.set', ['notes.list'])
  ]
  expect(marksOf('notes.list', history, events)).toEqual([
    { at: 10, text: 'kill off' },
    { at: 20, text: 'breaker open' },
    { at: 30, text: '10 %' },
    { at: 40, text: 'breaker closed' }
  ])
  expect(marksOf('users.profile', history, events)).toEqual([])
})
