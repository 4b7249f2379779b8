import { setTimeout as delay } from 'node:timers/promises'
import {
  type Db,
  MongoClient,
  MongoClientClosedError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError
} from 'mongodb'
import { TransactionTimeout } from './transactions.ts'

/** Is given a client that tells of every command, before it connects. */
export type CommandWatcher = (client: Pick<MongoClient, 'on'>) => void

/** A connected, or connecting, database. */
export interface Database {
  readonly db: Db
  /** Rejects when the database cannot be reached. */
  ping(): Promise<void>
  close(): Promise<void>
}

const DEFAULT_NAME = 'scribe'

/** All milliseconds. Together they bound how long a request can wait for a database that is away. */
const TIMEOUTS = {
  serverSelectionTimeoutMS: 2000,
  connectTimeoutMS: 2000,
  socketTimeoutMS: 5000,
  waitQueueTimeoutMS: 5000
}

const RECONNECT_MS = 500

/** Server error codes that say "not now": a primary that steps down or a server that shuts down. */
const TRANSIENT_CODES = new Set([91, 189, 10107, 11600, 11602, 13435, 13436])

/**
 * Connects in the background: it returns while the database may still be down, and operations fail until it is there.
 * The database's name is the one given, else the path of the URI, else `scribe`. Throws on a malformed URI.
 *
 * @param watch where it is given, commands are told of, which costs a little with each.
 */
export async function connectDatabase(
  uri: string,
  name = databaseName(uri),
  watch?: CommandWatcher
): Promise<Database> {
  const client = new MongoClient(uri, {
    ...TIMEOUTS,
    appName: 'scribe-gateway',
    ignoreUndefined: true,
    // Who is not watching leaves it to the URI.
    ...(watch === undefined ? {} : { monitorCommands: true })
  })
  watch?.(client)
  const closing = new AbortController()
  const connecting = connectUntilDone(client, closing.signal)
  const db = client.db(name)
  return {
    db,
    async ping() {
      await db.command({ ping: 1 })
    },
    async close() {
      closing.abort()
      await connecting
      await client.close()
    }
  }
}

/** The driver reconnects by itself, but not after a first attempt that failed: it fails at once from then on. */
async function connectUntilDone(client: MongoClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await client.connect()
      return
    } catch {
      await delay(RECONNECT_MS, undefined, { signal, ref: false }).catch(() => {})
    }
  }
}

/** Whether an error means that the database cannot be reached now, as against a defect of ours. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return (
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError ||
    error instanceof TransactionTimeout ||
    // The driver exports no class for a full pool.
    (error instanceof Error && error.name === 'MongoWaitQueueTimeoutError') ||
    (error instanceof MongoServerError && typeof error.code === 'number' && TRANSIENT_CODES.has(error.code))
  )
}

function databaseName(uri: string): string {
  const path = /^[^:]+:\/\/[^/]*\/([^?]*)/.exec(uri)?.[1]
  return path ? decodeURIComponent(path) : DEFAULT_NAME
}
