import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import {
  bearer,
  call,
  decisionOn,
  JWT_SECRET,
  routesWith,
  servedBy,
  startUpstream,
  tokenOf,
  unusedDatabaseUri,
  type Upstream
} from './support.ts'

const CREDENTIAL = randomBytes(16).toString('hex')
const CHECK_EMAIL = '/users/checkEmail?email=nobody@example.org'
const WANT_NATIVE = { 'x-gateway-target': 'native' }
const USERS = Array.from({ length: 24 }, () => randomBytes(12).toString('hex'))
const ADDRESSES = Array.from({ length: 24 }, (_, i) => `192.0.2.${i + 1}`)

/** The client's address, as a proxy that the gateway trusts tells it. */
const from = (address: string) => ({ 'x-forwarded-for': address })

const usersAt = (weight: number) => ({
  routes: routesWith({ 'users.check-email': { weight }, 'users.profile': { weight } })
})

let upstream: Upstream
let gateway: RunningGateway

beforeAll(async () => {
  upstream = await startUpstream()
  gateway = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: unusedDatabaseUri(),
    jwtSecret: JWT_SECRET,
    env: { OVERRIDE_CREDENTIAL: CREDENTIAL, OVERRIDE_NETWORKS: '10.1.0.0/16', TRUSTED_PROXIES: '127.0.0.1' }
  })
})

afterAll(async () => {
  await gateway.stop()
  await upstream.close()
})

async function sidesOf(callers: readonly Record<string, string>[], path = CHECK_EMAIL) {
  return Promise.all(callers.map(headers => servedBy(gateway.url, path, { headers })))
}

describe('weight', () => {
  test('0 is legacy for everybody, 100 native, and the body is that of the side that the header names', async () => {
    const callers = [...USERS.map(bearer), ...ADDRESSES.map(from)]
    await gateway.reconfigure({ routes: routesWith({ 'users.check-email': { weight: 0 } }) })
    expect(new Set(await sidesOf(callers))).toEqual(new Set(['legacy']))
    expect((await call(gateway.url, CHECK_EMAIL)).body).toMatchObject({ upstream: true, url: CHECK_EMAIL })

    await gateway.reconfigure({ routes: routesWith({ 'users.check-email': { weight: 100 } }) })
    expect(new Set(await sidesOf(callers))).toEqual(new Set(['native']))
    expect((await call(gateway.url, CHECK_EMAIL)).body).toEqual({ available: true })
  })

  test('between them a caller stays on its side, over connections and routes of the group, and never goes back', async () => {
    const callers = [...USERS.map(bearer), ...ADDRESSES.map(from)]
    await gateway.reconfigure(usersAt(50))
    const first = await sidesOf(callers)
    expect(new Set(first)).toEqual(new Set(['native', 'legacy']))
    expect(await sidesOf(callers)).toEqual(first)
    expect(await sidesOf(callers, '/users/profile')).toEqual(first)
    // The token is what counts, wherever it is sent from.
    expect(await sidesOf(USERS.map(user => ({ ...bearer(user), ...from('198.51.100.7') })))).toEqual(
      first.slice(0, USERS.length)
    )

    await gateway.reconfigure(usersAt(75))
    const raised = await sidesOf(callers)
    expect(raised).not.toEqual(first)
    expect(raised.filter((side, i) => side === 'legacy' && first[i] === 'native')).toEqual([])
  })

  test('a token that we did not sign tells nothing of its bearer', async () => {
    await gateway.reconfigure({ routes: routesWith({ 'users.check-email': { weight: 50 } }) })
    const forged = USERS.map(user => ({ authorization: `Bearer ${tokenOf(user, 'another secret')}` }))
    expect(new Set(await sidesOf(forged)).size).toBe(1)
  })
})

