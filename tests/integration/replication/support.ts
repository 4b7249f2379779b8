import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { inject, onTestFinished } from 'vitest'
import type { ConfigStore } from '../../../gateway/config/store.ts'
import { CONFIG } from '../../../gateway/replication/log-history.ts'
import { Follower } from '../../../gateway/replication/follower.ts'
import { LogAudit } from '../../../gateway/replication/log-audit.ts'
import { MongoLog } from '../../../gateway/replication/mongo-log.ts'
import { openSharedStore } from '../../../gateway/replication/shared-store.ts'
import { SharedLog } from '../../../gateway/replication/shared-log.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { durableFiles } from '../../../gateway/storage/files.ts'
import { connectDatabase } from '../../../services/index.ts'
import { type RunningDatabase, startDatabase } from '../../support/database.ts'
import '../../support/global-setup.ts'

export const ROUTE = { id: 'notes.list', paths: ['/api/notes/:id'], methods: ['GET'], native: 'notes', weight: 10 }
export const ALICE = { kind: 'operator', name: 'alice' } as const

export const configText = (weight: number) =>
  JSON.stringify({ version: 1, targets: { legacy: { url: 'http://127.0.0.1:1' } }, routes: [{ ...ROUTE, weight }] })

export interface Replica {
  readonly store: ConfigStore
  readonly audit: LogAudit
  readonly log: MongoLog
  readonly directory: string
  /** What was logged as an error. */
  readonly errors: string[]
  close(): Promise<void>
}

/** A database server of the test's own, which it may stop. */
export async function databaseForTest(): Promise<RunningDatabase> {
  const database = await startDatabase()
  onTestFinished(() => database.stop())
  return database
}

/** An empty routing store: its server, and the name of its database. By default on the server of this test run. */
export async function freshStore(
  uri = inject('databaseUri')
): Promise<{ readonly uri: string; readonly name: string }> {
  const name = `routing_${randomBytes(4).toString('hex')}`
  const client = await MongoClient.connect(uri)
  // SecantusDB locks up when two connections make one collection at once.
  for (const collection of ['log', 'beats', 'rollouts', 'batches']) await client.db(name).createCollection(collection)
  await client.close()
  return { uri, name }
}

export interface ReplicaOptions {
  readonly uri: string
  readonly name: string
  /** Of an earlier replica, to go on where it ended. */
  readonly directory?: string
  /** What its routing.config.json holds. */
  readonly file?: string
  readonly modules?: readonly string[]
}

/** The store as one replica has it. */
export async function openReplica(options: ReplicaOptions): Promise<Replica> {
  const { uri, name, directory = await freshDirectory(), file = configText(10), modules = ['notes'] } = options
  await writeFile(join(directory, 'routing.config.json'), file)
  const database = await connectDatabase(uri, { name })
  const log = new MongoLog(database.db)
  const shared = new SharedLog({ storage: log, now: Date.now, uniqueId: randomUUID })
  const follower = new Follower({ log, documents: [CONFIG] })
  const errors: string[] = []
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await follower.close()
    await database.close()
  }
  onTestFinished(close)
  const store = await openSharedStore({
    file: join(directory, 'routing.config.json'),
    directory,
    files: durableFiles,
    log,
    shared,
    follower,
    nativeModules: new Set(modules),
    compile: config => compileRoutingTable(config, []),
    logger: { info: () => {}, error: (_bindings, message) => void errors.push(message) }
  })
  follower.start()
  return { store, audit: new LogAudit(log, shared), log, directory, errors, close }
}

/** Goes with the test. */
export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-replica-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
