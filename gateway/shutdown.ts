import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as delayFor } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Upgrades } from './upgrades.ts'

/** How often connections that have become idle are closed while the rest finishes. */
const SWEEP_MS = 50
/** How long WebSockets may go on when nothing else is in flight: they have no end of their own to wait for. */
const WEBSOCKET_GRACE_MS = 2_000
/** A turn of the event loop that is shorter had neither a connection to accept nor a request to read. */
const QUIET_TURN_MS = 0.1
/** How long a quiet turn is waited for. */
const QUIET_LIMIT_MS = 250

export interface DrainOptions {
  readonly app: FastifyInstance
  readonly upgrades: Upgrades
  /** Tells the clients of native WebSockets to leave. */
  readonly closeWebSockets: () => Promise<void>
  readonly logger: FastifyBaseLogger
  /** Milliseconds during which every answer tells its client to close, and connections are still accepted. */
  readonly delay: number
  /** Milliseconds that what is in flight may then take. */
  readonly limit: number
}

/**
 * Ends the public listener without cutting an answer short: first clients on kept-alive connections are told to leave
 * (`Connection: close`), then nothing new is accepted, then what is in flight finishes. What exceeds the limit is cut,
 * and so are WebSockets soon after the last request is answered.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { app, upgrades, closeWebSockets, logger, delay, limit } = options
  const { server } = app
  await delayFor(delay)
  const cut = setTimeout(() => {
    logger.warn({ limitMs: limit }, 'stopping: requests in flight exceeded the limit and were cut')
    upgrades.destroy()
    server.closeAllConnections()
  }, limit)
  let sweeper: NodeJS.Timeout | undefined
  let grace: NodeJS.Timeout | undefined
  const cutWebSockets = () => {
    logger.info({ webSockets: upgrades.size }, 'stopping: WebSockets that were still open were cut')
    upgrades.destroy()
  }
  const sweep = () => {
    server.closeIdleConnections()
    server.getConnections((_error, connections) => {
      if (connections <= upgrades.size) grace ??= setTimeout(cutWebSockets, WEBSOCKET_GRACE_MS)
    })
  }
  try {
    if (server.listening) {
      await quietTurn()
      const closed = once(server, 'close')
      server.close()
      void closeWebSockets()
      // Node closes the connections that are idle now; those that become idle later would wait out their keep-alive time.
      sweeper = setInterval(sweep, SWEEP_MS)
      await closed
      // A server has closed as soon as its connections are destroyed; they are counted when they have closed themselves.
      while (upgrades.size > 0) await nextTurn()
    }
    await app.close()
  } finally {
    clearInterval(sweeper)
    clearTimeout(grace)
    clearTimeout(cut)
  }
}

/**
 * Resolves at the end of a turn in which nothing came. Closing resets the connections that the system has made and Node
 * has not accepted, and those whose request has come and is not read: right then there are as good as none.
 */
async function quietTurn(): Promise<void> {
  const deadline = performance.now() + QUIET_LIMIT_MS
  for (let began = 0, now = performance.now(); now - began > QUIET_TURN_MS && now < deadline; ) {
    began = now
    await nextTurn()
    now = performance.now()
  }
}