describe('cohort and override', () => {
  const [member = '', outsider = ''] = USERS

  beforeEach(async () => {
    upstream.requests.splice(0)
    await gateway.reconfigure({
      routes: routesWith({ 'users.check-email': { weight: 0, cohort: [member] }, 'users.profile': { weight: 100 } })
    })
  })

  test('a listed user is native at weight 0, by a token that we signed and nothing else', async () => {
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers: bearer(member) })).toMatchObject({
      target: 'native',
      reason: 'cohort'
    })
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers: bearer(outsider) })).toMatchObject({
      target: 'legacy',
      reason: 'weight'
    })
    const forged = { authorization: `Bearer ${tokenOf(member, 'another secret')}` }
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers: forged })).toMatchObject({ target: 'legacy' })
  })

  test('an address of the listed networks may choose, both ways', async () => {
    const headers = { ...from('10.1.2.3'), ...WANT_NATIVE }
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers })).toMatchObject({ target: 'native', reason: 'override' })
    const back = { ...from('10.1.2.3'), 'x-gateway-target': 'legacy' }
    expect(await decisionOn(gateway, '/users/profile', { headers: back })).toMatchObject({
      target: 'legacy',
      reason: 'override'
    })
  })

  test('the credential allows it from anywhere', async () => {
    const headers = { ...from('192.0.2.1'), ...WANT_NATIVE, 'x-gateway-credential': CREDENTIAL }
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers })).toMatchObject({ target: 'native', reason: 'override' })
  })

  test.each([
    ['nothing', {}],
    ['a wrong credential', { 'x-gateway-credential': `${CREDENTIAL}x` }],
    ['an empty credential', { 'x-gateway-credential': '' }]
  ])('with %s it is ignored', async (_, credential) => {
    const headers = { ...from('192.0.2.1'), ...WANT_NATIVE, ...credential }
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers })).toMatchObject({ target: 'legacy', reason: 'weight' })
  })

  test('a value that names no side is ignored', async () => {
    const headers = { ...from('10.1.2.3'), 'x-gateway-target': 'NATIVE, legacy' }
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers })).toMatchObject({ target: 'legacy', reason: 'weight' })
  })

  test('neither header reaches the backend, whether it counted or not', async () => {
    const override = { 'x-gateway-target': 'legacy', 'x-gateway-credential': CREDENTIAL, 'x-kept': 'yes' }
    await call(gateway.url, '/users/profile', { headers: { ...from('10.1.2.3'), ...override } })
    await call(gateway.url, '/anything', {
      headers: { ...from('192.0.2.1'), ...override, 'x-gateway-credential': 'wrong' }
    })
    expect(upstream.requests).toHaveLength(2)
    for (const { headers } of upstream.requests) {
      expect(headers).toMatchObject({ 'x-kept': 'yes' })
      expect(Object.keys(headers).filter(name => name.startsWith('x-gateway-'))).toEqual([])
    }
  })
})

describe('kill switch', () => {
  const headers = { ...from('10.1.2.3'), ...WANT_NATIVE }
  const [member = ''] = USERS

  test('of a route: legacy, whatever weight, cohort and override say; other routes go on', async () => {
    await gateway.reconfigure({
      routes: routesWith({
        'users.check-email': { weight: 100, cohort: [member], killSwitch: true },
        'users.profile': { weight: 100 }
      })
    })
    const killed = { target: 'legacy', reason: 'kill-switch' }
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers })).toMatchObject(killed)
    expect(await decisionOn(gateway, CHECK_EMAIL, { headers: bearer(member) })).toMatchObject(killed)
    expect(await decisionOn(gateway, '/users/profile')).toMatchObject({ target: 'native', reason: 'weight' })
  })

  test('of the gateway: legacy everywhere', async () => {
    await gateway.reconfigure({
      killSwitch: true,
      routes: routesWith({ 'users.check-email': { weight: 100 }, 'users.profile': { weight: 100 } })
    })
    for (const path of [CHECK_EMAIL, '/users/profile', '/api/prompts']) {
      expect(await decisionOn(gateway, path, { headers })).toMatchObject({ target: 'legacy', reason: 'kill-switch' })
    }
  })
})

