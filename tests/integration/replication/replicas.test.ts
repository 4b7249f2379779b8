import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningDatabase, startDatabase } from '../../support/database.ts'
import { type RunningReplicas, startReplicas } from '../../support/replicas.ts'
import { startUpstream, tokenOf, type Upstream } from '../gateway/support.ts'

const SECRET = 'a secret of the replicas'
const ROUTE = 'users.check-email'

let database: RunningDatabase
let upstream: Upstream
let replicas: RunningReplicas
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scribe-kill-'))
  database = await startDatabase()
  upstream = await startUpstream()
  replicas = await startReplicas({
    replicas: 3,
    legacyUrl: upstream.url,
    mongodbUri: database.uri,
    jwtSecret: SECRET,
    env: { KILL_FILE: join(folder, 'kill') },
    weights: { [ROUTE]: 100 }
  })
})

afterEach(async () => {
  await replicas.stop()
  await upstream.close()
  await database.stop()
  await rm(folder, { recursive: true, force: true })
})

async function api(index: number, path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const { adminUrl } = replicas.gateways[index] ?? { adminUrl: '' }
  const headers = {
    authorization: `Bearer ${replicas.credential}`,
    'content-type': 'application/json',
    'if-match': '*'
  }
  const answer = await fetch(`${adminUrl}/api${path}`, { ...init, headers })
  return { status: answer.status, body: await answer.json() }
}

const kill = (index: number, on: boolean) =>
  api(index, '/kill-switch', { method: 'PUT', body: JSON.stringify({ on, reason: 'a drill' }) })

async function sideOf(index: number, user = 'u'): Promise<string | null> {
  const { url } = replicas.gateways[index] ?? { url: '' }
  const answer = await fetch(`${url}/users/checkEmail?email=a@example.org`, {
    headers: { authorization: `Bearer ${tokenOf(user, SECRET)}` }
  })
  return answer.headers.get('x-served-by')
}

const sides = () => Promise.all([0, 1, 2].map(index => sideOf(index)))

test('kill answers when every replica serves it, and names one that does not', { timeout: 60_000 }, async () => {
  expect(await sides()).toEqual(['native', 'native', 'native'])
  const names = ['gateway-1', 'gateway-2', 'gateway-3']
  expect(await kill(1, true)).toMatchObject({ status: 200, body: { replicas: { applied: names, missing: [] } } })
  expect(await sides()).toEqual(['legacy', 'legacy', 'legacy'])

  const paused = replicas.gateways[2]?.pid ?? 0
  process.kill(paused, 'SIGSTOP')
  const { body } = await api(0, '/routes/notes.list/kill-switch', {
    method: 'PUT',
    body: JSON.stringify({ on: true, reason: 'one more' })
  })
  expect(body).toMatchObject({
    replicas: {
      applied: ['gateway-1', 'gateway-2'],
      missing: [{ name: 'gateway-3', why: expect.stringMatching(/revision 2/) }]
    }
  })
  process.kill(paused, 'SIGCONT')
  await expect
    .poll(async () => (await api(2, '/status')).body, { timeout: 10_000 })
    .toMatchObject({ revision: { number: 3 } })
})

test('a kill file works without the database, for all routes or for those it names', { timeout: 60_000 }, async () => {
  expect(await sideOf(0)).toBe('native')
  await database.kill()
  await writeFile(join(folder, 'kill'), '')
  const killed = replicas.gateways[0]?.waitForLog(
    ({ msg }) => msg === 'the kill file sends callers upstream' || undefined
  )
  await killed
  expect(await sideOf(0)).toBe('legacy')
  await writeFile(join(folder, 'kill'), `notes.list\n${ROUTE}\nnotes.lst\n`)
  const unknown = await replicas.gateways[0]?.waitForLog(({ unknown: names }) => names)
  expect(unknown).toEqual(['notes.lst'])
  expect(await sideOf(0)).toBe('legacy')
  await database.restart()
  await rm(join(folder, 'kill'))
  await expect.poll(() => sideOf(0), { timeout: 20_000 }).toBe('native')
})

test('the replicas know of each other, and one leads', { timeout: 60_000 }, async () => {
  const told = async () => (await api(1, '/replicas')).body
  await expect
    .poll(told, { timeout: 15_000 })
    .toEqual([
      expect.objectContaining({ name: 'gateway-1', revision: 1, silent: false }),
      expect.objectContaining({ name: 'gateway-2', revision: 1, silent: false }),
      expect.objectContaining({ name: 'gateway-3', revision: 1, silent: false })
    ])
  const leaders = async () => {
    const list = await told()
    return Array.isArray(list) ? list.filter(({ leads }: { leads: boolean }) => leads).length : 0
  }
  await expect.poll(leaders, { timeout: 15_000 }).toBe(1)
  expect((await api(2, '/audit/verify')).body).toMatchObject({ ok: true })
  await replicas.gateways[0]?.stop()
  await expect.poll(told, { timeout: 15_000 }).toHaveLength(2)
  await expect.poll(leaders, { timeout: 15_000 }).toBe(1)
})

test('each tells of the requests and the callers of all', { timeout: 60_000 }, async () => {
  for (const [index, user] of ['one', 'two', 'two'].entries()) await sideOf(index, user)
  const plan = { change: { kind: 'kill', target: ROUTE, on: true } }
  for (const index of [0, 1, 2]) {
    const route = async () => (await api(index, `/routes/${ROUTE}`)).body
    await expect
      .poll(route, { timeout: 10_000 })
      .toMatchObject({ reasons: { weight: 3 }, realised: { minute: { native: 3, legacy: 0 } } })
    const { body } = await api(index, '/config/plan', { method: 'POST', body: JSON.stringify(plan) })
    expect(body).toMatchObject({ routes: [{ id: ROUTE, callers: { seen: 2, toLegacy: 2 } }] })
  }
})
