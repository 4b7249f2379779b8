import { AsyncLocalStorage } from 'node:async_hooks'
import { on } from 'node:events'
import type { CommandStartedEvent } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { connectDatabase } from '../../../services/index.ts'
import { batchLoader } from '../../../services/platform/batch-loader.ts'
import { freshUri, givenConsultation, givenUser, startNative } from './support.ts'
import { givenWire } from './wire.ts'

/** By default nothing is remembered of revoked tokens, so that every request asks. */
async function givenMonitored({ revocationStalenessMs = 0 } = {}) {
  const wire = await givenWire(await freshUri())
  const database = await connectDatabase(`${wire.uri}&monitorCommands=true`)
  const native = await startNative({ database, revocationStalenessMs })
  const commands: string[] = []
  database.db.client.on('commandStarted', ({ commandName, command }: CommandStartedEvent) => {
    commands.push(`${commandName} ${String(command[commandName])}`)
  })
  return { ...native, wire, commands }
}

describe('shared round trips', () => {
  it('costs many listings at once a handful of commands', async () => {
    const { app, call, db, commands, wire } = await givenMonitored()
    const people = await Promise.all(Array.from({ length: 10 }, () => givenUser(db)))
    const listings = await Promise.all(
      people.map(async ({ id, token }) => ({ token, id: await givenConsultation(db, id) }))
    )
    for (const { token, id } of listings) {
      await call('POST', `/api/notes/${id}`, { token, body: { body: `note of ${id}`, transcriptId: id } })
    }
    commands.length = 0

    const requests = Array.from({ length: 15 }, () => listings).flat()
    wire.hold()
    const arrivals = on(app.server, 'request')
    const answers = requests.map(({ token, id }) => call('GET', `/api/notes/${id}`, { token }))
    for (let arrived = 0; arrived < requests.length; arrived++) await arrivals.next()
    wire.release()

    for (const [index, { body }] of (await Promise.all(answers)).entries()) {
      expect(body).toMatchObject({ count: 1, notes: [{ body: `note of ${requests[index]?.id}` }] })
    }
    const finds = ['find blacktokens', 'find consultations', 'find notes', 'find users']
    for (const find of finds) {
      const count = commands.filter(command => command === find).length
      expect(count).toBeGreaterThan(0)
      expect(count).toBeLessThanOrEqual(10)
    }
    expect(commands.filter(command => !finds.includes(command))).toEqual([])
  })

  it('costs a lone listing one command of each kind', async () => {
    const { call, db, commands } = await givenMonitored()
    const { id, token } = await givenUser(db)
    const path = `/api/notes/${await givenConsultation(db, id)}`
    await call('POST', path, { token, body: { body: 'x', transcriptId: id } })
    commands.length = 0
    await call('GET', path, { token })
    const wanted = ['find blacktokens', 'find consultations', 'find notes', 'find users']
    expect(commands.toSorted()).toEqual(wanted)
  })

  it('asks once within the staleness whether a token is revoked', async () => {
    const { call, db, commands } = await givenMonitored({ revocationStalenessMs: 60_000 })
    const { token } = await givenUser(db)
    commands.length = 0
    for (let request = 0; request < 10; request++) await call('GET', '/users/profile', { token })
    expect(commands.filter(command => command === 'find blacktokens')).toHaveLength(1)
    expect(commands.filter(command => command === 'find users')).toHaveLength(10)
  })
})

describe('batchLoader', () => {
  it('gathers while a batch is out, asks for distinct keys, and never answers from before the question', async () => {
    const batches: { keys: readonly string[]; answer: (value: number) => void }[] = []
    const sent = { next: Promise.withResolvers<void>() }
    const load = batchLoader<string, number>(keys => {
      const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, number>>()
      batches.push({ keys, answer: value => resolve(new Map(keys.map(key => [key, value]))) })
      sent.next.resolve()
      sent.next = Promise.withResolvers()
      return promise
    })
    const first = sent.next.promise
    const early = load('a')
    await first
    const late = [load('a'), load('b'), load('a')]
    const second = sent.next.promise
    batches[0]?.answer(1)
    expect(await early).toBe(1)
    await second
    batches[1]?.answer(2)
    expect(await Promise.all(late)).toEqual([2, 2, 2])
    expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['a', 'b']])
  })

  it('sends the next batch when one takes too long, and after one that failed', async () => {
    let calls = 0
    const never = new Promise<never>(() => {})
    const stuck = Promise.withResolvers<void>()
    const load = batchLoader<string, string>(async keys => {
      calls++
      if (keys.includes('stuck')) {
        stuck.resolve()
        return never
      }
      if (keys.includes('broken')) throw new Error('broken')
      return new Map(keys.map(key => [key, key]))
    })
    void load('stuck')
    await stuck.promise
    await expect(load('broken')).rejects.toThrow('broken')
    expect(await load('x')).toBe('x')
    expect(calls).toBe(3)
  })

  it('loads a batch in the context of who asked first, not of the batch before', async () => {
    const who = new AsyncLocalStorage<string>()
    const askers: unknown[] = []
    const arrived = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const load = batchLoader<string, string>(async keys => {
      askers.push(who.getStore())
      arrived.resolve()
      await held.promise
      return new Map(keys.map(key => [key, key]))
    })
    const first = who.run('first', () => load('a'))
    await arrived.promise
    const later = [who.run('second', () => load('b')), who.run('third', () => load('c'))]
    held.resolve()
    await Promise.all([first, ...later])
    expect(askers).toEqual(['first', 'second'])
  })

  it('splits more than 200 keys', async () => {
    const sizes: number[] = []
    const load = batchLoader<number, number>(async keys => {
      sizes.push(keys.length)
      return new Map(keys.map(key => [key, key * 2]))
    })
    const keys = Array.from({ length: 450 }, (_, index) => index)
    expect(await Promise.all(keys.map(load))).toEqual(keys.map(key => key * 2))
    expect(sizes).toEqual([200, 200, 50])
  })
})
