import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Context, type Span, SpanKind, type Tracer } from '@opentelemetry/api'
import { ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_RESPONSE_STATUS_CODE } from '@opentelemetry/semantic-conventions'
import { fail, serverAttributes } from './spans.ts'

type Listener = Parameters<typeof subscribe>[1]

/**
 * Follows what `fetch` sends for requests that are followed: to OpenAI and to the NHS. Neither path nor query is told,
 * which hold what clinicians search for, and no trace context is sent there.
 *
 * @returns what ends it.
 */
export function watchFetch(tracer: Tracer, followed: () => Context | undefined): () => void {
  const spans = new WeakMap<object, Span>()

  const begin: Listener = message => {
    const context = followed()
    if (context === undefined) return
    const request = objectAt(message, 'request')
    const method = request === undefined ? undefined : Reflect.get(request, 'method')
    const url = originOf(request)
    // An exchange with an upstream, which the relay follows, has a context of its own in its header.
    if (request === undefined || url === undefined || typeof method !== 'string' || isRelayed(request)) return
    const attributes = { [ATTR_HTTP_REQUEST_METHOD]: method, ...serverAttributes(url) }
    spans.set(request, tracer.startSpan(`${method} ${url.hostname}`, { kind: SpanKind.CLIENT, attributes }, context))
  }
  const spanOf = (message: unknown) => {
    const request = objectAt(message, 'request')
    return request === undefined ? undefined : spans.get(request)
  }
  const answered: Listener = message => {
    const status: unknown = Reflect.get(objectAt(message, 'response') ?? {}, 'statusCode')
    const span = spanOf(message)
    if (span === undefined || typeof status !== 'number') return
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status)
    if (status >= 400) fail(span, String(status))
  }
  const ended: Listener = message => spanOf(message)?.end()
  const failed: Listener = message => {
    const span = spanOf(message)
    if (span === undefined) return
    fail(span, nameOf(objectAt(message, 'error')))
    span.end()
  }

  const listeners = {
    'undici:request:create': begin,
    'undici:request:headers': answered,
    'undici:request:trailers': ended,
    'undici:request:error': failed
  }
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener)
  return () => {
    for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener)
  }
}

function objectAt(value: unknown, key: string): object | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  return typeof found === 'object' && found !== null ? found : undefined
}

function originOf(request: object | undefined): URL | undefined {
  const origin: unknown = request === undefined ? undefined : Reflect.get(request, 'origin')
  const text = origin instanceof URL ? origin.href : origin
  return typeof text === 'string' ? (URL.parse(text) ?? undefined) : undefined
}

function isRelayed(request: object): boolean {
  const headers: unknown = Reflect.get(request, 'headers')
  return Array.isArray(headers) && headers.includes('traceparent')
}

function nameOf(error: object | undefined): string {
  const code: unknown = Reflect.get(error ?? {}, 'code')
  if (typeof code === 'string') return code
  return error instanceof Error ? error.name : 'error'
}
