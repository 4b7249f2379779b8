import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as delayFor } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Tunnels } from './proxy/websocket.ts'

/** How often connections that have become idle are closed while the rest finishes. */
const SWEEP_MS = 50
/** Node accepts one connection a turn of its event loop; this many turns empty the queue of those that wait. */
const LAST_TURNS = 0

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
      // Closing resets the connections that the system has made and Node has not accepted, and those whose request has
      // come and is not read. Right after it has polled, at the end of a turn, there are as good as none.
      for (let turn = 0; turn < LAST_TURNS; turn += 1) await nextTurn()
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
