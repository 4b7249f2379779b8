import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../gateway/clock.ts'
import { parseRoutingConfig } from '../../../gateway/config/parse.ts'
import { Batches, type Cursors } from '../../../gateway/replication/batches.ts'
import { MongoRecords } from '../../../gateway/replication/mongo-records.ts'
import { Outbox } from '../../../gateway/replication/outbox.ts'
import { UsageOutbox } from '../../../gateway/replication/usage-outbox.ts'
import { createCallers } from '../../../gateway/rollout/callers.ts'
import { addSummaries, createEvidence, emptySummary, type Summary } from '../../../gateway/rollout/evidence.ts'
import { BUCKETS } from '../../../gateway/routing/bucket.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { durableFiles } from '../../../gateway/storage/files.ts'
import { openUsage } from '../../../gateway/telemetry/usage.ts'
import { seeded } from '../../unit/replication/network.ts'
import { configText, freshDirectory, freshStore } from './support.ts'

const ROUTE = 'notes.list'
const OUTCOMES = ['answered', 'refused', 'server-error', 'network-error', 'timeout'] as const

/** One replica's part in the evidence. */
async function replicaOn(client: MongoClient, database: string, name: string, directory?: string) {
  const { config } = parseRoutingConfig(configText(10), new Set(['notes']))
  if (config === undefined) throw new Error('the configuration is refused')
  const heard: string[] = []
  const usage = await openUsage({
    clock: systemClock,
    directory: directory ?? (await freshDirectory()),
    files: durableFiles,
    logger: { error() {} },
    current: () => ({ config })
  })
  usage.keep({ table: compileRoutingTable(config, []) })
  onTestFinished(() => usage.close())
  const evidence = createEvidence()
  const callers = createCallers()
  const outbox = new Outbox()
  const batches = new Batches({
    db: client.db(database),
    replica: `${name}/${randomUUID()}`,
    outbox,
    evidence,
    callers,
    usage,
    now: () => systemClock.now(),
    onEvent: (event, replica) => void heard.push(`${replica}: ${event.message}`)
  })
  return { evidence, callers, outbox, batches, heard, usage }
}

async function connected() {
  const place = await freshStore()
  const client = await MongoClient.connect(place.uri)
  onTestFinished(() => client.close())
  return { client, database: place.name }
}

test('what all replicas measured adds up exactly, each batch once, whoever leads', { timeout: 60_000 }, async () => {
  const { client, database } = await connected()
  const random = seeded(7)
  const replicas = await Promise.all(['a', 'b', 'c'].map(name => replicaOn(client, database, name)))
  await replicas[0]?.batches.prepare()
  const all = createEvidence()
  let counted = emptySummary()
  let saved: { summary: Summary; cursors: Cursors } = { summary: counted, cursors: {} }
  let leader = 0
  await replicas[0]?.batches.lead({})

  for (let round = 0; round < 60; round++) {
    for (const { outbox } of replicas) {
      for (let request = Math.floor(random() * 20); request > 0; request--) {
        const outcome = OUTCOMES[Math.floor(random() * OUTCOMES.length)] ?? 'answered'
        const sample = [Date.now(), ROUTE, 'native', outcome, random() * 400, random() < 0.1] as const
        outbox.record(...sample)
        all.record(...sample)
      }
    }
    for (const { batches } of replicas) if (random() < 0.7) await batches.send()
    for (const [index, { batches }] of replicas.entries()) {
      if (index !== leader && random() < 0.5) await batches.receive()
    }
    // As a leader's tick: collect, measure, and now and then keep.
    const leading = replicas[leader]
    await leading?.batches.receive()
    counted = addSummaries(counted, leading?.evidence.drain(ROUTE, 'native') ?? emptySummary())
    if (random() < 0.4) saved = { summary: counted, cursors: leading?.batches.cursors ?? {} }
    if (random() < 0.2) {
      // It dies; what it counted and did not keep is lost with it, and counted again by the next.
      leading?.batches.follow()
      leader = Math.floor(random() * replicas.length)
      counted = saved.summary
      await replicas[leader]?.batches.lead(saved.cursors)
    }
  }
  for (const { batches } of replicas) await batches.send()
  await replicas[leader]?.batches.receive()
  counted = addSummaries(counted, replicas[leader]?.evidence.drain(ROUTE, 'native') ?? emptySummary())
  expect(counted).toEqual(all.drain(ROUTE, 'native'))
  expect(counted.requests).toBeGreaterThan(1_000)
  for (const { batches, evidence } of replicas) {
    await batches.receive()
    expect(evidence.sum(ROUTE, 'native', 0, Infinity)).toEqual(all.sum(ROUTE, 'native', 0, Infinity))
  }
})

test('a batch whose answer was lost counts once', async () => {
  const { client, database } = await connected()
  const one = await replicaOn(client, database, 'one')
  one.outbox.record(Date.now(), ROUTE, 'native', 'answered', 5)
  const sent = one.batches.send()
  await Promise.all([sent, one.batches.send()])
  await one.batches.send()
  await one.batches.receive()
  await one.batches.receive()
  expect(one.evidence.sum(ROUTE, 'native', 0, Infinity).requests).toBe(1)
})

