import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Command, givenCommandProxy } from '../support/command-proxy.ts'
import { type RunningDatabase, startDatabase } from '../support/database.ts'
import { DEMO_ROLLOUT } from '../support/demo-rollout.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { type Seen, sidesByCaller, startTraffic, type Traffic } from '../support/traffic.ts'
import { type Clinician, JWT_SECRET, seed } from './load.ts'
import { type Staff, signIn } from './staff.ts'

const TEST_MS = 180_000
const ROUTE = 'notes.list'
const CALLERS = 120
/** The breaker takes native's callers to legacy after five failures; those that were in flight fail too. */
const FAILURES_AT_MOST = 15
/** A sudden break takes the weight to 0 within this time. */
const ROLLBACK_MS = 10_000
const FAILURE = { ok: 0, code: 1, codeName: 'InternalError', errmsg: 'injected' }

let database: RunningDatabase
let legacy: RunningLegacy
let gateway: RunningGateway
let clinician: Clinician
let staff: Staff
let traffic: Traffic
let seen: Seen[]
/** Do native's reads of notes fail? */
let isNativeBroken: boolean

const isRead = ({ name, collection }: Command) => name === 'find' && collection === 'notes'

beforeEach(async () => {
  database = await startDatabase()
  const client = await MongoClient.connect(database.uri)
  const [first] = await seed(client.db())
  await client.close()
  if (first === undefined) throw new Error('nobody was seeded')
  clinician = first
  legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret: JWT_SECRET, supervised: true })
  isNativeBroken = false
  // Native has the database behind a proxy that can fail it; the legacy has it directly.
  const uri = await givenCommandProxy({
    uri: database.uri,
    replicaSet: false,
    onCommand: command => (isNativeBroken && isRead(command) ? FAILURE : 'pass')
  })
  gateway = await startGateway({
    legacyUrl: legacy.url,
    mongodbUri: uri,
    jwtSecret: JWT_SECRET,
    config: {
      // Without a fallback callers see every failure.
      defaults: { weight: 0, servedByHeader: true, fallback: false, rollout: DEMO_ROLLOUT },
      routes: [{ id: ROUTE, paths: ['/api/notes/:consultationId'], methods: ['GET'], native: 'notes' }]
    }
  })
  staff = signIn(gateway.adminUrl, gateway.lines())
  seen = []
  const path = `/api/notes/${clinician.consultation}`
  const options = { url: gateway.url, jwtSecret: JWT_SECRET, path, callers: CALLERS, requestsPerSecond: 50 }
  traffic = startTraffic(options, each => seen.push(each))
})

afterEach(async () => {
  await traffic.stop()
  staff.close()
  await gateway.stop()
  await legacy.stop()
  await database.stop()
})

test('goes from 0 to 100 by itself, and no caller notices', { timeout: TEST_MS }, async () => {
  await expect.poll(() => new Set(seen.map(({ caller }) => caller)).size, { timeout: 20_000 }).toBe(CALLERS)
  await staff.act('start', ROUTE, 'the first rollout')
  await staff.event('rollout.completed', TEST_MS)
  const status = await staff.rollout(ROUTE)
  expect(status).toMatchObject({ phase: 'completed', weight: 100, obstacles: [] })
  await traffic.stop()

  expect(await staff.weights(ROUTE)).toEqual([10, 25, 50, 75, 100])
  expect(seen.filter(({ status: answered }) => answered !== 200)).toEqual([])
  // Each caller moved once and stayed: sides change in one direction.
  expect(sidesByCaller(seen)).toEqual(['legacy → native'])
})

test('goes back by itself when native breaks at 50 %', { timeout: TEST_MS }, async () => {
  await staff.act('start', ROUTE, 'one that goes wrong')
  await staff.weightReached(ROUTE, 50, TEST_MS)
  isNativeBroken = true
  const brokenAt = performance.now()
  await staff.event('rollout.rolled-back', ROLLBACK_MS + 5_000)
  const rolledBackAt = performance.now()
  expect(await staff.rollout(ROUTE)).toMatchObject({ phase: 'rolled-back', weight: 0 })

  const failed = seen.filter(({ status }) => status !== 200)
  expect(failed.length).toBeGreaterThan(0)
  expect(failed.length).toBeLessThanOrEqual(FAILURES_AT_MOST)
  const firstFailureAt = Math.min(...failed.map(({ endedAt }) => endedAt))
  expect(firstFailureAt).toBeGreaterThan(brokenAt)
  expect(rolledBackAt - firstFailureAt).toBeLessThan(ROLLBACK_MS)
  expect(await staff.weights(ROUTE)).toEqual([10, 25, 50, 0])
  expect(staff.heard()).toContain('breaker.open')

  // From then on everybody is served, by legacy.
  const before = seen.length
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(before + 50)
  expect(seen.slice(before + 10).filter(({ status, side }) => status !== 200 || side !== 'legacy')).toEqual([])
  const [entry] = await staff.audit()
  expect(entry).toMatchObject({ actor: { kind: 'controller' }, action: 'config.change', routes: [ROUTE] })
  expect(JSON.stringify(entry)).toContain('error')
})
