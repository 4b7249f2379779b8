import { setTimeout as pause } from 'node:timers/promises'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MongoClient } from 'mongodb'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ReplicasSchema, RolloutStatusSchema } from '../../gateway/admin/schemas.ts'
import { type RunningDatabase, startDatabase } from '../support/database.ts'
import { DEMO_ROLLOUT } from '../support/demo-rollout.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { type RunningNginx, startNginx } from '../support/nginx.ts'
import { freePort } from '../support/process.ts'
import { type RunningReplicas, startReplicas } from '../support/replicas.ts'
import { type Seen, sidesByCaller, startTraffic, type Traffic } from '../support/traffic.ts'
import { type Clinician, JWT_SECRET, seed } from './load.ts'
import { signIn, type Staff } from './staff.ts'

const TEST_MS = 300_000
const ROUTE = 'notes.list'
const WRITES = 'notes.create'
const CALLERS = 90
const RATE = 40
/** How long the databases are away. */
const AWAY_MS = 30_000
/** Of clients that wait for a database, in milliseconds; and how many of them may. */
const HANG_MS = 60_000
const CONNECTIONS = 1_500

let database: RunningDatabase
/** The server of the routing store. */
let storeServer: RunningDatabase
let legacy: RunningLegacy
let replicas: RunningReplicas
let nginx: RunningNginx
let clinicians: Clinician[]
let staff: Staff
let traffic: Traffic
let seen: Seen[]

beforeEach(async () => {
  ;[database, storeServer] = await Promise.all([startDatabase(), startDatabase()])
  const client = await MongoClient.connect(database.uri)
  clinicians = await seed(client.db())
  await client.close()
  legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret: JWT_SECRET, supervised: true })
  const ports = [await freePort(), await freePort(), await freePort()]
  replicas = await startReplicas({
    replicas: 3,
    ports,
    legacyUrl: legacy.url,
    mongodbUri: database.uri,
    storeUri: storeServer.uri,
    jwtSecret: JWT_SECRET,
    env: { TRUSTED_PROXIES: '127.0.0.1' },
    config: {
      defaults: { weight: 0, servedByHeader: true, fallback: true, rollout: DEMO_ROLLOUT },
      routes: [
        { id: ROUTE, paths: ['/api/notes/:consultationId'], methods: ['GET'], native: 'notes' },
        { id: WRITES, paths: ['/api/notes/:consultationId'], methods: ['POST'], native: 'notes', weight: 50 }
      ]
    }
  })
  const gateways = ports.map(port => `127.0.0.1:${port}`)
  nginx = await startNginx({ gateways, legacyUrl: legacy.url })
  staff = signInTo(0)
  seen = []
  const path = `/api/notes/${clinicians[0]?.consultation}`
  const pace = { callers: CALLERS, requestsPerSecond: RATE, connections: CONNECTIONS, hangMs: HANG_MS }
  const options = { url: nginx.httpsUrl, jwtSecret: JWT_SECRET, path, insecure: true, ...pace }
  traffic = startTraffic(options, each => seen.push(each))
})

afterEach(async () => {
  await traffic.stop()
  staff.close()
  await nginx.stop()
  await replicas.stop()
  await legacy.stop()
  await Promise.all([database.stop(), storeServer.stop()])
})

function signInTo(index: number): Staff {
  return signIn(replicas.gateways[index]?.adminUrl ?? '', [replicas.credential])
}

async function ask(index: number, path: string): Promise<unknown> {
  const { adminUrl } = replicas.gateways[index] ?? { adminUrl: '' }
  const headers = { authorization: `Bearer ${replicas.credential}` }
  return (await fetch(`${adminUrl}/api${path}`, { headers })).json()
}

async function rolloutAt(index: number) {
  const [rollout] = Value.Parse(Type.Array(RolloutStatusSchema), await ask(index, '/rollouts'))
  return rollout
}

/** Writes a note to a consultation that nobody else writes to, and gives the status. */
async function writeNote({ token, consultation, transcript }: Clinician, body: string): Promise<number> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const answer = await request(`${nginx.httpsUrl}/api/notes/${consultation}`, {
    method: 'POST',
    dispatcher,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ body, transcriptId: transcript })
  })
  await answer.body.dump()
  await dispatcher.close()
  return answer.statusCode
}

async function notesIn(uri: string, prefix: RegExp): Promise<string[]> {
  const client = await MongoClient.connect(uri)
  const notes = await client.db().collection('notes').find({ body: prefix }).toArray()
  await client.close()
  return notes.map(({ body }) => String(body)).sort()
}

/** The index of the replica that leads, as another one sees it. */
async function leaderSeenBy(index: number): Promise<number> {
  const leads = async () => {
    const list = Value.Parse(ReplicasSchema, await ask(index, '/replicas'))
    const names = list.filter(({ leads: isLeader, silent }) => isLeader && !silent).map(({ name }) => name)
    return names.length === 1 ? Number(names[0]?.slice('gateway-'.length)) - 1 : -1
  }
  let found = -1
  await expect.poll(async () => (found = await leads()), { timeout: 20_000 }).toBeGreaterThanOrEqual(0)
  return found
}

