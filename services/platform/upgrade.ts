import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const kUpgrade = Symbol('upgrade')

declare module 'node:http' {
  interface IncomingMessage {
    [kUpgrade]?: Upgrade
  }
}

/** True for a request that asks for WebSocket and nothing else; other offers, such as `h2c`, are answered as plain HTTP. */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket'
}

/** What comes with a request that asks for WebSocket, from Node's `upgrade` event on. */
export class Upgrade {
  /** An ordinary HTTP answer, for when the connection does not become a WebSocket; the connection ends after it. */
  readonly response: ServerResponse
  /** What the client has sent behind the request. */
  readonly head: Buffer
  /** What the 101 of a native WebSocket says beside the handshake. */
  headers: Readonly<Record<string, string>> = {}
  /** Of the answer, when it was written past `response`. */
  status: number | undefined
  readonly #socket: Socket
  readonly #onDrain = () => void this.response.emit('drain')

  /** @throws Error when an answer to an earlier request is still being written to the connection. */
  constructor(request: IncomingMessage, head: Buffer) {
    this.head = head
    this.response = new ServerResponse(request)
    this.response.shouldKeepAlive = false
    this.response.assignSocket(request.socket)
    this.#socket = request.socket
    // The listener that told responses of it went with Node's parser.
    this.#socket.on('drain', this.#onDrain)
    this.response.once('finish', () => this.#socket.destroySoon())
  }

  /** Gives the connection away, for an answer that is not HTTP's. */
  takeSocket(): Socket {
    this.response.detachSocket(this.#socket)
    this.#socket.off('drain', this.#onDrain)
    return this.#socket
  }
}

/**
 * Takes over a connection that Node has handed over for an upgrade; from then on `upgradeOf` tells it of the request.
 *
 * A browser cannot set fields on this request: `?token=` counts as `Authorization: Bearer`, when there is none.
 *
 * Undefined, and the connection closed, when an answer to an earlier request is still being written to it: a client
 * that asks for an upgrade before then breaks RFC 9110 §7.8.
 */
export function takeUpgrade(request: IncomingMessage, head: Buffer): Upgrade | undefined {
  // Without a listener a reset connection would end the process; the 'close' that follows is what counts.
  request.socket.on('error', ignore)
  try {
    const upgrade = new Upgrade(request, head)
    request[kUpgrade] = upgrade
    const token = new URLSearchParams(request.url?.split('?', 2)[1]).get('token')
    if (token) request.headers.authorization ??= `Bearer ${token}`
    return upgrade
  } catch {
    request.socket.destroy()
    return undefined
  }
}

/** Undefined for a plain request. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return request[kUpgrade]
}

function ignore(): void {}