describe('which route', () => {
  beforeEach(async () => {
    upstream.requests.splice(0)
    await gateway.reconfigure({
      routes: routesWith({
        'users.check-email': { weight: 100 },
        'notes.list': { weight: 0 },
        'notes.update': { weight: 100 },
        'prompts.list': { weight: 100 }
      })
    })
  })

  test('what native does not serve is legacy at any weight, and so is what no route has', async () => {
    expect(await decisionOn(gateway, '/api/notes/%61')).toMatchObject({
      route: 'notes.list',
      target: 'legacy',
      reason: 'no-native'
    })
    for (const [path, method] of [
      ['/nowhere', 'GET'],
      ['/users/checkEmail', 'POST'],
      ['/users//checkEmail', 'GET']
    ] as const) {
      expect(await decisionOn(gateway, path, { method })).toMatchObject({
        route: 'unmatched',
        target: 'legacy',
        reason: 'unmatched'
      })
    }
  })

  test.each([
    ['PATCH', 'notes.update', 'native'],
    ['GET', 'notes.list', 'legacy']
  ])('a preflight for %s belongs to %s', async (method, route, target) => {
    const headers = { origin: 'http://localhost:3000', 'access-control-request-method': method }
    expect(
      await decisionOn(gateway, '/api/notes/65f0c0ffee65f0c0ffee65f0', { method: 'OPTIONS', headers })
    ).toMatchObject({ route, target, reason: 'weight' })
  })

  test.each(['/users/checkEmail', '/USERS/CHECKEMAIL', '/users/checkemail/', '/Users/Users/CheckEmail/'])(
    '%s is the same route and target in any case, with a trailing slash or without, on both sides',
    async path => {
      const url = `${path}?email=nobody@example.org`
      const expected = { route: 'users.check-email', reason: 'weight' }
      expect(await decisionOn(gateway, url)).toMatchObject({ ...expected, target: 'native', status: 200 })
      expect(upstream.requests).toEqual([])
      await gateway.reconfigure({ routes: routesWith({ 'users.check-email': { weight: 0 } }) })
      expect(await decisionOn(gateway, url)).toMatchObject({ ...expected, target: 'legacy', status: 200 })
      expect(upstream.requests.map(request => request.url)).toEqual([url])
    }
  )

  test('an encoded path is never native: it is the backend that reads it', async () => {
    await gateway.reconfigure({ routes: routesWith({ 'notes.list': { weight: 100 } }) })
    expect(await decisionOn(gateway, '/api/notes/%36%35')).toMatchObject({
      route: 'notes.list',
      target: 'legacy',
      reason: 'no-native'
    })
  })
})

test('servedByHeader: false hides the header on both sides, and on failures', async () => {
  const hide = { servedByHeader: false }
  await gateway.reconfigure({
    targets: { legacy: { url: '${LEGACY_URL}' }, nobody: { url: 'http://127.0.0.1:9' } },
    routes: routesWith({
      'users.check-email': { ...hide, weight: 100 },
      'users.profile': { ...hide, weight: 0 },
      'prompts.list': { ...hide, upstream: 'nobody' }
    })
  })
  expect(await servedBy(gateway.url, CHECK_EMAIL)).toBeUndefined()
  expect(await servedBy(gateway.url, '/users/profile')).toBeUndefined()
  const failed = await call(gateway.url, '/api/prompts')
  expect(failed.status).toBe(502)
  expect(failed.headers['x-served-by']).toBeUndefined()
  expect(await servedBy(gateway.url, '/')).toBe('legacy')
})

test('a request id is taken from the client when it is a sane token, else made, and told to both ends', async () => {
  await gateway.reconfigure({ routes: routesWith({ 'users.check-email': { weight: 100 } }) })
  upstream.requests.splice(0)
  for (const path of [CHECK_EMAIL, '/']) {
    const kept = await call(gateway.url, path, { headers: { 'x-request-id': 'trace-1.a_b~C' } })
    expect(kept.headers['x-request-id']).toBe('trace-1.a_b~C')
    const replaced = await call(gateway.url, path, { headers: { 'x-request-id': 'two words' } })
    expect(replaced.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  }
  expect(upstream.requests.map(({ headers }) => headers['x-request-id'])).toEqual([
    'trace-1.a_b~C',
    expect.stringMatching(/^[0-9a-f-]{36}$/)
  ])
})