const revisions = async () => Value.Parse(ReplicasSchema, await ask(0, '/replicas')).map(({ revision }) => revision)
const failed = () => seen.filter(({ status }) => status !== 200)
const progressed = async (count: number) => {
  const before = seen.length
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(before + count)
}

test('a rollout over the loss of its leader and a rolling restart: no request fails', {
  timeout: TEST_MS
}, async () => {
  const first = await leaderSeenBy(0)
  const observer = (first + 1) % 3
  await expect.poll(() => new Set(seen.map(({ caller }) => caller)).size, { timeout: 20_000 }).toBe(CALLERS)
  staff.close()
  staff = signInTo(observer)
  await expect.poll(async () => (await rolloutAt(observer))?.group, { timeout: 10_000 }).toBe(ROUTE)
  await staff.act('start', ROUTE, 'on three machines')
  await staff.weightReached(ROUTE, 25, 90_000)

  const before = seen.length
  await replicas.gateways[first]?.kill()
  const lost = () => failed().length
  await staff.weightReached(ROUTE, 50, 90_000)
  // What was in flight on the killed process, at most; a read goes on to another.
  expect(lost()).toBeLessThanOrEqual(3)
  expect(seen.slice(before).some(({ status }) => status === 200)).toBe(true)
  await replicas.restart(first)

  const failures = lost()
  for (const index of [0, 1, 2]) {
    const isOurs = index === observer
    if (isOurs) staff.close()
    await replicas.gateways[index]?.stop()
    await replicas.restart(index)
    if (isOurs) staff = signInTo(observer)
    // Nginx leaves one that it could not reach out for a second.
    await progressed(2 * RATE)
  }
  await expect.poll(async () => (await rolloutAt(observer))?.phase, { timeout: 120_000 }).toBe('completed')
  await progressed(CALLERS)
  await traffic.stop()

  expect(failed().length).toBe(failures)
  expect(sidesByCaller(seen.filter(({ status }) => status === 200))).toEqual(['legacy → native'])
  expect(await staff.weights(ROUTE)).toEqual([10, 25, 50, 75, 100])
  const audit = await Promise.all([0, 1, 2].map(index => ask(index, '/audit/verify')))
  expect(audit).toEqual([audit[0], audit[0], audit[0]])
  expect(audit[0]).toMatchObject({ ok: true })
  const phases = await Promise.all([0, 1, 2].map(async index => (await rolloutAt(index))?.phase))
  expect(phases).toEqual(['completed', 'completed', 'completed'])
  expect(nginx.log().filter(({ lastResort }) => lastResort === 1)).toEqual([])
})

test('both databases are paused for half a minute: requests wait, none fails, no caller changes sides', {
  timeout: TEST_MS
}, async () => {
  await leaderSeenBy(0)
  await staff.act('set', ROUTE, 'half of them', 50)
  await expect.poll(revisions).toEqual([2, 2, 2])
  // What was in flight meanwhile has ended.
  await progressed(CALLERS)
  const from = seen.length
  const servers = [database, storeServer].flatMap(({ pid }) => pid ?? [])
  for (const pid of servers) process.kill(pid, 'SIGSTOP')
  const bodies = clinicians.map((_each, index) => `written in the pause, ${String(index).padStart(2, '0')}`)
  const writes = clinicians.map((each, index) => writeNote(each, bodies[index] ?? ''))
  await pause(AWAY_MS)
  const readiness = await fetch(`${replicas.gateways[1]?.adminUrl}/readyz`).then(answer => answer.json())
  for (const pid of servers) process.kill(pid, 'SIGCONT')
  expect(JSON.stringify(readiness)).toContain('goes on serving')

  expect(await Promise.all(writes)).toEqual(writes.map(() => 201))
  const due = (AWAY_MS / 1_000) * RATE * 0.8
  await expect.poll(() => seen.length - from, { timeout: 30_000 }).toBeGreaterThan(due)
  // From the moment that half of them were moved each is where it was.
  const atHalf = seen.slice(from)
  const native = new Set(atHalf.filter(({ side }) => side === 'native').map(({ caller }) => caller))
  expect(native.size).toBeGreaterThan(CALLERS / 4)
  expect(atHalf.filter(({ caller, side }) => (side === 'native') !== native.has(caller))).toEqual([])
  await expect.poll(async () => ask(2, '/audit/verify'), { timeout: 20_000 }).toMatchObject({ ok: true })
  await leaderSeenBy(2)
  await expect.poll(async () => (await rolloutAt(2))?.weight).toBe(50)
  await staff.act('set', ROUTE, 'all of them', 75)
  await expect.poll(async () => (await rolloutAt(1))?.weight).toBe(75)
  expect(failed()).toEqual([])
  // Each of them once: what was sent is never sent again.
  expect(await notesIn(database.uri, /^written in the pause/)).toEqual(bodies)
})
