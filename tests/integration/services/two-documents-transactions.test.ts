import { type CommandStartedEvent, type Db, MongoClient, ObjectId } from 'mongodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createTransactions,
  type Transaction,
  type TransactionLimits,
  TransactionTimeout
} from '../../../services/platform/transactions.ts'
import { type Command, givenCommandProxy } from '../../support/command-proxy.ts'
import { addNote, givenClinic, start } from './clinic.ts'
import { freshUri } from './support.ts'

const SHORT_MS = 500
const FOR_EVER_MS = 60_000

interface Setting extends TransactionLimits {
  readonly replicaSet?: boolean
  readonly onCommand?: (command: Command) => 'pass' | 'cut' | undefined
}

async function given({ limitMs = FOR_EVER_MS, conflictMs = FOR_EVER_MS, replicaSet = true, onCommand }: Setting = {}) {
  let failure: { readonly command: string; readonly code: number } | undefined
  const uri = await givenCommandProxy({
    uri: await freshUri(),
    replicaSet,
    onCommand(command) {
      if (failure === undefined || failure.command !== command.name) return onCommand?.(command) ?? 'pass'
      const { code } = failure
      failure = undefined
      return { ok: 0, code, errmsg: 'as the test wants it' }
    }
  })
  const client = new MongoClient(uri, { monitorCommands: true })
  onTestFinished(() => client.close())
  const commands: string[] = []
  client.on('commandStarted', ({ commandName }: CommandStartedEvent) => void commands.push(commandName))
  const db = client.db()
  return {
    client,
    db,
    commands,
    failNext: (command: string, code: number) => void (failure = { command, code }),
    transactions: createTransactions(db, { limitMs, conflictMs })
  }
}

function twoWrites(db: Db) {
  return async (transaction: Transaction) => {
    await db.collection('notes').insertOne({ first: true }, transaction)
    await db.collection('consultations').insertOne({ second: true }, transaction)
  }
}

async function countsOf(db: Db): Promise<number[]> {
  return [await db.collection('notes').countDocuments(), await db.collection('consultations').countDocuments()]
}

