import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../../support/fresh-database.ts'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import { call, decisionOn, JWT_SECRET, NOBODY, startUpstream, tokenOf, type Upstream } from './support.ts'

let gateway: RunningGateway
let database: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  database = await freshDatabase()
  for (const name of ['users', 'consultations', 'transcripts', 'notes', 'prompts', 'blacktokens']) {
    await database.db.createCollection(name)
  }
  gateway = await startGateway({
    legacyUrl: NOBODY,
    mongodbUri: database.uri,
    jwtSecret: JWT_SECRET,
    config: { killSwitch: true }
  })
})

afterAll(async () => {
  await gateway.stop()
  await database.drop()
})

test('v1 works with the legacy down and the kill switch on', async () => {
  const account = { username: 'Ann', email: 'ann@example.org', password: 'correct horse', role: 'clinician' }
  const created = await call(gateway.url, '/api/v1/users', { method: 'POST', body: account })
  expect(created).toMatchObject({
    status: 201,
    headers: { 'x-served-by': 'native', 'x-request-id': expect.any(String) }
  })
  const { email, password } = account
  const session = await call(gateway.url, '/api/v1/users/sessions', { method: 'POST', body: { email, password } })
  expect(session).toMatchObject({ status: 201, body: { data: { token: expect.any(String) } } })
  // The same process sends everything else to the legacy, which is not there.
  expect((await call(gateway.url, '/users/checkEmail?email=a')).status).toBe(502)
})

test('the documentation works as well', async () => {
  expect(await call(gateway.url, '/docs/json')).toMatchObject({ status: 200, body: { openapi: '3.1.0' } })
  for (const path of ['/docs', '/docs/', '/docs/static/index.css', '/docs/static/swagger-ui-bundle.js']) {
    expect((await call(gateway.url, path)).status).toBe(200)
  }
})

test.each(['/api/v1/nowhere', '/api/v1', '/api/v1/%zz', `/api/v1/prompts/${'1'.repeat(5000)}`])(
  'native says that %.30s is not there',
  async path => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const headers = { authorization: `Bearer ${tokenOf('65f0c0ffee65f0c0ffee65f0')}` }
      expect(await call(gateway.url, path, { method, headers })).toMatchObject({
        status: 404,
        headers: { 'x-request-id': expect.any(String) },
        body: { error: { code: 'not_found', details: [] } }
      })
    }
  }
)

test.each(['/docs/nowhere', '/docs/static/nowhere', '/docs/%zz'])('native says that %s is not there', async path => {
  expect(await call(gateway.url, path)).toMatchObject({ status: 404, body: { msg: 'Not found' } })
})

test('a 5xx of v1 does not fall back, and an override to legacy is not heard', async () => {
  const upstream: Upstream = await startUpstream()
  const lone = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: 'mongodb://127.0.0.1:9/none',
    jwtSecret: JWT_SECRET,
    env: { OVERRIDE_CREDENTIAL: 'let me in please' }
  })
  try {
    const headers = { 'x-gateway-target': 'legacy', 'x-gateway-credential': 'let me in please' }
    const path = '/api/v1/users/email-availability?email=a@b.org'
    expect(await call(lone.url, path, { headers })).toMatchObject({
      status: 503,
      headers: { 'x-served-by': 'native' },
      body: { error: { code: 'unavailable' } }
    })
    expect(upstream.requests).toEqual([])
  } finally {
    await lone.stop()
    await upstream.close()
  }
})

test('the log says why', async () => {
  expect(await decisionOn(gateway, `/api/v1/${randomUUID()}`)).toMatchObject({
    route: 'v1',
    target: 'native',
    reason: 'native-only',
    status: 401
  })
})
