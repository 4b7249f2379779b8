import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import type { Upgrade } from '../../services/index.ts'
import type { Edge } from '../edge.ts'
import type { ExchangeTrace } from '../tracing/trace.ts'
import { RESET, sendFailure, TIMED_OUT, type UpstreamFailure, upstreamFailure } from './failure.ts'
import { clientResponseHeaders, upstreamRequestHeaders } from './headers.ts'
import { originForm } from './relay.ts'
import type { Upstream } from './upstream.ts'

/** A dead peer is found by TCP; an idle but living one is left alone. */
const TCP_KEEP_ALIVE_MS = 30_000

export interface TunnelOptions {
  readonly upstream: (name: string) => Upstream | undefined
}

/** Relays one WebSocket handshake, then its bytes both ways: frames, subprotocol and close codes pass untouched. */
export type Tunnel = (request: IncomingMessage, upgrade: Upgrade, edge: Edge) => void

export function createTunnel({ upstream }: TunnelOptions): Tunnel {
  return (request, upgrade, edge) => {
    const { route } = edge.assignment
    edge.servedBy = route.upstream
    new Handshake(request, upgrade, edge).send(upstream(route.upstream))
  }
}

class Handshake {
  readonly #request: IncomingMessage
  readonly #upgrade: Upgrade
  readonly #edge: Edge
  #upstreamRequest: ClientRequest | undefined
  #timer: NodeJS.Timeout | undefined
  /** Of the handshake; undefined where tracing is off. */
  #trace: ExchangeTrace | undefined

  constructor(request: IncomingMessage, upgrade: Upgrade, edge: Edge) {
    this.#request = request
    this.#upgrade = upgrade
    this.#edge = edge
    request.socket.once('close', () => this.#ended())
  }

  send(upstream: Upstream | undefined): void {
    if (upstream === undefined) return this.#fail(upstreamFailure(new Error('no upstream of that name')))
    const outgoing = this.#dial(upstream)
    this.#upstreamRequest = outgoing
    this.#timer = setTimeout(() => {
      outgoing.destroy()
      this.#fail(TIMED_OUT)
    }, this.#edge.assignment.route.timeouts.response)
    outgoing.once('upgrade', (answer, upstreamSocket, upstreamHead) => {
      clearTimeout(this.#timer)
      const { head } = this.#upgrade
      if (head.length > 0) upstreamSocket.write(head)
      this.#join(answer, upstreamSocket, upstreamHead)
    })
    outgoing.once('response', answer => this.#refused(answer))
    outgoing.on('error', error => this.#fail(upstreamFailure(error)))
    outgoing.end()
  }

  #dial(upstream: Upstream): ClientRequest {
    const { protocol, hostname, port } = upstream.url
    const own = upstreamRequestHeaders(this.#request.rawHeaders, {
      host: upstream.host,
      requestId: this.#edge.requestId,
      client: this.#edge.client,
      httpVersion: this.#request.httpVersion,
      protocol: 'http'
    })
    this.#trace = this.#edge.trace?.relayed(upstream, own)
    const headers = this.#trace?.headers ?? own
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
    if (this.#request.socket.destroyed) {
      upstreamSocket.destroy()
      return
    }
    this.#upgrade.status = 101
    this.#trace?.answered(101)
    this.#trace?.ended()
    const socket = this.#upgrade.takeSocket()
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
    const { response } = this.#upgrade
    const { socket } = this.#request
    const status = answer.statusCode ?? 502
    this.#trace?.answered(status)
    response.writeHead(status, answer.statusMessage ?? '', this.#answerHeaders(answer, status))
    pipeline(answer, response, error => {
      this.#trace?.ended(error ? RESET.code : undefined)
      if (!error || socket.destroyed) return
      this.#edge.failure = RESET.code
      socket.destroy()
    })
  }

  #fail(failure: UpstreamFailure): void {
    clearTimeout(this.#timer)
    this.#trace?.ended(failure.code)
    const { status, response } = this.#upgrade
    if (status !== undefined || response.headersSent || this.#request.socket.destroyed) return
    this.#edge.failure = failure.code
    sendFailure(response, this.#edge, failure)
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
    this.#trace?.ended('client_left')
    if (this.#upgrade.status !== 101) this.#upstreamRequest?.destroy()
  }
}

function ignore(): void {}
