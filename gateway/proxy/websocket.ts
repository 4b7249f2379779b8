import { type ClientRequest, type IncomingMessage, request as httpRequest, ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import type { Edge } from '../edge.ts'
import { sendFailure, TIMED_OUT, type UpstreamFailure, upstreamFailure } from './failure.ts'
import { clientResponseHeaders, upstreamRequestHeaders } from './headers.ts'
import { originForm } from './relay.ts'
import type { Upstream } from './upstream.ts'

/** A dead peer is found by TCP; an idle but living one is left alone. */
const TCP_KEEP_ALIVE_MS = 30_000

export interface TunnelOptions {
  readonly upstream: (name: string) => Upstream | undefined
  /** Told when a handshake or its tunnel has ended, with the status that the client got. */
  readonly onEnd: (request: IncomingMessage, edge: Edge, status: number) => void
}

export interface Tunnels {
  /** Relays one WebSocket handshake, then its bytes both ways: frames, subprotocol and close codes pass untouched. */
  open(request: IncomingMessage, socket: Duplex, head: Buffer, edge: Edge): void
  /** Refuses an upgrade that is no valid HTTP request. */
  refuse(request: IncomingMessage, socket: Duplex): void
  /** Ends every tunnel that is still open. */
  destroy(): void
}

/** True for a request that asks for WebSocket and nothing else; other offers, such as `h2c`, are answered as plain HTTP. */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket'
}

export function createTunnels(options: TunnelOptions): Tunnels {
  const open = new Set<Duplex>()
  return {
    open(request, socket, head, edge) {
      const response = responseOn(request, socket)
      if (response === undefined) return
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      new Handshake(options, request, socket, response, edge).send(head)
    },
    refuse(request, socket) {
      const response = responseOn(request, socket)
      response?.writeHead(400, { 'content-length': 0 }).end()
    },
    destroy() {
      for (const socket of open) socket.destroy()
    }
  }
}

class Handshake {
  readonly #options: TunnelOptions
  readonly #request: IncomingMessage
  readonly #socket: Duplex
  /** For the answer when the connection does not become a WebSocket. */
  readonly #response: ServerResponse
  readonly #edge: Edge
  #upstreamRequest: ClientRequest | undefined
  #timer: NodeJS.Timeout | undefined
  #status = 499

  constructor(options: TunnelOptions, request: IncomingMessage, socket: Duplex, response: ServerResponse, edge: Edge) {
    this.#options = options
    this.#request = request
    this.#socket = socket
    this.#response = response
    this.#edge = edge
    socket.once('close', () => this.#ended())
  }

  send(head: Buffer): void {
    const { route } = this.#edge.assignment
    const upstream = this.#options.upstream(route.upstream)
    this.#edge.servedBy = route.upstream
    if (upstream === undefined) return this.#fail(upstreamFailure(new Error('no upstream of that name')))
    const outgoing = this.#dial(upstream)
    this.#upstreamRequest = outgoing
    this.#timer = setTimeout(() => {
      outgoing.destroy()
      this.#fail(TIMED_OUT)
    }, route.timeouts.response)
    outgoing.once('upgrade', (answer, upstreamSocket, upstreamHead) => {
      clearTimeout(this.#timer)
      if (head.length > 0) upstreamSocket.write(head)
      this.#join(answer, upstreamSocket, upstreamHead)
    })
    outgoing.once('response', answer => this.#refused(answer))
    outgoing.on('error', error => this.#fail(upstreamFailure(error)))
    outgoing.end()
  }

  #dial(upstream: Upstream): ClientRequest {
    const { protocol, hostname, port } = upstream.url
    const headers = upstreamRequestHeaders(this.#request.rawHeaders, {
      host: upstream.host,
      requestId: this.#edge.requestId,
      client: this.#edge.client,
      httpVersion: this.#request.httpVersion,
      protocol: 'http'
    })
    headers.push('connection', 'Upgrade', 'upgrade', 'websocket')
    const send = protocol === 'https:' ? httpsRequest : httpRequest
    return send({
      protocol,
      hostname,
      port,
      method: 'GET',
      path: originForm(this.#request.url ?? '/'),
      headers,
      setHost: false,
      agent: false
    })
  }

  #join(answer: IncomingMessage, upstreamSocket: Socket, head: Buffer): void {
    const socket = this.#socket
    if (socket.destroyed) {
      upstreamSocket.destroy()
      return
    }
    this.#status = 101
    this.#response.detachSocket(this.#request.socket)
    const headers = this.#answerHeaders(answer, 101)
    headers.push('connection', 'Upgrade', 'upgrade', 'websocket')
    let text = 'HTTP/1.1 101 Switching Protocols\r\n'
    for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
    socket.write(`${text}\r\n`, 'latin1')
    if (head.length > 0) socket.write(head)
    upstreamSocket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)
    upstreamSocket.setNoDelay(true)
    // Each direction ends its other end cleanly, and destroys it when its own end broke.
    pipeline(socket, upstreamSocket, ignore)
    pipeline(upstreamSocket, socket, ignore)
  }

  /** The upstream said no: its answer goes to the client as it is. */
  #refused(answer: IncomingMessage): void {
    clearTimeout(this.#timer)
    const response = this.#response
    this.#status = answer.statusCode ?? 502
    response.writeHead(this.#status, answer.statusMessage ?? '', this.#answerHeaders(answer, this.#status))
    pipeline(answer, response, error => {
      if (error) this.#socket.destroy()
    })
  }

  #fail(failure: UpstreamFailure): void {
    clearTimeout(this.#timer)
    if (this.#status !== 499 || this.#socket.destroyed) return
    this.#status = failure.status
    this.#edge.failure = failure.code
    sendFailure(this.#response, this.#edge, failure)
  }

  #answerHeaders(answer: IncomingMessage, status: number): string[] {
    const { route } = this.#edge.assignment
    return clientResponseHeaders(answer.rawHeaders, {
      status,
      requestId: this.#edge.requestId,
      servedBy: route.servedBy ? this.#edge.servedBy : undefined,
      chunkedPossible: true,
      closing: false
    })
  }

  #ended(): void {
    clearTimeout(this.#timer)
    if (this.#status !== 101) this.#upstreamRequest?.destroy()
    this.#options.onEnd(this.#request, this.#edge, this.#status)
  }
}

/**
 * An ordinary HTTP response on a connection that Node has handed over for an upgrade; the connection ends after it.
 *
 * Undefined, and the connection closed, when an answer to an earlier request is still being written to it: a client
 * that asks for an upgrade before then breaks RFC 9110 §7.8.
 */
function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  // Without a listener a reset connection would end the process; the 'close' that follows is what counts.
  socket.on('error', ignore)
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  try {
    response.assignSocket(request.socket)
  } catch {
    socket.destroy()
    return undefined
  }
  // The listener that told responses of it went with Node's parser.
  socket.on('drain', () => response.emit('drain'))
  response.once('finish', () => request.socket.destroySoon())
  return response
}

function ignore(): void {}
