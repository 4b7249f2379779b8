import { MongoClient } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { restore, setWeight } from '../../../gateway/config/edits.ts'
import type { Revision } from '../../../gateway/config/store.ts'
import { ALICE, configText, databaseForTest, freshStore, openReplica, type Replica } from './support.ts'

/** Within which every replica serves a new revision. */
const PROPAGATION_MS = 2_000

const weightOf = ({ config }: Revision) => config.routes[0]?.weight

function change({ store }: Replica, weight: number, expected = store.current.number) {
  return store.change({ expected, edit: setWeight(['notes.list'], weight), actor: ALICE, reason: 'a test' })
}

const served = ({ store }: Replica, number: number) =>
  expect.poll(() => store.current.number, { timeout: PROPAGATION_MS, interval: 20 }).toBe(number)

describe('replicas on one store', () => {
  test('an empty one is seeded once, by whichever comes first', async () => {
    const place = await freshStore()
    const replicas = await Promise.all([10, 20, 30].map(weight => openReplica({ ...place, file: configText(weight) })))
    const [first] = replicas
    expect(new Set(replicas.map(({ store }) => store.current.text)).size).toBe(1)
    expect(replicas.map(({ store }) => store.current.number)).toEqual([1, 1, 1])
    expect(await first?.audit.verify()).toMatchObject({ ok: true, entries: 1 })
    expect(await first?.store.history.list({ limit: 10 })).toMatchObject([{ number: 1, reason: 'the first start' }])
  })

  test('a change serves on all of them within two seconds, and its record says who and why', async () => {
    const place = await freshStore()
    const one = await openReplica({ ...place })
    const two = await openReplica({ ...place, file: configText(99) })
    const heard: number[] = []
    two.store.on('revision', ({ number }) => void heard.push(number))
    expect(await change(one, 25)).toMatchObject({ outcome: 'applied', revision: { number: 2 } })
    await served(two, 2)
    expect(weightOf(two.store.current)).toBe(25)
    expect(heard).toEqual([2])
    expect(await two.store.history.list({ limit: 1 })).toMatchObject([
      { number: 2, actor: ALICE, reason: 'a test', changes: [{ path: '/routes/notes.list/weight', from: 10, to: 25 }] }
    ])
    expect(await two.store.history.list({ limit: 5, before: 2 })).toMatchObject([{ number: 1 }])
    expect(await two.store.history.diff(2, 1)).toEqual([{ path: '/routes/notes.list/weight', from: 25, to: 10 }])
    expect(await two.audit.entries({ limit: 5, route: 'notes.list', actor: 'alice' })).toHaveLength(1)
    expect(await two.audit.entries({ limit: 5, route: 'other' })).toHaveLength(0)
  })

  test('of changes at the same moment one is made, and the others are stale and told what changed', async () => {
    const place = await freshStore()
    const replicas = await Promise.all([1, 2, 3].map(() => openReplica({ ...place })))
    for (let round = 1; round <= 10; round++) {
      const results = await Promise.all(replicas.map((replica, index) => change(replica, round * 5 + index, round)))
      expect(results.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'stale', 'stale'])
      const stale = results.find(result => result.outcome === 'stale')
      expect(stale).toMatchObject({ current: { number: round + 1 }, changes: [{ path: '/routes/notes.list/weight' }] })
      for (const replica of replicas) await served(replica, round + 1)
    }
    expect(await replicas[0]?.audit.verify()).toMatchObject({ ok: true, entries: 11 })
  })

  test('a change by hand in the file counts for nothing any more', async () => {
    const place = await freshStore()
    const one = await openReplica({ ...place })
    await change(one, 50)
    await one.close()
    const again = await openReplica({ ...place, directory: one.directory, file: configText(75) })
    expect(weightOf(again.store.current)).toBe(50)
    expect(again.store.current.number).toBe(2)
  })

  test('a configuration that a replica cannot use leaves it at its last revision, and it says so', async () => {
    const place = await freshStore()
    const newer = await openReplica({ ...place, modules: ['notes', 'fresh'] })
    const older = await openReplica({ ...place })
    const text = configText(10).replace('"native":"notes"', '"native":"fresh"')
    const edit = restore(text)
    const expected = newer.store.current.number
    expect(await newer.store.change({ expected, edit, actor: ALICE, reason: 'a module' })).toMatchObject({
      outcome: 'applied'
    })
    await expect.poll(() => older.store.problems.length, { timeout: PROPAGATION_MS }).toBe(1)
    expect(older.store.current.number).toBe(1)
    expect(older.store.problems[0]?.message).toContain('fresh')
    await change(newer, 20)
    await newer.store.change({ expected: 3, edit: restore(configText(20)), actor: ALICE, reason: 'back' })
    await served(older, 4)
    expect(older.store.problems).toEqual([])
  })
})

