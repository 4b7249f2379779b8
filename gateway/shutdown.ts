import { setTimeout as delayFor } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Tunnels } from './proxy/websocket.ts'

/** How often connections that have become idle are closed while the rest finishes. */
const SWEEP_MS = 50

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
  await delayFor(delay)
  // Node closes the connections that are idle now; those that become idle later would wait out their keep-alive time.
  const sweeper = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  const cut = setTimeout(() => {
    logger.warn({ limitMs: limit }, 'stopping: requests in flight exceeded the limit and were cut')
    tunnels.destroy()
    app.server.closeAllConnections()
  }, limit)
  try {
    await app.close()
  } finally {
    clearInterval(sweeper)
    clearTimeout(cut)
  }
}
