import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningDatabase, startDatabase } from '../support/database.ts'
import { type GatewayOptions, type RunningGateway, startGateway } from '../support/gateway.ts'
import { type RunningLegacy, startLegacy } from '../support/legacy.ts'
import { type Clinician, executionFaults, JWT_SECRET, type Load, type Outcome, seed, startLoad, tally } from './load.ts'

/** From the moment that the part that was away is there again, every request is answered well after this time at the latest. */
const RECOVERY_MS = { legacy: 1_000, database: 5_000, gateway: 1_000 }
/** Some seconds of the load. */
const A_WHILE = 60
const TEST_MS = 60_000

const CONFIG = {
  defaults: { weight: 50, servedByHeader: true, timeouts: { responseMs: 3_000, idleMs: 10_000 } },
  routes: ['GET', 'POST'].map(method => ({
    id: `notes.${method.toLowerCase()}`,
    paths: ['/api/notes/:consultationId'],
    methods: [method],
    group: 'notes',
    native: 'notes'
  }))
}

let database: RunningDatabase
let client: MongoClient
let legacy: RunningLegacy
let gateway: RunningGateway
let clinicians: Clinician[]
let load: Load

const gatewayOptions = (): GatewayOptions => ({
  legacyUrl: legacy.url,
  mongodbUri: database.uri,
  jwtSecret: JWT_SECRET,
  config: CONFIG,
  env: { SHUTDOWN_DELAY_MS: '500' }
})

beforeEach(async () => {
  database = await startDatabase()
  client = await MongoClient.connect(database.uri)
  clinicians = await seed(client.db())
  legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret: JWT_SECRET, supervised: true })
  gateway = await startGateway(gatewayOptions())
  load = startLoad(gateway.url, clinicians)
  await load.next(A_WHILE)
})

afterEach(async () => {
  await load.stop()
  await gateway.stop()
  await legacy.stop()
  await client.close()
  await database.stop()
})

const isGood = ({ status }: Outcome) => status === 200 || status === 201
const of = (kind: Outcome['kind']) => load.outcomes.filter(outcome => outcome.kind === kind)

const SIDES = ['native', 'legacy'] as const
const METHODS = ['GET', 'POST'] as const
/** Of each method on each side, at the least. Of 16 random clinicians a side may have few. */
const LEAST = 11

/** Waits until both sides have been at work. */
async function enough(): Promise<void> {
  for (const side of SIDES) {
    for (const method of METHODS) {
      const counts = (each: Outcome) => isGood(each) && each.side === side && each.method === method
      const missing = LEAST - load.outcomes.filter(counts).length
      if (missing > 0) await load.next(missing, counts)
    }
  }
}

/** Ends the load and holds what is true of every fault: both sides were at work, and each request had its own answer, once. */
async function judge(): Promise<void> {
  await enough()
  await load.stop()
  console.info(expect.getState().currentTestName, tally(load.outcomes))
  const { outcomes } = load
  expect(of('lost')).toEqual([])
  expect(of('answered').filter(({ wrong }) => wrong !== '')).toEqual([])
  expect(await executionFaults(client.db(), outcomes)).toEqual([])
}

/** How long after `since` the last request began that was not answered well. */
function recoveryAfter(since: number): number {
  const last = load.outcomes.findLast(outcome => !isGood(outcome) && outcome.startedAt > since)
  return last === undefined ? 0 : last.startedAt - since
}

test('legacy killed and started again under load', { timeout: TEST_MS }, async () => {
  const killedAt = performance.now()
  await legacy.kill()
  await legacy.listening(2)
  const backAt = performance.now()
  await load.next(A_WHILE, isGood)

  await judge()
  expect(of('refused')).toEqual([])
  const failed = load.outcomes.filter(outcome => !isGood(outcome))
  // It was felt, by the callers of legacy alone.
  expect(failed.length).toBeGreaterThan(0)
  expect(failed.filter(({ status, side }) => status !== 502 || side !== 'legacy')).toEqual([])
  expect(failed.filter(({ startedAt }) => startedAt < killedAt - 1_000)).toEqual([])
  expect(recoveryAfter(backAt)).toBeLessThan(RECOVERY_MS.legacy)
})

test('the database stopped and started under load', { timeout: TEST_MS }, async () => {
  await database.pause()
  await load.next(A_WHILE, outcome => !isGood(outcome))
  await database.restart()
  const backAt = performance.now()
  await load.next(A_WHILE, isGood)
  await load.next(A_WHILE)

  await judge()
  expect(of('refused')).toEqual([])
  const statuses = new Set(load.outcomes.filter(outcome => !isGood(outcome)).map(({ status }) => status))
  for (const status of statuses) expect([500, 503, 504]).toContain(status)
  expect(recoveryAfter(backAt)).toBeLessThan(RECOVERY_MS.database)
})

test('the gateway stopped by SIGTERM under load, and another started in its place', { timeout: TEST_MS }, async () => {
  process.kill(gateway.pid, 'SIGTERM')
  expect(await gateway.exited).toEqual({ code: 0, signal: null })
  await load.next(A_WHILE / 4)
  await gateway.stop()
  const options = gatewayOptions()
  gateway = await startGateway({ ...options, env: { ...options.env, PORT: new URL(gateway.url).port } })
  const backAt = performance.now()
  await load.next(A_WHILE, isGood)

  await judge()
  // While there was no gateway nobody could be answered, but whoever was accepted was answered well.
  expect(of('refused').length).toBeGreaterThan(0)
  expect(of('answered').filter(outcome => !isGood(outcome))).toEqual([])
  expect(recoveryAfter(backAt)).toBeLessThan(RECOVERY_MS.gateway)
})
