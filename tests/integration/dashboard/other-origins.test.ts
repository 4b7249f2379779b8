import { expect, test } from 'vitest'
import { type Scene, startScene } from '../admin/support.ts'
import { ask, signIn } from './support.ts'

const JSON_TYPE = 'application/json'
/** As `inject` sends it. */
const HOST = 'localhost:80'
const OWN_ORIGIN = `http://${HOST}`

type Sent = Readonly<Record<string, string>>

/** What a browser may say of where an unsafe request comes from, and whether it is let in. */
const UNSAFE: readonly (readonly [Sent, boolean])[] = [
  [{ 'sec-fetch-site': 'same-origin', 'content-type': JSON_TYPE }, true],
  [{ 'sec-fetch-site': 'same-origin', 'content-type': 'application/JSON; charset=utf-8' }, true],
  [{ 'sec-fetch-site': 'same-origin', origin: OWN_ORIGIN, 'content-type': JSON_TYPE }, true],
  [{ origin: OWN_ORIGIN, 'content-type': JSON_TYPE }, true],
  // The public listener, on another port of the same host.
  [{ 'sec-fetch-site': 'same-site', 'content-type': JSON_TYPE }, false],
  [{ 'sec-fetch-site': 'same-site', origin: OWN_ORIGIN, 'content-type': JSON_TYPE }, false],
  [{ 'sec-fetch-site': 'cross-site', 'content-type': JSON_TYPE }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: OWN_ORIGIN, 'content-type': JSON_TYPE }, false],
  [{ 'sec-fetch-site': 'none', 'content-type': JSON_TYPE }, false],
  [{ 'sec-fetch-site': '', 'content-type': JSON_TYPE }, false],
  [{ 'sec-fetch-site': 'same-origin, cross-site', 'content-type': JSON_TYPE }, false],
  [{ 'content-type': JSON_TYPE }, false],
  [{ origin: 'null', 'content-type': JSON_TYPE }, false],
  [{ origin: '', 'content-type': JSON_TYPE }, false],
  [{ origin: `https://${HOST}`, 'content-type': JSON_TYPE }, false],
  [{ origin: 'http://localhost', 'content-type': JSON_TYPE }, false],
  [{ origin: 'http://localhost:8080', 'content-type': JSON_TYPE }, false],
  [{ origin: `${OWN_ORIGIN}.example`, 'content-type': JSON_TYPE }, false],
  [{ origin: OWN_ORIGIN, 'content-type': 'text/plain' }, false],
  [{ origin: OWN_ORIGIN, 'content-type': 'application/x-www-form-urlencoded' }, false],
  [{ origin: OWN_ORIGIN, 'content-type': 'multipart/form-data; boundary=x' }, false],
  [{ origin: OWN_ORIGIN, 'content-type': `text/plain; ${JSON_TYPE}` }, false],
  [{ origin: OWN_ORIGIN, 'content-type': 'application/jsonx' }, false],
  [{ origin: OWN_ORIGIN }, false],
  [{ 'sec-fetch-site': 'same-origin' }, false],
  [{ 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }, false]
]

const SAFE: readonly (readonly [Sent, boolean])[] = [
  [{}, true],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  // Typed into the address bar.
  [{ 'sec-fetch-site': 'none' }, true],
  [{ origin: OWN_ORIGIN }, true],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': '' }, false],
  [{ origin: 'http://localhost:8080' }, false],
  [{ origin: 'null' }, false]
]

const FORBIDDEN = { status: 403, body: { error: 'forbidden', message: expect.stringContaining('expected') } }

const revisionOf = (scene: Scene) => scene.gateway.store.current.number

test('a change is made for a page of this very origin only, whatever cookie comes along', async () => {
  const scene = await startScene()
  const cookie = await signIn(scene)
  let on = false
  for (const [sent, isOwn] of UNSAFE) {
    on = !on
    const before = revisionOf(scene)
    const answer = await ask(scene, 'PUT /dashboard/api/kill-switch', {
      cookie,
      headers: { ...sent, 'if-match': `"${before}"` },
      body: { on, reason: 'to see' }
    })
    expect({ sent, ...answer }).toMatchObject({ sent, ...(isOwn ? { status: 200 } : FORBIDDEN) })
    expect(revisionOf(scene) - before).toBe(isOwn ? 1 : 0)
    if (!isOwn) on = !on
  }
})

test('nobody is signed in or out by another site', async () => {
  const scene = await startScene()
  const cookie = await signIn(scene)
  for (const [sent, isOwn] of UNSAFE) {
    const signedIn = await ask(scene, 'POST /dashboard/session', { headers: sent, body: { credential: scene.first } })
    expect({ sent, ...signedIn }).toMatchObject({ sent, ...(isOwn ? { status: 204 } : FORBIDDEN) })
    expect('set-cookie' in signedIn.headers).toBe(isOwn)
    const signedOut = await ask(scene, 'DELETE /dashboard/session', { headers: sent, body: {}, cookie })
    expect({ sent, ...signedOut }).toMatchObject({ sent, ...(isOwn ? { status: 204 } : FORBIDDEN) })
    expect('set-cookie' in signedOut.headers).toBe(isOwn)
  }
})

test('nothing is shown to another site', async () => {
  const scene = await startScene()
  const cookie = await signIn(scene)
  for (const [sent, isOwn] of SAFE) {
    for (const path of ['/dashboard/api/routes', '/dashboard/api/nothing'] as const) {
      const answer = await ask(scene, `GET ${path}`, { headers: sent, cookie })
      const status = path.endsWith('nothing') ? 404 : 200
      expect({ sent, ...answer }).toMatchObject({ sent, ...(isOwn ? { status } : FORBIDDEN) })
    }
  }
  for (const [sent] of SAFE.filter(([, isOwn]) => !isOwn)) {
    const answer = await ask(scene, 'GET /dashboard/api/live', { headers: sent, cookie })
    expect({ sent, ...answer }).toMatchObject({ sent, ...FORBIDDEN })
  }
})

test('behind a trusted proxy the origin is the one that the browser sees', async () => {
  const scene = await startScene({ env: { TRUSTED_PROXIES: ['127.0.0.1'] } })
  const body = { credential: scene.first }
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'gateway.example', 'content-type': JSON_TYPE }
  const from = (origin: string) => ask(scene, 'POST /dashboard/session', { headers: { ...forwarded, origin }, body })
  expect((await from('https://gateway.example')).status).toBe(204)
  expect((await from('http://gateway.example')).status).toBe(403)
  expect((await from(OWN_ORIGIN)).status).toBe(403)
})
