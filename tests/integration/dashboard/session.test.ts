import { createHash, hkdfSync } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { expect, test } from 'vitest'
import { SessionSchema } from '../../../gateway/admin/schemas.ts'
import { manualClock } from '../../support/clock.ts'
import { JWT_SECRET } from '../gateway/support.ts'
import { call, checked, credentialOf, type Scene, startScene } from '../admin/support.ts'
import { ask, cookieOf, OWN, signIn } from './support.ts'

const HOUR = 3_600_000

const hkdf = (secret: string, salt: string) =>
  Buffer.from(hkdfSync('sha256', secret, salt, 'scribe-gateway dashboard session', 32))

const sessionOf = (scene: Scene, cookie: string | undefined) => ask(scene, 'GET /dashboard/api/session', { cookie })

test('a credential becomes a cookie that scripts and other sites never get, and that holds no credential', async () => {
  const scene = await startScene()
  const answer = await ask(scene, 'POST /dashboard/session', { body: { credential: scene.first } })
  expect(answer).toMatchObject({ status: 204, text: '', headers: { 'cache-control': 'no-store' } })
  const [, ...attributes] = String(answer.headers['set-cookie']).split('; ')
  expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/dashboard', 'SameSite=Strict'])
  const cookie = cookieOf(answer)
  const [, claims = ''] = cookie.split('.')
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
    sub: 'first-start',
    exp: Math.floor(scene.clock.now() / 1000) + 12 * 3_600
  })
  expect(decodeURIComponent(cookie)).not.toContain(scene.first)

  const session = await sessionOf(scene, cookie)
  expect(checked(SessionSchema, session.body)).toEqual({
    name: 'first-start',
    role: 'operator',
    expires: new Date(scene.clock.now() + 12 * HOUR).toISOString()
  })
})

test('behind a trusted proxy that speaks https the cookie is for https only', async () => {
  const scene = await startScene({ env: { TRUSTED_PROXIES: ['127.0.0.1'] } })
  const body = { credential: scene.first }
  const secure = await ask(scene, 'POST /dashboard/session', {
    body,
    headers: { ...OWN, 'x-forwarded-proto': 'https' }
  })
  expect(secure.headers['set-cookie']).toContain('; Secure')

  const alone = await startScene()
  const forged = await ask(alone, 'POST /dashboard/session', {
    body: { credential: alone.first },
    headers: { ...OWN, 'x-forwarded-proto': 'https' }
  })
  expect(forged.headers['set-cookie']).not.toContain('Secure')
})

test('a wrong credential is refused, and after 20 of them nothing but a right one enters', async () => {
  const scene = await startScene()
  const attempt = (credential: unknown) => ask(scene, 'POST /dashboard/session', { body: { credential } })
  for (let count = 0; count < 20; count++) {
    const refused = await attempt(`sgw_${count}`)
    expect(refused).toMatchObject({ status: 401, body: { error: 'unauthenticated' } })
    expect(refused.headers).not.toHaveProperty('set-cookie')
  }
  expect((await attempt('sgw_20')).status).toBe(429)
  // One count for both ways in.
  expect((await call(scene, 'GET /api/session', { credential: 'sgw_wrong' })).status).toBe(429)
  expect((await attempt(scene.first)).status).toBe(204)
  for (const body of [{}, { credential: '' }, { credential: 5 }, { credential: 'x'.repeat(300) }, '{']) {
    expect(await ask(scene, 'POST /dashboard/session', { body })).toMatchObject({
      status: 400,
      body: { error: 'bad-request' }
    })
  }
})

test('a session ends after twelve hours', async () => {
  const clock = manualClock()
  const scene = await startScene({ clock })
  const cookie = await signIn(scene)
  clock.advance(12 * HOUR - 1000)
  expect((await sessionOf(scene, cookie)).status).toBe(200)
  clock.advance(1001)
  expect(await sessionOf(scene, cookie)).toMatchObject({ status: 401, body: { error: 'unauthenticated' } })
})

test('a session ends with its credential, and a later one of the same name does not bring it back', async () => {
  const scene = await startScene()
  const vera = await credentialOf(scene, 'vera', 'viewer')
  const alice = await credentialOf(scene, 'alice', 'operator')
  const cookie = await signIn(scene, vera)
  expect((await sessionOf(scene, cookie)).status).toBe(200)
  expect((await call(scene, 'DELETE /api/credentials/vera', { credential: alice })).status).toBe(204)
  expect((await sessionOf(scene, cookie)).status).toBe(401)
  scene.clock.advance(1)
  const again = { credential: alice, body: { name: 'vera', role: 'operator' } }
  expect((await call(scene, 'POST /api/credentials', again)).status).toBe(201)
  expect((await sessionOf(scene, cookie)).status).toBe(401)
})

