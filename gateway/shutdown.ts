import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as delayFor } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Tunnels } from './proxy/websocket.ts'

/** How often connections that have become idle are closed while the rest finishes. */
const SWEEP_MS = 50
/** A turn of the event loop that is shorter had neither a connection to accept nor a request to read. */
const QUIET_TURN_MS = 0.1
/** How long a quiet turn is waited for. */
const QUIET_LIMIT_MS = 250

export interface DrainOptions {
  readonly app: FastifyInstance
  readonly tunnels: Tunnels
  readonly logger: FastifyBaseLogger
  /** Milliseconds during which every answer tells its client to close, and connections are still accepted. */
  readonly delay: number
  /** Milliseconds that what is in flight may then take. */
  readonly limit: number
}

/**
 * Ends the public listener without cutting an answer short: first clients on kept-alive connections are told to leave
 * (`Connection: close`), then nothing new is accepted, then what is in flight finishes. What exceeds the limit is cut.
 */
export async function drain({ app, tunnels, logger, delay, limit }: DrainOptions): Promise<void> {
  const { server } = app
  await delayFor(delay)
  const cut = setTimeout(() => {
    logger.warn({ limitMs: limit }, 'stopping: requests in flight exceeded the limit and were cut')
    tunnels.destroy()
    server.closeAllConnections()
  }, limit)
  let sweeper: NodeJS.Timeout | undefined
  try {
    if (server.listening) {
      await quietTurn()
      const closed = once(server, 'close')
      server.close()
      // Node closes the connections that are idle now; those that become idle later would wait out their keep-alive time.
      sweeper = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
      await closed
    }
    await app.close()
  } finally {
    clearInterval(sweeper)
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
