import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ReplicasSchema, RolloutStatusSchema } from '../../../gateway/admin/schemas.ts'
import { type Clinician, JWT_SECRET, seed } from '../../e2e/load.ts'
import { signIn, type Staff } from '../../e2e/staff.ts'
import { type RunningDatabase, startDatabase } from '../../support/database.ts'
import { DEMO_ROLLOUT } from '../../support/demo-rollout.ts'
import { type RunningLegacy, startLegacy } from '../../support/legacy.ts'
import { type RunningReplicas, startReplicas } from '../../support/replicas.ts'
import { type Seen, startTraffic, type Traffic } from '../../support/traffic.ts'

const TEST_MS = 180_000
const ROUTE = 'notes.list'

let database: RunningDatabase
let legacy: RunningLegacy
let replicas: RunningReplicas
let clinician: Clinician
let traffics: Traffic[]
let seen: Seen[]
let staff: Staff[]

beforeEach(async () => {
  database = await startDatabase()
  const client = await MongoClient.connect(database.uri)
  const [first] = await seed(client.db())
  await client.close()
  if (first === undefined) throw new Error('nobody was seeded')
  clinician = first
  legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret: JWT_SECRET, supervised: true })
  replicas = await startReplicas({
    replicas: 3,
    legacyUrl: legacy.url,
    mongodbUri: database.uri,
    jwtSecret: JWT_SECRET,
    config: {
      defaults: { weight: 0, servedByHeader: true, fallback: false, rollout: DEMO_ROLLOUT },
      routes: [{ id: ROUTE, paths: ['/api/notes/:consultationId'], methods: ['GET'], native: 'notes' }]
    }
  })
  staff = replicas.gateways.map(({ adminUrl }) => signIn(adminUrl, [replicas.credential]))
  seen = []
  traffics = []
})

afterEach(async () => {
  await Promise.all(traffics.map(traffic => traffic.stop()))
  for (const each of staff) each.close()
  await replicas.stop()
  await legacy.stop()
  await database.stop()
})

async function ask(index: number, path: string): Promise<unknown> {
  const { adminUrl } = replicas.gateways[index] ?? { adminUrl: '' }
  const headers = { authorization: `Bearer ${replicas.credential}` }
  return (await fetch(`${adminUrl}/api${path}`, { headers })).json()
}

/** The index of the replica that leads, as that one tells. */
async function leader(of: number): Promise<number> {
  let found = -1
  await expect
    .poll(
      async () => {
        const list = Value.Parse(ReplicasSchema, await ask(of, '/replicas'))
        found = list.filter(({ silent }) => !silent).findIndex(({ leads }) => leads)
        return found
      },
      { timeout: 20_000 }
    )
    .toBeGreaterThanOrEqual(0)
  return found
}

function sendTraffic(index: number): void {
  const { url } = replicas.gateways[index] ?? { url: '' }
  const path = `/api/notes/${clinician.consultation}`
  const options = { url, jwtSecret: JWT_SECRET, path, callers: 60, requestsPerSecond: 20 }
  traffics.push(startTraffic(options, each => seen.push(each)))
}

const rolloutAt = async (index: number) => {
  const [rollout] = Value.Parse(Type.Array(RolloutStatusSchema), await ask(index, '/rollouts'))
  if (rollout === undefined) throw new Error('there is no rollout')
  return rollout
}

test('a rollout goes on when its leader is killed, on what all replicas measured', { timeout: TEST_MS }, async () => {
  const first = await leader(0)
  const [one = 0, two = 0] = [0, 1, 2].filter(index => index !== first)
  sendTraffic(one)
  sendTraffic(two)
  // Given to one that does not lead; it hands the order over.
  await expect.poll(async () => (await rolloutAt(one)).group, { timeout: 10_000 }).toBe(ROUTE)
  await staff[one]?.act('start', ROUTE, 'on three machines')
  await expect.poll(async () => (await rolloutAt(two)).weight, { timeout: 60_000 }).toBe(25)
  await replicas.gateways[first]?.kill()

  await expect.poll(async () => (await rolloutAt(one)).phase, { timeout: 120_000, interval: 500 }).toBe('completed')
  await expect.poll(async () => (await rolloutAt(two)).phase, { timeout: 5_000 }).toBe('completed')
  expect(await staff[one]?.weights(ROUTE)).toEqual([10, 25, 50, 75, 100])
  expect(await ask(two, '/audit/verify')).toMatchObject({ ok: true })
  await Promise.all(traffics.map(traffic => traffic.stop()))
  expect(seen.filter(({ status }) => status !== 200)).toEqual([])
})
