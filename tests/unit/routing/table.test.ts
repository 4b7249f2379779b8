import { describe, expect, it } from 'vitest'
import { assign } from '../../../gateway/routing/assign.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { configOf, nativeRoutes, requestOf } from './fixture.ts'

const all = { defaults: { weight: 100 } }

function decider(routes: readonly object[], natives = nativeRoutes) {
  const table = compileRoutingTable(configOf(routes, all), natives)
  return (method: string, url: string, requested?: string) => {
    const { route, target, reason } = assign(table, requestOf(method, url, { requestedMethod: () => requested }))
    return `${route.id} ${target} ${reason}`
  }
}

const list = { id: 'list', paths: ['/api/notes/:id'], methods: ['GET'], native: 'notes' }

describe('what native serves', () => {
  it('a pattern broader than the native ones: native only where it serves', () => {
    const decide = decider([
      { id: 'notes', paths: ['/api/notes/*'], methods: ['GET', 'POST', 'DELETE'], native: 'notes' }
    ])
    expect(decide('GET', '/api/notes/1')).toBe('notes native weight')
    expect(decide('HEAD', '/api/notes/1')).toBe('notes native weight')
    expect(decide('POST', '/api/notes/1')).toBe('notes native weight')
    expect(decide('DELETE', '/api/notes/1')).toBe('notes legacy no-native')
    expect(decide('GET', '/api/notes/1/2')).toBe('notes legacy no-native')
    expect(decide('GET', '/api/notes')).toBe('unmatched legacy unmatched')
  })

  it('a pattern narrower than the native one', () => {
    const decide = decider([{ id: 'one', paths: ['/api/notes/1'], methods: ['GET'], native: 'notes' }])
    expect(decide('GET', '/API/Notes/1/')).toBe('one native weight')
    expect(decide('GET', '/api/notes/2')).toBe('unmatched legacy unmatched')
  })

  it('only the module that the route names', () => {
    const decide = decider([{ id: 'a', paths: ['/:x/*'], methods: ['GET'], native: 'users' }])
    expect(decide('GET', '/users/profile')).toBe('a native weight')
    expect(decide('GET', '/api/notes/1')).toBe('a legacy no-native')
  })

  it('a path that Fastify would hand to a more specific route of another module', () => {
    const natives = [
      { module: 'notes', method: 'GET', url: '/x/:id' },
      { module: 'users', method: 'GET', url: '/x/me' }
    ]
    const wide = decider([{ id: 'x', paths: ['/x/:id'], methods: ['GET'], native: 'notes' }], natives)
    expect(wide('GET', '/x/1')).toBe('x native weight')
    expect(wide('GET', '/x/me')).toBe('x legacy no-native')
    const narrow = decider([{ id: 'x', paths: ['/x/me'], methods: ['GET'], native: 'notes' }], natives)
    expect(narrow('GET', '/x/me')).toBe('x legacy no-native')
  })

  it('HEAD goes to native only when native has it', () => {
    const decide = decider([list], [{ module: 'notes', method: 'GET', url: '/api/notes/:id' }])
    expect(decide('GET', '/api/notes/1')).toBe('list native weight')
    expect(decide('HEAD', '/api/notes/1')).toBe('list legacy no-native')
  })

  it('refuses a native pattern that is not of whole segments', () => {
    const native = { module: 'notes', method: 'GET', url: '/api/:a-:b' }
    expect(() => compileRoutingTable(configOf([list]), [native])).toThrow("the path pattern '/api/:a-:b' must be")
  })
})

describe('what is never native, under the route all the same', () => {
  const decide = decider([list])
  it.each([
    ['an escape in a parameter', '/api/notes/%41'],
    ['an escaped slash', '/api/notes/a%2Fb'],
    ['a broken escape', '/api/notes/%'],
    ['a byte beyond ASCII', '/api/notes/\u00e9'],
    ['a fragment', '/api/notes/1#a'],
    ['the absolute form', 'http://host/api/notes/1?x'],
    ['a path longer than native takes', `/api/notes/${'1'.repeat(5000)}`]
  ])('%s', (_what, url) => expect(decide('GET', url)).toBe('list legacy no-native'))

  it('but a query holds what it likes, at any length', () => {
    expect(decide('GET', '/api/notes/1?a=%41//\u00e9#x')).toBe('list native weight')
    expect(decide('GET', `/api/notes/1?${'a'.repeat(8000)}`)).toBe('list native weight')
  })
})

