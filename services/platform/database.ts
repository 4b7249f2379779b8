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
import { PATIENCE_MS } from './patience.ts'
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

/** How long a server that is known to be away is waited for, in milliseconds. */
const SELECTION_MS = 2_000
/** The same of a replica set, which takes some 12 s to elect another primary, with MongoDB's own settings. */
const ELECTION_MS = 15_000
const PING_MS = 2_000

const RECONNECT_MS = 500

/** Server error codes that say "not now": a primary that steps down or a server that shuts down. */
const TRANSIENT_CODES = new Set([91, 189, 10107, 11600, 11602, 13435, 13436])

export interface DatabaseOptions {
  /** Of the database. Default: the path of the URI, else `scribe`. */
  readonly name?: string
  /** Where it is given, commands are told of, which costs a little with each. */
  readonly watch?: CommandWatcher | undefined
  /** How long a server is waited for that does not answer, in milliseconds, where the URI does not say. Default: 45,000. */
  readonly patienceMs?: number
}

/**
 * Connects in the background: it returns while the database may still be down, and operations fail until it is there.
 * Throws on a malformed URI.
 */
export async function connectDatabase(uri: string, options: DatabaseOptions = {}): Promise<Database> {
  const { name = databaseName(uri), watch, patienceMs = PATIENCE_MS } = options
  const { options: given } = new MongoClient(uri)
  const client = new MongoClient(uri, {
    serverSelectionTimeoutMS: hasElections(given) ? ELECTION_MS : SELECTION_MS,
    connectTimeoutMS: patienceMs,
    // 0 when the URI says nothing.
    socketTimeoutMS: given.socketTimeoutMS || patienceMs,
    waitQueueTimeoutMS: given.waitQueueTimeoutMS || patienceMs,
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
      await db.command({ ping: 1 }, { timeoutMS: PING_MS })
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

/** Are there other members that may become primary? */
function hasElections({ directConnection, replicaSet, srvHost, hosts }: MongoClient['options']): boolean {
  return !directConnection && (replicaSet !== undefined || srvHost !== undefined || hosts.length > 1)
}

function databaseName(uri: string): string {
  const path = /^[^:]+:\/\/[^/]*\/([^?]*)/.exec(uri)?.[1]
  return path ? decodeURIComponent(path) : DEFAULT_NAME
}
