import { type Context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_SCHEME
} from '@opentelemetry/semantic-conventions'
import type { ExchangeTrace, RequestTrace, TracedUpstream } from './trace.ts'

const KNOWN_METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'])
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

const propagator = new W3CTraceContextPropagator()

export interface RequestSpansOptions {
  readonly tracer: Tracer
  /** With what the request's header names, or the root. */
  readonly parent: Context
  readonly method: string
  readonly attributes: Readonly<Record<string, string | number>>
  /** The pattern that the routing table has for the request. */
  readonly pattern: string | undefined
  /** Runs `next` so that what it leads to finds the context. */
  readonly follow: (context: Context, next: () => void) => void
}

/** The spans of one request. No attribute holds anything of its URL, its header or its body but the method. */
export class RequestSpans implements RequestTrace {
  readonly traceId: string
  readonly #tracer: Tracer
  readonly #follow: (context: Context, next: () => void) => void
  readonly #method: string
  readonly #server: Span
  readonly #context: Context
  readonly #startedAt: number
  #pattern: string | undefined
  #native: { readonly span: Span; readonly context: Context } | undefined

  constructor({ tracer, parent, method, attributes, pattern, follow }: RequestSpansOptions) {
    this.#tracer = tracer
    this.#follow = follow
    this.#method = KNOWN_METHODS.has(method) ? method : '_OTHER'
    this.#pattern = pattern
    this.#startedAt = Date.now()
    const options = {
      kind: SpanKind.SERVER,
      startTime: this.#startedAt,
      attributes: {
        [ATTR_HTTP_REQUEST_METHOD]: this.#method,
        [ATTR_URL_SCHEME]: 'http',
        ...(pattern === undefined ? {} : { [ATTR_HTTP_ROUTE]: pattern }),
        ...attributes
      }
    }
    this.#server = tracer.startSpan(this.#name, options, parent)
    this.#context = trace.setSpan(parent, this.#server)
    this.traceId = this.#server.spanContext().traceId
  }

  nativeBegan(pattern: string | undefined, next: () => void): void {
    // Both sides of a route have one name: the routing table's, unless that leaves the path open.
    if (pattern !== undefined && this.#pattern?.endsWith('*') !== false) {
      this.#pattern = pattern
      this.#server.updateName(this.#name)
      this.#server.setAttribute(ATTR_HTTP_ROUTE, pattern)
    }
    const span = this.#tracer.startSpan(`native ${this.#name}`, {}, this.#context)
    const context = trace.setSpan(this.#context, span)
    this.#native = { span, context }
    this.#follow(context, next)
  }

  nativeGoesOn(next: () => void): void {
    this.#follow(this.#native?.context ?? this.#context, next)
  }

  nativeAnswered(status: number): void {
    const span = this.#native?.span
    if (span?.isRecording() !== true) return
    if (status >= 500) fail(span, String(status))
    span.end()
  }

  fellBack(): void {
    const span = this.#native?.span
    if (span?.isRecording() === true) {
      fail(span, 'native_failed')
      span.end()
    }
    this.#server.addEvent('fallback')
  }

  relayed({ name, url }: TracedUpstream, headers: readonly string[]): ExchangeTrace {
    const span = this.#tracer.startSpan(
      `${this.#shownMethod} ${name}`,
      {
        kind: SpanKind.CLIENT,
        attributes: { [ATTR_HTTP_REQUEST_METHOD]: this.#method, 'gateway.upstream': name, ...serverAttributes(url) }
      },
      this.#context
    )
    return new ExchangeSpan(span, headersFrom(headers, trace.setSpan(this.#context, span)))
  }

  ended(status: number, milliseconds: number, servedBy: string, failure: string | undefined): void {
    const native = this.#native?.span
    if (native?.isRecording() === true) native.end()
    const error = failure ?? (status >= 500 ? String(status) : undefined)
    this.#server.setAttributes({ [ATTR_HTTP_RESPONSE_STATUS_CODE]: status, 'gateway.served_by': servedBy })
    if (error !== undefined) fail(this.#server, error)
    this.#server.end(this.#startedAt + milliseconds)
  }

  get #name(): string {
    return this.#pattern === undefined ? this.#shownMethod : `${this.#shownMethod} ${this.#pattern}`
  }

  get #shownMethod(): string {
    return this.#method === '_OTHER' ? 'HTTP' : this.#method
  }
}

class ExchangeSpan implements ExchangeTrace {
  readonly headers: string[]
  readonly #span: Span

  constructor(span: Span, headers: string[]) {
    this.#span = span
    this.headers = headers
  }

  answered(status: number): void {
    this.#span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status)
    // To a client every status from 400 on is an error (semantic conventions, HTTP spans).
    if (status >= 400) fail(this.#span, String(status))
  }

  ended(failure?: string): void {
    if (!this.#span.isRecording()) return
    if (failure !== undefined) fail(this.#span, failure)
    this.#span.end()
  }
}

/** Marks a span as failed; the code is all that is said of why. */
export function fail(span: Span, code: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Who is asked, without a path. */
export function serverAttributes({ hostname, port, protocol }: URL): Record<string, string | number> {
  return {
    [ATTR_SERVER_ADDRESS]: hostname,
    [ATTR_SERVER_PORT]: port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port),
    [ATTR_URL_SCHEME]: protocol.slice(0, -1)
  }
}

/** A header with the trace context of a span in the place of the one that came. */
function headersFrom(headers: readonly string[], context: Context): string[] {
  const own: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const lower = name.toLowerCase()
    if (lower !== 'traceparent' && lower !== 'tracestate') own.push(name, headers[i + 1] ?? '')
  }
  propagator.inject(context, own, { set: (carrier, name, value) => value !== '' && carrier.push(name, value) })
  return own
}