test('neither who knows the secret alone can make a session, nor who can read what is kept of a credential', async () => {
  const scene = await startScene()
  const secret = JWT_SECRET
  const digest = createHash('sha256').update(String(scene.first)).digest('hex')
  const claims = { sub: 'first-start', exp: Math.floor(scene.clock.now() / 1000) + 60 }
  const keys = [secret, digest, Buffer.from(digest, 'hex'), hkdf(secret, ''), hkdf('', digest), hkdf(digest, '')]
  for (const key of keys) {
    const forged = jsonwebtoken.sign(claims, key, { noTimestamp: true })
    expect((await sessionOf(scene, `scribe_session=${forged}`)).status).toBe(401)
  }
  const unsigned = jsonwebtoken.sign(claims, '', { algorithm: 'none', noTimestamp: true })
  expect((await sessionOf(scene, `scribe_session=${unsigned}`)).status).toBe(401)
  // Both together can: the keys above fail for want of the other part.
  const both = jsonwebtoken.sign(claims, hkdf(secret, digest), { noTimestamp: true })
  expect((await sessionOf(scene, `scribe_session=${both}`)).status).toBe(200)
})

test('a session outlives a restart, and not another secret', async () => {
  const clock = manualClock()
  const scene = await startScene({ clock })
  const cookie = await signIn(scene)
  await scene.close()
  const again = await startScene({ clock, folder: scene.folder })
  expect((await sessionOf(again, cookie)).status).toBe(200)
  await again.close()
  const other = await startScene({ clock, folder: scene.folder, env: { JWT_SECRET: 'another secret, long enough' } })
  expect((await sessionOf(other, cookie)).status).toBe(401)
})

test('a cookie that was changed is none', async () => {
  const scene = await startScene()
  const cookie = await signIn(scene)
  const [, value = ''] = cookie.split('=', 2)
  const [header = '', claims = '', signature = ''] = value.split('.')
  const later = JSON.parse(Buffer.from(claims, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...later, exp: later.exp + 1 })).toString('base64url')
  const content = `${header}.${claims}`
  const changed = [
    `${header}.${forged}.${signature}`,
    `${content}.${signature.slice(0, -1)}`,
    `${content}.`,
    content,
    `.${signature}`,
    '',
    'null'
  ]
  for (const each of changed) {
    const answer = await sessionOf(scene, `scribe_session=${encodeURIComponent(each)}`)
    expect({ each, ...answer }).toMatchObject({ each, status: 401, body: { error: 'unauthenticated' } })
  }
  expect((await sessionOf(scene, cookie)).status).toBe(200)
})

test('signing out takes the cookie away', async () => {
  const scene = await startScene()
  const answer = await ask(scene, 'DELETE /dashboard/session', { cookie: await signIn(scene), body: {} })
  expect(answer.status).toBe(204)
  const [pair, ...attributes] = String(answer.headers['set-cookie']).split('; ')
  expect(pair).toBe('scribe_session=')
  expect(attributes).toEqual(expect.arrayContaining(['Max-Age=0', 'Path=/dashboard', 'HttpOnly', 'SameSite=Strict']))
  expect((await sessionOf(scene, undefined)).status).toBe(401)
})

test('a viewer looks and changes nothing; what an operator does stands in the audit under their name', async () => {
  const scene = await startScene()
  const viewer = await signIn(scene, await credentialOf(scene, 'vera', 'viewer'))
  const operator = await signIn(scene, await credentialOf(scene, 'alice', 'operator'))
  const kill = (cookie: string) =>
    ask(scene, 'PUT /dashboard/api/kill-switch', {
      cookie,
      headers: { ...OWN, 'if-match': '*' },
      body: { on: true, reason: 'to be safe' }
    })
  expect((await ask(scene, 'GET /dashboard/api/routes', { cookie: viewer })).status).toBe(200)
  expect(await kill(viewer)).toMatchObject({ status: 403, body: { error: 'forbidden' } })
  expect(scene.gateway.store.current.number).toBe(1)
  expect(await kill(operator)).toMatchObject({ status: 200, body: { revision: 2 } })
  const { body } = await ask(scene, 'GET /dashboard/api/audit?limit=1', { cookie: viewer })
  expect(body).toMatchObject([{ actor: { kind: 'operator', name: 'alice' }, reason: 'to be safe' }])
})

test('the cookie opens nothing but the dashboard, and a bearer credential not the dashboard', async () => {
  const scene = await startScene()
  const cookie = await signIn(scene)
  const calls = ['session', 'status', 'routes', 'config', 'events', 'live', 'progress', 'discovery', 'openapi.json']
  for (const each of calls) {
    expect({ each, ...(await ask(scene, `GET /api/${each}`, { cookie })) }).toMatchObject({ each, status: 401 })
    const bearer = { ...OWN, authorization: `Bearer ${scene.first}` }
    const answer = await ask(scene, `GET /dashboard/api/${each}`, { headers: bearer })
    expect({ each, ...answer }).toMatchObject({ each, status: 401 })
    expect(answer.headers).not.toHaveProperty('www-authenticate')
  }
  // The API is described once.
  expect((await ask(scene, 'GET /dashboard/api/openapi.json', { cookie })).status).toBe(404)
})
