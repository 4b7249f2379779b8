import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type WebSocket, WebSocketServer } from 'ws'
import { BODY_LIMIT_BYTES } from './body.ts'
import { answerUnroutable } from './unroutable.ts'
import { type Upgrade, upgradeOf } from './upgrade.ts'

export interface WebSocketsOptions {
  /** Milliseconds between two pings of a connection; one that sent nothing since the last ping is ended. Default 30,000. */
  readonly heartbeatMs?: number
  /** Milliseconds that the other end may take to answer a close. Default 2,000. */
  readonly closeTimeoutMs?: number
}

/** The WebSockets that this process serves. */
export interface WebSockets {
  /** Answers a handshake as `ws` does, and hands the connection over when it is one. */
  accept(request: IncomingMessage, upgrade: Upgrade, serve: (socket: WebSocket) => void): void
  /** Takes no more, tells every client that this end is going away (1001), and resolves when all have gone. */
  close(): Promise<void>
}

/** Serves one connection. What it throws ends the process. */
export type WebSocketHandler = (socket: WebSocket, request: FastifyRequest) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Serves WebSocket at a URL, exactly as spelled. Hooks of the scope run before the handshake and may refuse it. */
    webSocket(url: string, handler: WebSocketHandler): void
  }
  interface FastifyContextConfig {
    webSocket?: true
  }
}

const GOING_AWAY = 1001

export function createWebSockets(options: WebSocketsOptions = {}): WebSockets {
  const { heartbeatMs = 30_000, closeTimeoutMs = 2_000 } = options
  const settings = { maxPayload: BODY_LIMIT_BYTES, perMessageDeflate: false, closeTimeout: closeTimeoutMs }
  const server = new WebSocketServer({ noServer: true, ...settings })
  let isClosing = false
  server.on('headers', (lines, request) => {
    const upgrade = upgradeOf(request)
    if (upgrade === undefined) return
    upgrade.status = 101
    for (const [name, value] of Object.entries(upgrade.headers)) lines.push(`${name}: ${value}`)
  })

  return {
    accept(request, upgrade, serve) {
      const socket = upgrade.takeSocket()
      // Unless it becomes 101; of a connection that has ended `ws` only lets go.
      if (socket.readable && socket.writable) upgrade.status = isClosing ? 503 : 400
      server.handleUpgrade(request, socket, upgrade.head, client => {
        // Frames that break the protocol close the connection, which is what counts.
        client.on('error', ignore)
        beat(client, socket, heartbeatMs)
        serve(client)
      })
    },

    close() {
      isClosing = true
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      for (const client of server.clients) client.close(GOING_AWAY, 'going away')
      return promise
    }
  }
}

/** Pings the client and ends the connection when nothing, not even the pong, has come until the next ping is due. */
function beat(client: WebSocket, socket: Socket, intervalMs: number): void {
  let bytesSeen = -1
  const timer = setInterval(() => {
    if (socket.bytesRead === bytesSeen) return client.terminate()
    bytesSeen = socket.bytesRead
    client.ping()
  }, intervalMs)
  client.once('close', () => clearInterval(timer))
}

/**
 * Lets a scope serve WebSockets. A socket is a GET route: its hooks run first, as for any request, and without an
 * upgrade there is nothing at its URL.
 */
export const webSockets = fp<{ readonly sockets: WebSockets }>(
  async (app, { sockets }) => {
    app.addHook('preClose', () => sockets.close())
    // As the legacy: its `ws` has every upgrade of the server, whatever the path.
    app.addHook('onRequest', async (request, reply) => {
      const isWebSocket = request.routeOptions.config.webSocket === true
      return upgradeOf(request.raw) !== undefined && !isWebSocket ? refusePath(reply) : undefined
    })
    app.decorate('webSocket', function webSocket(this: FastifyInstance, url: string, handler: WebSocketHandler) {
      this.get(url, { schema: { hide: true }, config: { webSocket: true } }, (request, reply) => {
        const upgrade = upgradeOf(request.raw)
        if (upgrade === undefined) return answerUnroutable(request, reply)
        if (request.raw.url?.split('?', 1)[0] !== request.routeOptions.url) return refusePath(reply)
        reply.hijack()
        return sockets.accept(request.raw, upgrade, socket => handler(socket, request))
      })
    })
  },
  { name: 'platform-websockets' }
)

/** As `ws` answers an upgrade whose path is not its own, character by character. */
function refusePath(reply: FastifyReply): FastifyReply {
  return reply.code(400).type('text/html').send('Bad Request')
}

function ignore(): void {}