describe('writes that belong together', () => {
  it('are all there after a commit, and none when one fails', async () => {
    const { db, transactions } = await given()
    await transactions.run(twoWrites(db))
    expect(await countsOf(db)).toEqual([1, 1])
    const failing = transactions.run(async transaction => {
      await twoWrites(db)(transaction)
      throw new Error('after both')
    })
    await expect(failing).rejects.toThrow('after both')
    expect(await countsOf(db)).toEqual([1, 1])
  })

  it('are tried again after a conflict', async () => {
    const { db, transactions } = await given()
    const counters = db.collection<{ _id: string; count: number }>('counters')
    await counters.insertOne({ _id: 'shared', count: 0 })
    await Promise.all(
      Array.from({ length: 8 }, () =>
        transactions.run(async transaction => {
          const { count = 0 } = (await counters.findOne({ _id: 'shared' }, transaction)) ?? {}
          await counters.updateOne({ _id: 'shared' }, { $set: { count: count + 1 } }, transaction)
        })
      )
    )
    expect(await counters.findOne({})).toMatchObject({ count: 8 })
  })

  it('wait for each other where they would conflict, so that none has to start again, whatever became of the others', async () => {
    const { db, commands, transactions } = await given()
    const counters = db.collection<{ _id: string; count: number }>('counters')
    await counters.insertMany(['a', 'b'].map(_id => ({ _id, count: 0 })))
    const refused = new Error('every fifth')
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, nth) => {
        const counter = nth % 2 === 0 ? 'a' : 'b'
        return transactions.run(async transaction => {
          await counters.updateOne({ _id: counter }, { $inc: { count: 1 } }, transaction)
          if (nth % 5 === 0) throw refused
        }, counter)
      })
    )
    expect(results.filter(({ status }) => status === 'rejected')).toEqual(
      Array.from({ length: 8 }, () => ({ status: 'rejected', reason: refused }))
    )
    expect(await counters.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 'a', count: 16 },
      { _id: 'b', count: 16 }
    ])
    expect(commands.filter(name => name === 'update')).toHaveLength(40)
  })

  it.each(['limitMs', 'conflictMs'])('are given up when the conflict lasts longer than %s', async limit => {
    const { client, db, transactions } = await given({ [limit]: SHORT_MS })
    const { insertedId } = await db.collection('notes').insertOne({ text: 'old' })
    await client.withSession(async session => {
      session.startTransaction()
      await db.collection('notes').updateOne({ _id: insertedId }, { $set: { text: 'held' } }, { session })
      let tries = 0
      const late = transactions.run(async transaction => {
        tries++
        await db.collection('notes').updateOne({ _id: insertedId }, { $set: { text: 'late' } }, transaction)
      })
      await expect(late).rejects.toThrow(TransactionTimeout)
      expect(tries).toBeGreaterThan(1)
      await session.abortTransaction()
    })
    expect(await db.collection('notes').findOne({})).toMatchObject({ text: 'old' })
  })

  it('are given up when the commit is never answered', async () => {
    let commits = 0
    const { db, transactions } = await given({
      limitMs: SHORT_MS,
      onCommand({ name }) {
        if (name !== 'commitTransaction') return 'pass'
        commits++
        return 'cut'
      }
    })
    await expect(transactions.run(twoWrites(db))).rejects.toThrow(TransactionTimeout)
    expect(commits).toBeGreaterThan(1)
    expect(await countsOf(db)).toEqual([0, 0])
  })

  it.each([
    ['IllegalOperation', 20],
    ['CommandNotSupported', 115],
    ['OperationNotSupportedInTransaction', 263]
  ])('are made one after the other where a transaction is refused as %s', async (_name, code) => {
    const { db, commands, failNext, transactions } = await given()
    failNext('insert', code)
    await transactions.run(twoWrites(db))
    expect(await countsOf(db)).toEqual([1, 1])
    expect(commands.filter(name => name === 'insert')).toHaveLength(3)
    expect(commands).not.toContain('commitTransaction')
  })

  it('are made one after the other on a server of its own, which is asked once until something fails', async () => {
    const { db, commands, failNext, transactions } = await given({ replicaSet: false })
    const hellos = () => commands.filter(name => name === 'hello').length
    for (let times = 0; times < 3; times++) await transactions.run(twoWrites(db))
    expect(await countsOf(db)).toEqual([3, 3])
    expect(commands).not.toContain('commitTransaction')
    expect(hellos()).toBe(1)

    failNext('insert', 11000)
    await expect(transactions.run(twoWrites(db))).rejects.toThrow('as the test wants it')
    await transactions.run(twoWrites(db))
    expect(hellos()).toBe(2)
  })

  it('are all made when many requests at once are about one consultation', async () => {
    const { call, db, ann } = await givenClinic()
    const started = await start(call, ann)
    const notes = await Promise.all(Array.from({ length: 40 }, () => addNote(call, ann, started)))
    const consultation = await db.collection('consultations').findOne({})
    expect(consultation?.['notes'].map(String).toSorted()).toEqual(notes.toSorted())

    const deletions = await Promise.all(notes.map(note => call('DELETE', `/api/notes/${note}`, { token: ann.token })))
    expect(deletions.map(({ status }) => status)).toEqual(notes.map(() => 200))
    expect(await db.collection('consultations').findOne({})).toMatchObject({ notes: [] })
    expect(await countsOf(db)).toEqual([0, 1])
  })

  it('answer 503 when another’s unfinished transaction holds the document', async () => {
    const { call, db, ann } = await givenClinic()
    const started = await start(call, ann)
    await addNote(call, ann, started)
    await db.client.withSession(async session => {
      session.startTransaction()
      const own = { _id: new ObjectId(started.consultation) }
      await db.collection('consultations').updateOne(own, { $set: { held: true } }, { session })
      const body = { body: 'late', transcriptId: started.transcript }
      const answer = await call('POST', `/api/notes/${started.consultation}`, { token: ann.token, body })
      expect(answer).toMatchObject({ status: 503, text: '{"msg":"Service unavailable"}' })
      await session.abortTransaction()
    })
    expect(await db.collection('notes').countDocuments()).toBe(1)
    await addNote(call, ann, started)
  })
})