describe('a replica that loses the database', () => {
  test('goes on with its last revision, says so, refuses changes, and catches up', { timeout: 60_000 }, async () => {
    const database = await databaseForTest()
    const place = await freshStore(database.uri)
    const one = await openReplica({ ...place })
    await change(one, 25)
    expect(one.store.unrecordable).toBeUndefined()
    await database.kill()
    await expect.poll(() => one.store.unrecordable, { timeout: 10_000 }).toContain('revision 2 goes on serving')
    expect(await change(one, 50)).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('does not answer')
    })
    expect(weightOf(one.store.current)).toBe(25)

    // A start without the database serves what this replica served last.
    await one.close()
    const again = await openReplica({ ...place, directory: one.directory, file: configText(99) })
    expect(again.store.current).toMatchObject({ number: 2 })
    expect(weightOf(again.store.current)).toBe(25)
    expect(again.errors).toEqual(['the routing store does not answer: the last revision serves'])

    await database.restart()
    await expect.poll(() => again.store.unrecordable, { timeout: 20_000 }).toBeUndefined()
    expect(await change(again, 75)).toMatchObject({ outcome: 'applied', revision: { number: 3 } })
    expect(await again.audit.verify()).toMatchObject({ ok: true, entries: 3 })
  })

  test('does not start without one that it never had', { timeout: 30_000 }, async () => {
    const database = await databaseForTest()
    await database.kill()
    await expect(openReplica({ uri: database.uri, name: 'routing_never' })).rejects.toThrow(/.+/)
  })
})

test('what somebody does to the log shows when it is verified', async () => {
  const place = await freshStore()
  const one = await openReplica({ ...place })
  for (const weight of [20, 30, 40]) await change(one, weight)
  expect(await one.audit.verify()).toMatchObject({ ok: true, entries: 4 })
  const client = await MongoClient.connect(place.uri)
  const entries = client.db(place.name).collection<{ _id: number; line: string }>('log')
  const second = await entries.findOne({ _id: 2 })
  await entries.updateOne({ _id: 2 }, { $set: { line: second?.line.replace('alice', 'mallo') ?? '' } })
  expect(await one.audit.verify()).toMatchObject({ ok: false, line: 2 })
  expect(one.audit.problem).toContain('line 2')
  await entries.updateOne({ _id: 2 }, { $set: { line: second?.line ?? '' } })
  await entries.deleteOne({ _id: 3 })
  expect(await one.audit.verify()).toMatchObject({ ok: false, line: 3 })
  await client.close()
})

test('entries that are gone from the end show on a replica that has seen them', async () => {
  const place = await freshStore()
  const one = await openReplica(place)
  for (const weight of [20, 30]) await change(one, weight)
  expect(await one.audit.verify()).toMatchObject({ ok: true, entries: 3 })
  const client = await MongoClient.connect(place.uri)
  await client.db(place.name).collection<{ _id: number }>('log').deleteOne({ _id: 3 })
  await client.close()
  expect(await one.audit.verify()).toEqual({
    ok: false,
    line: 3,
    problem: expect.stringContaining('missing at the end')
  })
})
