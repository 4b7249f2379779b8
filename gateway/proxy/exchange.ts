import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Edge } from '../edge.ts'
import type { ExchangeTrace } from '../tracing/trace.ts'
import { RESET, sendFailure, TIMED_OUT, type UpstreamFailure, upstreamFailure } from './failure.ts'
import type { Connection, ConnectionAware } from './connection.ts'
import { clientResponseHeaders, clientTrailers } from './headers.ts'
import type { Upstream } from './upstream.ts'

/** Safe methods (RFC 9110 §9.2.1) that may be sent a second time. */
const RETRIABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const UPLOAD_BUFFER_BYTES = 65_536
/** Answers up to here that come in one piece are sent with their header in one write. */
const SMALL_BODY_BYTES = 16_384
const INVALID_REASON_PHRASE = /[^\t\x20-\x7e\x80-\xff]/

export interface ExchangeOptions {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly upstream: Upstream
  readonly edge: Edge
  /** Header for the upstream, flat. */
  readonly headers: string[]
  /** Request target in origin form, as the client sent it. */
  readonly path: string
  /** True while the gateway is stopping. */
  readonly draining: () => boolean
  /** Undefined where tracing is off. */
  readonly trace: ExchangeTrace | undefined
}

/**
 * One request relayed to an upstream and its answer relayed back: undici's dispatch callbacks drive Node's response
 * directly, with back-pressure both ways and nothing kept but what is in flight.
 */
export class Exchange implements ConnectionAware {
  /** Set by the pool. */
  connection: Connection | undefined = undefined
  readonly #options: ExchangeOptions
  readonly #upload: Readable | null
  readonly #responseTimer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #answered = false
  #contentLength = -1
  #contentSent = false
  #firstByteSeen = false
  #connectionReused = false
  #uploaded = false
  #finished = false
  #retried = false

