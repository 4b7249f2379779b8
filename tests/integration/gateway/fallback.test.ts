import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningDatabase, startDatabase } from '../../support/database.ts'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import { bearer, call, decisionOn, JWT_SECRET, routesWith, sample, startUpstream, type Upstream } from './support.ts'

const CHECK_EMAIL = '/users/checkEmail?email=nobody@example.org'
const SOMEONE = bearer('65f0c0ffee65f0c0ffee65f0')
const NOTES = '/api/notes/65f0c0ffee65f0c0ffee65f1'

let database: RunningDatabase
let upstream: Upstream
let gateway: RunningGateway

beforeAll(async () => {
  // A database of its own, because it is stopped; an upstream that needs none, so that legacy can answer without it.
  ;[database, upstream] = await Promise.all([startDatabase(), startUpstream()])
  gateway = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: database.uri,
    jwtSecret: JWT_SECRET,
    config: {
      targets: { legacy: { url: '${LEGACY_URL}' }, nobody: { url: 'http://127.0.0.1:9' } },
      routes: routesWith({
        'users.check-email': { weight: 100 },
        'users.login': { weight: 100, fallback: true },
        'users.profile': { weight: 100, fallback: false },
        'notes.list': { weight: 100, upstream: 'nobody' }
      })
    }
  })
})

afterAll(async () => {
  await gateway.stop()
  await upstream.close()
  await database.stop()
})

beforeEach(() => void upstream.requests.splice(0))

const fallbacks = async (route: string, target: string) =>
  sample((await call(gateway.adminUrl, '/metrics')).text, 'gateway_fallbacks_total', { route, upstream: target })

test('while native answers nothing falls back, whatever the status below 500', async () => {
  expect(await call(gateway.url, CHECK_EMAIL)).toMatchObject({ status: 200, body: { available: true } })
  expect((await call(gateway.url, '/users/profile')).status).toBe(401)
  expect((await call(gateway.url, NOTES)).status).toBe(401)
  expect(upstream.requests).toEqual([])
  expect(await fallbacks('users.check-email', 'legacy')).toBeUndefined()
})

test('with the database stopped, GET and HEAD are answered from legacy, once each, and counted', async () => {
  await database.pause()
  const [get, head] = await Promise.all([
    call(gateway.url, CHECK_EMAIL),
    call(gateway.url, CHECK_EMAIL, { method: 'HEAD' })
  ])
  expect(get.body).toEqual({ upstream: true, method: 'GET', url: CHECK_EMAIL })
  for (const answer of [get, head]) {
    expect(answer).toMatchObject({ status: 200, headers: { 'x-served-by': 'legacy' } })
    expect(answer.headers['etag']).toBeUndefined()
  }
  expect(head.text).toBe('')
  expect(upstream.requests.map(({ method }) => method).sort()).toEqual(['GET', 'HEAD'])
  expect(await fallbacks('users.check-email', 'legacy')).toBe(2)
})

test('what may not fall back keeps the 503 of native: a POST, and a route with fallback off', async () => {
  const [post, off] = await Promise.all([
    call(gateway.url, '/users/login', { method: 'POST', body: { email: 'nobody@example.org', password: 'password' } }),
    call(gateway.url, '/users/profile', { headers: SOMEONE })
  ])
  for (const answer of [post, off]) {
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'x-served-by': 'native' },
      body: { msg: 'Service unavailable' }
    })
  }
  expect(upstream.requests).toEqual([])
  expect(await fallbacks('users.login', 'legacy')).toBeUndefined()
  expect(await fallbacks('users.profile', 'legacy')).toBeUndefined()
})

test('a fallback to an upstream that cannot be reached is a 502, and the log tells both', async () => {
  const decision = await decisionOn(gateway, NOTES, { headers: SOMEONE })
  expect(decision).toMatchObject({
    route: 'notes.list',
    target: 'nobody',
    reason: 'weight',
    status: 502,
    failure: 'upstream_unreachable'
  })
  expect(await fallbacks('notes.list', 'nobody')).toBe(1)
})

test('native serves again by itself when the database is back', async () => {
  await database.restart()
  await expect
    .poll(async () => (await call(gateway.url, CHECK_EMAIL)).headers['x-served-by'], { timeout: 10_000, interval: 50 })
    .toBe('native')
})
