import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { access, constants, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Db, MongoClient } from 'mongodb'
import { freePort, type RunningProcess, startProcess } from './process.ts'
import { type Command, secantusdb } from './secantusdb.ts'

const READY = /Waiting for connections|secantus listening on/
const HOST = '127.0.0.1'
/**
 * Direct, because the driver forgets a one-member replica set that goes away and comes back; journalled, so that an
 * acknowledged write survives `kill`.
 */
const OPTIONS = 'directConnection=true&journal=true'

export interface RunningDatabase {
  /** With the name of a database in its path. */
  readonly uri: string
  readonly kind: 'external' | 'mongod' | 'secantusdb'
  /** Of the server, when it is ours; another one after `restart`. */
  readonly pid: number | undefined
  /** Where its data is; empty when it is not ours. */
  readonly storage: string
  /** Ends the server and removes its data; of an external one, drops the database. */
  stop(): Promise<void>
  /** Ends the server with SIGKILL and keeps its data. Rejects for an external one. */
  kill(): Promise<void>
  /** Ends the server orderly and keeps its data. Rejects for an external one. */
  pause(): Promise<void>
  /** Starts the server again, on the same port and data; ends it before if it runs. Rejects for an external one. */
  restart(): Promise<void>
}

/**
 * A database for demo, tests and benchmarks: the server that `MONGODB_URI` names, else a `mongod` on the PATH, else
 * SecantusDB. The first is used as it is, in a database of a fresh name; the others are started on a free port.
 */
export async function startDatabase(): Promise<RunningDatabase> {
  const uri = process.env.MONGODB_URI
  if (uri) return externalDatabase(withFreshName(uri))
  const mongod = await onPath('mongod')
  return mongod === undefined
    ? ownDatabase('secantusdb', await secantusdb())
    : ownDatabase('mongod', { command: mongod, args: [] })
}

/** The same server with another database's name. Credentials are still looked up where they were. */
export function withDatabaseName(uri: string, name: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/)([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri)
  if (parts === null) throw new Error('MONGODB_URI is wrong: expected mongodb://… or mongodb+srv://…')
  const [, scheme = '', hosts = '', oldName = '', query = ''] = parts
  const options = new URLSearchParams(query)
  if (hosts.includes('@') && !options.has('authSource')) options.set('authSource', oldName || 'admin')
  return `${scheme}${hosts}/${name}${options.size > 0 ? `?${options.toString()}` : ''}`
}

export function withFreshName(uri: string): string {
  return withDatabaseName(uri, `scribe_${randomBytes(6).toString('hex')}`)
}

/** The contract's collections. */
const COLLECTIONS = ['users', 'consultations', 'transcripts', 'notes', 'prompts', 'blacktokens']

/**
 * Makes the contract's collections, which the product's database has had for years. SecantusDB locks up for good when
 * two connections make one collection at the same moment, as two backends do that start on an empty database.
 */
export async function createCollections(db: Db): Promise<void> {
  for (const name of COLLECTIONS) await db.createCollection(name)
}

/** Drops the database that the URI names. */
export function dropDatabase(uri: string): Promise<void> {
  return withDatabase(uri, async db => void (await db.dropDatabase()))
}

async function withDatabase(uri: string, act: (db: Db) => Promise<void>): Promise<void> {
  const client = new MongoClient(uri)
  try {
    await act(client.db())
  } finally {
    await client.close()
  }
}

async function externalDatabase(uri: string): Promise<RunningDatabase> {
  await withDatabase(uri, createCollections)
  return {
    uri,
    kind: 'external',
    pid: undefined,
    storage: '',
    stop: () => dropDatabase(uri),
    kill: refuse,
    pause: refuse,
    restart: refuse
  }
}

async function refuse(): Promise<never> {
  throw new Error('the database of MONGODB_URI is not ours to stop or start; run this without MONGODB_URI')
}

async function ownDatabase(kind: 'mongod' | 'secantusdb', { command, args }: Command): Promise<RunningDatabase> {
  const port = await freePort()
  const storage = await mkdtemp(join(tmpdir(), 'scribe-database-'))
  const listen =
    kind === 'mongod'
      ? ['--bind_ip', HOST, '--port', String(port), '--dbpath', storage]
      : ['--host', HOST, '--port', String(port), '--storage-path', storage, '--sync-on-commit']

  const start = async (): Promise<RunningProcess> => {
    const server = await startProcess({ name: kind, command, args: [...args, ...listen] })
    await server.waitForLine(line => READY.test(line) || undefined)
    return server
  }

  const removeData = () => rmSync(storage, { recursive: true, force: true })
  let server = await start()
  process.once('exit', removeData)
  const uri = `mongodb://${HOST}:${port}/scribe?${OPTIONS}`
  await withDatabase(uri, createCollections)
  return {
    uri,
    kind,
    get pid() {
      return server.pid
    },
    storage,
    async stop() {
      await server.stop()
      removeData()
      process.removeListener('exit', removeData)
    },
    async kill() {
      await server.kill()
    },
    async pause() {
      await server.stop()
    },
    async restart() {
      await server.stop()
      server = await start()
    }
  }
}

async function onPath(command: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, command)
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false
    )
    if (executable) return file
  }
  return undefined
}