test('callers of all replicas come together, each once', async () => {
  const { client, database } = await connected()
  const [one, two] = [await replicaOn(client, database, 'one'), await replicaOn(client, database, 'two')]
  for (const bucket of [1, 2, 2, 3]) one.outbox.see('notes', 4, 'native', bucket)
  for (const bucket of [3, 4]) two.outbox.see('notes', 4, 'native', bucket)
  two.outbox.see('notes', 3, 'legacy', 9)
  for (const { batches } of [one, two]) await batches.send()
  one.callers.reset('notes', 4)
  await one.batches.receive()
  expect(one.callers.count('notes')).toEqual({ native: 4, legacy: 0 })
  await two.batches.receive()
  expect(two.callers.count('notes')).toEqual({ native: 4, legacy: 1 })
  one.outbox.see('notes', 4, 'native', 2)
  await one.batches.send()
  expect(await client.db(database).collection('batches').countDocuments()).toBe(2)
})

test('what routes are asked for is counted by all, also by one that comes later', async () => {
  const { client, database } = await connected()
  const directory = await freshDirectory()
  const [one, two] = [await replicaOn(client, database, 'one'), await replicaOn(client, database, 'two', directory)]
  const now = systemClock.now()
  const ended = { routeId: ROUTE, reason: 'weight', requests: 1 } as const
  for (const side of ['native', 'native', 'legacy'] as const) one.outbox.usage.count(now, { ...ended, side })
  two.outbox.usage.count(now, { ...ended, side: 'legacy' })
  for (const bucket of [1, 2, 2, 3]) one.outbox.usage.see(now, ROUTE, bucket)
  for (const bucket of [3, 4]) two.outbox.usage.see(now, ROUTE, bucket)
  for (const { batches } of [one, two]) await batches.send()
  for (const { batches } of [one, two]) await batches.receive()
  await two.usage.close()
  const later = await replicaOn(client, database, 'two', directory)
  await later.batches.receive()

  for (const { usage } of [one, two, later]) {
    const then = systemClock.now()
    expect(usage.traffic.sum(ROUTE, 60_000, then)).toEqual({ native: 2, legacy: 2, reasons: { weight: 4 } })
    expect(usage.hourCallers.seen(ROUTE, then)).toEqual([1, 2, 3, 4])
    expect(usage.routeRequests.of(ROUTE, then)).toMatchObject({ requests: 4, lastAt: expect.any(Number) })
    // Kept over a restart, so what was sent before it must not be counted again.
    expect(usage.progress.read(0, then + 1).points).toMatchObject([{ native: 2, legacy: 2 }])
  }
  // Seen again within minutes, which says nothing new.
  one.outbox.usage.see(now, ROUTE, 2)
  one.outbox.usage.count(now, { ...ended, side: 'native' })
  expect(one.outbox.take().used).toEqual({ ended: [{ ...ended, side: 'native' }], seen: [] })
})

test('of more callers than a batch has room for, the rest is told when they ask again', () => {
  const outbox = new UsageOutbox()
  const ended = { routeId: 'r0', side: 'native', reason: 'weight', requests: 1 } as const
  const ask = () => {
    for (let route = 0; route < 11; route++) {
      for (let bucket = 0; bucket < BUCKETS; bucket++) outbox.see(0, `r${route}`, bucket)
    }
    outbox.count(0, ended)
    return outbox.take()?.seen.map(({ routeId, buckets }) => [routeId, buckets.length])
  }
  expect(ask()).toEqual(Array.from({ length: 10 }, (_each, route) => [`r${route}`, BUCKETS]))
  expect(ask()).toEqual([['r10', BUCKETS]])
  expect(ask()).toEqual([])
})

test('what happened on one replica is told on the others, once', async () => {
  const { client, database } = await connected()
  const [one, two] = [await replicaOn(client, database, 'one'), await replicaOn(client, database, 'two')]
  one.outbox.tell({ type: 'breaker.open', severity: 'error', message: 'the breaker opened', routes: [ROUTE] })
  await one.batches.send()
  for (const { batches } of [one, two, two]) await batches.receive()
  expect(one.heard).toEqual([])
  expect(two.heard).toEqual(['one: the breaker opened'])
})

test('a leader that was replaced keeps nothing any more', async () => {
  const { client, database } = await connected()
  const records = (lease: number) =>
    new MongoRecords({ db: client.db(database), lease, cursors: () => ({ a: lease }), logger: { error: () => {} } })
  const [first, second] = [records(1), records(2)]
  expect(await first.load()).toEqual(new Map())
  await first.save(new Map())
  await second.load()
  expect(second.counted).toEqual({ a: 1 })
  await expect(first.save(new Map())).rejects.toThrow('another replica leads')
  await expect(first.publish([])).rejects.toThrow('another replica leads')
  await expect(first.load()).rejects.toThrow('another replica leads')
  await second.save(new Map())
})