  constructor(options: ExchangeOptions) {
    this.#options = options
    const { request, response, edge } = options
    this.#upload = hasBody(request) ? uploadOf(request) : null
    this.#responseTimer = setTimeout(() => this.#timeOut(), edge.assignment.route.timeouts.response)
    response.on('close', () => this.#clientLeft())
  }

  /** Sends the request; called again at most once, for a safe request that met a dead kept-alive connection. */
  send(): void {
    const { request, upstream, headers, path, edge } = this.#options
    upstream.pool.dispatch(
      {
        path,
        method: request.method ?? 'GET',
        headers,
        body: this.#upload,
        bodyTimeout: edge.assignment.route.timeouts.idle
      },
      this
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#finished) return controller.abort(new Error('the client left before the request was sent'))
    const { connection } = this
    if (connection === undefined) return
    this.#connectionReused = connection.requests > 0
    connection.requests += 1
    connection.awaitingAnswer = true
  }

  onBodySent(): void {
    // An upload in progress is not a silent upstream.
    if (!this.#answered) this.#responseTimer.refresh()
  }

  onRequestSent(): void {
    this.#uploaded = true
    if (this.#upload !== null && !this.#answered) this.#responseTimer.refresh()
  }

  onResponseStarted(): void {
    this.#firstByteSeen = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    { 'content-length': contentLength }: { readonly 'content-length'?: string | undefined },
    statusMessage = ''
  ): void {
    if (this.#finished) return
    const { response, request, edge, draining, trace } = this.#options
    const headers = clientResponseHeaders(rawList(controller.rawHeaders), {
      status,
      requestId: edge.requestId,
      servedBy: edge.assignment.route.servedBy ? edge.servedBy : undefined,
      chunkedPossible: request.method !== 'HEAD' && request.httpVersion !== '1.0',
      closing: draining()
    })
    if (status < 200) {
      if (request.httpVersion !== '1.0') response.writeInformation(status, headers)
      return
    }
    if (this.connection !== undefined) this.connection.awaitingAnswer = false
    response.writeHead(status, reasonPhrase(status, statusMessage), headers)
    trace?.answered(status)
    clearTimeout(this.#responseTimer)
    this.#answered = true
    this.#contentLength = Number(contentLength ?? -1)
    process.nextTick(flushHeaderOf, this)
  }

  /** Sends a header that no content has come with yet: an SSE client waits for it. */
  flushHeader(): void {
    if (!this.#contentSent && !this.#finished) this.#options.response.flushHeaders()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#finished) return
    const { response } = this.#options
    const whole = !this.#contentSent && chunk.length === this.#contentLength && chunk.length <= SMALL_BODY_BYTES
    this.#contentSent = true
    // Node joins a header and a string into one write, but never a header and a Buffer: a tenth of the cost of a request.
    if (whole) response.end(chunk.toString('latin1'), 'latin1')
    else if (!response.write(chunk)) {
      controller.pause()
      response.once('drain', () => controller.resume())
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#finished) return
    // A body without a length ends with its connection: undici takes a reset for such an end.
    if (this.connection?.broken === true) return this.#fail(RESET)
    this.#finished = true
    const { response, trace } = this.#options
    trace?.ended()
    const trailers = clientTrailers(rawList(controller.rawTrailers))
    if (trailers.length > 0) response.addTrailers(trailers)
    response.end()
    this.#discardUpload()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#finished) return
    if (this.#mayRetry(error)) {
      this.#retried = true
      this.send()
      return
    }
    this.#fail(upstreamFailure(error))
  }

  #mayRetry(error: Error): boolean {
    return (
      !this.#retried &&
      this.#upload === null &&
      this.#connectionReused &&
      !this.#firstByteSeen &&
      RETRIABLE.has(this.#options.request.method ?? '') &&
      upstreamFailure(error) === RESET
    )
  }

  #timeOut(): void {
    if (this.#finished || this.#answered) return
    // The upstream has all that the client sent so far: it is the client that is slow.
    if (this.#upload !== null && !this.#uploaded && this.#upload.readableLength === 0) {
      this.#responseTimer.refresh()
      return
    }
    this.#fail(TIMED_OUT)
    this.#controller?.abort(new Error(TIMED_OUT.message))
  }

  #fail(failure: UpstreamFailure): void {
    this.#finished = true
    clearTimeout(this.#responseTimer)
    const { response, edge, trace } = this.#options
    edge.failure = failure.code
    trace?.ended(failure.code)
    // Half an answer must not look whole: the client's connection breaks as the upstream's did.
    if (this.#answered) response.destroy()
    else sendFailure(response, edge, failure)
    this.#discardUpload()
  }

  #clientLeft(): void {
    clearTimeout(this.#responseTimer)
    if (this.#finished) return
    this.#finished = true
    this.#options.trace?.ended('client_left')
    this.#controller?.abort(new Error('the client left'))
  }

  /** What the client still sends after the answer is read and dropped, so that the answer reaches it and the connection stays usable. */
  #discardUpload(): void {
    const { request } = this.#options
    if (this.#upload === null || request.complete) return
    request.unpipe()
    request.resume()
  }
}

/** True when the message has content (RFC 9112 §6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** The upload as a stream of its own: undici destroys the body of a failed request, and the client's must survive to hear of it. */
function uploadOf(request: IncomingMessage): Readable {
  const upload = new PassThrough({ highWaterMark: UPLOAD_BUFFER_BYTES })
  upload.on('error', ignore)
  return request.pipe(upload)
}

function ignore(): void {}

/** Node refuses a phrase with characters that RFC 9112 §4 does not allow; it is optional. */
function reasonPhrase(status: number, received: string): string {
  return received === STATUS_CODES[status] || !INVALID_REASON_PHRASE.test(received) ? received : ''
}

function flushHeaderOf(exchange: Exchange): void {
  exchange.flushHeader()
}

function rawList(raw: Dispatcher.DispatchController['rawHeaders']): readonly (Buffer | string)[] {
  return Array.isArray(raw) ? raw : []
}
