import { describe, expect, it } from 'vitest'
import { assign } from '../../../gateway/routing/assign.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { configOf, nativeRoutes, requestOf } from './fixture.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
const v1 = { id: 'v1', paths: ['/api/v1', '/api/v1/*'], methods: METHODS, nativeOnly: true }
const notes = { id: 'notes', paths: ['/api/notes/:id'], methods: ['GET'], native: 'notes' }

const hostile = {
  killSwitch: true,
  defaults: { weight: 0, killSwitch: true, cohort: ['ann'], fallback: true, upstream: 'spare' }
}

describe('a native-only route', () => {
  const table = compileRoutingTable(configOf([notes, v1], hostile), nativeRoutes)
  const decide = (method: string, url: string, answers = {}, breakerOpen?: () => boolean) => {
    const { route, target, reason } = assign(
      table,
      requestOf(method, url, { requestedMethod: () => undefined, ...answers }),
      breakerOpen
    )
    return `${route.id} ${target} ${reason}`
  }

  it.each(METHODS)('is native for %s, whatever else is set and whether or not native has the path', method => {
    for (const url of ['/api/v1', '/api/v1/', '/API/v1/notes/1?x', '/api/v1/no/such/path']) {
      expect(decide(method, url)).toBe('v1 native native-only')
      expect(decide(method, url, { override: () => 'legacy' }, () => true)).toBe('v1 native native-only')
    }
  })

  it.each(['/api/v1/%41', '/api/v1/%zz', '/api/v1/\u00e9', '/api/v1//x', `/api/v1/${'1'.repeat(5000)}`])(
    'is native also where no other route would be: %.20s',
    url => expect(decide('GET', url)).toBe('v1 native native-only')
  )

  it('has the preflights of its paths', () => {
    expect(decide('OPTIONS', '/api/v1/x', { requestedMethod: () => 'PUT' })).toBe('v1 native native-only')
  })

  it('leaves its neighbours as they are', () => {
    expect(decide('GET', '/api/notes/1')).toBe('notes spare kill-switch')
    expect(decide('GET', '/api/v10/x')).toBe('unmatched spare unmatched')
  })

  it('shows as weight 100 and never falls back, whatever the defaults say', () => {
    expect(table.routes.find(({ id }) => id === 'v1')).toMatchObject({
      weight: 100,
      killSwitch: false,
      cohort: new Set(),
      fallback: false
    })
  })
})

it('nativeOnly false is as if it were not there', () => {
  const table = compileRoutingTable(configOf([{ ...notes, nativeOnly: false, weight: 100 }]), nativeRoutes)
  expect(assign(table, requestOf('GET', '/api/notes/1'))).toMatchObject({ target: 'native', reason: 'weight' })
})