describe('what no route has', () => {
  const decide = decider([list])
  it.each([
    '',
    '*',
    '?',
    '#',
    'x',
    ':',
    'host:443',
    '//',
    '/api//notes/1',
    '/api/notes//',
    '/api/n%6ftes/1',
    '/%',
    'http://',
    'https://[',
    'ftp://h/api/notes/1',
    '/\0'
  ])('target %j', url => {
    expect(decide('GET', url)).toBe('unmatched legacy unmatched')
    expect(decide('OPTIONS', url)).toBe('unmatched legacy unmatched')
  })

  it.each(['POST', 'get', 'PROPFIND', '__proto__', 'constructor', ''])('method %j', method => {
    expect(decide(method, '/api/notes/1')).toBe('unmatched legacy unmatched')
    expect(decide('OPTIONS', '/nowhere', method)).toBe('unmatched legacy unmatched')
  })

  it('an empty parameter, between segments', () => {
    const link = decider([{ id: 'link', paths: ['/p/:a/add/:b'], methods: ['GET'] }])
    expect(link('GET', '/p/1/add/2')).toBe('link legacy no-native')
    expect(link('GET', '/p//add/2')).toBe('unmatched legacy unmatched')
    expect(link('GET', '/p/1/add/')).toBe('unmatched legacy unmatched')
  })
})

describe('a catch-all', () => {
  const decide = decider([{ id: 'all', paths: ['/*'], methods: ['GET'], native: 'notes' }])
  it('has the root and everything below', () => {
    expect(decide('GET', '/')).toBe('all legacy no-native')
    expect(decide('GET', '/a//b')).toBe('all legacy no-native')
    expect(decide('GET', '/api/notes/1')).toBe('all native weight')
  })
})

describe('OPTIONS', () => {
  const create = { id: 'create', paths: ['/api/notes/:id'], methods: ['POST'], native: 'notes' }
  const remove = { id: 'remove', paths: ['/api/notes/:id'], methods: ['DELETE'], native: 'notes' }
  const decide = decider([remove, list, create])

  it('belongs to the route of the announced method', () => {
    expect(decide('OPTIONS', '/api/notes/1', 'GET')).toBe('list native weight')
    expect(decide('OPTIONS', '/api/notes/1', 'POST')).toBe('create native weight')
    expect(decide('OPTIONS', '/api/notes/1', 'DELETE')).toBe('remove legacy no-native')
  })

  it('else to the first route of the file that has the path', () => {
    expect(decide('OPTIONS', '/api/notes/1')).toBe('remove legacy no-native')
    expect(decide('OPTIONS', '/api/notes/1', 'PUT')).toBe('remove legacy no-native')
    expect(decider([list, remove])('OPTIONS', '/api/notes/1')).toBe('list native weight')
  })

  it('of that route, is native when native serves the path with some method', () => {
    const both = { ...remove, methods: ['DELETE', 'GET'] }
    expect(decider([both])('OPTIONS', '/api/notes/1')).toBe('remove native weight')
  })

  it('else to the route that lists it', () => {
    const preflight = { id: 'preflight', paths: ['/api/notes/*'], methods: ['OPTIONS'], native: 'notes' }
    const listed = decider([list, preflight])
    expect(listed('OPTIONS', '/api/notes/1')).toBe('preflight native weight')
    expect(listed('OPTIONS', '/api/notes/1/2')).toBe('preflight legacy no-native')
    expect(listed('OPTIONS', '/api/notes/1', 'GET')).toBe('list native weight')
  })

  it('the announced method is not asked for with other methods', () => {
    const table = compileRoutingTable(configOf([list], all), nativeRoutes)
    expect(assign(table, requestOf('GET', '/api/notes/1')).target).toBe('native')
  })
})
