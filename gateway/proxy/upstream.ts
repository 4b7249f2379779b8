import { buildConnector, type Client, Pool } from 'undici'
import { Connection, ConnectionClient } from './connection.ts'

/** Idle upstream connections are closed by us before the upstream (Node: 5 s) closes them under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 4_000
const KEEP_ALIVE_MAX_TIMEOUT_MS = 60_000
/** Requests that the legacy never answers hold a connection until the route's timeout, so the cap is generous. */
const MAX_CONNECTIONS = 1_024
const TCP_KEEP_ALIVE_INITIAL_DELAY_MS = 60_000
const PING_TIMEOUT_MS = 1_000

export interface UpstreamOptions {
  readonly name: string
  /** Origin: `http://host:port` or `https://…`; certificates are verified. */
  readonly url: URL
  /** Milliseconds to establish a connection, TLS included. */
  readonly connectTimeout: number
}

/** A backend that requests are relayed to, with the connections kept open to it. */
export interface Upstream {
  readonly name: string
  readonly url: URL
  /** Value of the `Host` field. */
  readonly host: string
  readonly pool: Pool
  readonly connectTimeout: number
  /** Resolves when the backend answers anything at all to a request of `/`. */
  ping(): Promise<void>
  /** Finishes what is in flight, takes nothing new. */
  retire(): Promise<void>
  /** Ends every connection now. */
  close(): Promise<void>
}

export function createUpstream({ name, url, connectTimeout }: UpstreamOptions): Upstream {
  const connect = buildConnector({
    timeout: connectTimeout,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_INITIAL_DELAY_MS,
    allowH2: false
  })
  const pool = new Pool(url.origin, {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_TIMEOUT_MS,
    // The relay times the response itself, to the millisecond; the parser's timer is coarse.
    headersTimeout: 0,
    factory: (origin, options: Client.Options) => clientOf(origin, options, connect)
  })
  return {
    name,
    url,
    host: url.host,
    pool,
    connectTimeout,
    async ping() {
      const { body } = await pool.request({ path: '/', method: 'GET', headersTimeout: PING_TIMEOUT_MS })
      await body.dump()
    },
    retire: () => pool.close(),
    close: () => pool.destroy()
  }
}

function clientOf(origin: URL, options: Client.Options, connect: buildConnector.connector): ConnectionClient {
  const connection = new Connection()
  const connectAndFollow: buildConnector.connector = (target, callback) => {
    connection.opening()
    connect(target, (error, socket) => {
      if (error !== null) return callback(error, null)
      connection.opened(socket)
      callback(null, socket)
    })
  }
  return new ConnectionClient(origin, { ...options, connect: connectAndFollow }, connection)
}
