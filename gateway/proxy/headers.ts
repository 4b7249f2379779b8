import type { ClientAddress } from '../client-address.ts'

/** The name this gateway goes by in `Via` (RFC 9110 §7.6.3). */
export const VIA_PSEUDONYM = 'scribe-gateway'

/** Fields that belong to one connection and end here, both ways (RFC 9110 §7.6.1; `keep-alive` and `proxy-connection` by custom). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade'
])

/** Request fields that the gateway itself writes or consumes; a client's own value is never passed on as it is. */
const OWNED_REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'host',
  'via',
  'forwarded',
  'x-request-id',
  'x-gateway-target',
  'x-gateway-credential',
  // Node has already answered 100 Continue, and undici refuses the field.
  'expect'
])

/** Response fields that the gateway writes itself. */
const OWNED_RESPONSE_FIELDS: ReadonlySet<string> = new Set(['via', 'x-request-id', 'x-served-by'])

const VIA_VERSION = /^(?:1\.0|1\.1|2)$/

export interface UpstreamHeaderOptions {
  /** Value of the `Host` field towards the upstream. */
  readonly host: string
  readonly requestId: string
  readonly client: ClientAddress
  /** HTTP version of the client's message, for `Via`. */
  readonly httpVersion: string
  /** `http` or `https`: how the client reached this gateway. */
  readonly protocol: string
}

/**
 * The request header for the upstream, as a flat `[name, value, …]` list in the client's order and spelling.
 *
 * Hop-by-hop fields, those named by `Connection`, and the gateway's own fields are left out; `Via`, `X-Forwarded-*` and
 * `X-Request-Id` are added. `X-Forwarded-*` of the client count only when the peer is a trusted proxy.
 */
export function upstreamRequestHeaders(rawHeaders: readonly string[], options: UpstreamHeaderOptions): string[] {
  const named = connectionNames(rawHeaders)
  const headers: string[] = ['host', options.host]
  let via = ''
  let host = ''
  let trustedProto = ''
  let trustedHost = ''
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower)) continue
    if (lower.startsWith('x-forwarded-')) {
      if (!options.client.peerTrusted || lower === 'x-forwarded-for') continue
      if (lower === 'x-forwarded-proto') trustedProto ||= value
      else if (lower === 'x-forwarded-host') trustedHost ||= value
      else headers.push(name, value)
      continue
    }
    if (OWNED_REQUEST_FIELDS.has(lower)) {
      if (lower === 'via') via = via === '' ? value : `${via}, ${value}`
      else if (lower === 'host') host = value
      else if (lower === 'forwarded' && options.client.peerTrusted) headers.push(name, value)
      continue
    }
    // Only what is the client's own: `Connection` cannot take away what the gateway tells.
    if (named?.has(lower) === true) continue
    headers.push(name, value)
  }
  headers.push(
    'via',
    appendVia(via, options.httpVersion),
    'x-forwarded-for',
    options.client.forwardedFor,
    'x-forwarded-proto',
    trustedProto === '' ? options.protocol : trustedProto,
    'x-request-id',
    options.requestId
  )
  const forwardedHost = trustedHost === '' ? host : trustedHost
  if (forwardedHost !== '') headers.push('x-forwarded-host', forwardedHost)
  return headers
}

export interface ClientHeaderOptions {
  readonly status: number
  readonly requestId: string
  /** Value of `x-served-by`, absent when the route does not say. */
  readonly servedBy: string | undefined
  /** False when the message to the client is chunked in no case: the answer to HEAD, or to an HTTP/1.0 client. */
  readonly chunkedPossible: boolean
  /** True while the gateway drains: the client is told to open a new connection elsewhere. */
  readonly closing: boolean
}

/**
 * The response header for the client from the upstream's raw header (a flat list of latin1 Buffers or strings).
 * Repeated fields (`set-cookie`) stay repeated, in their order.
 */
export function clientResponseHeaders(raw: readonly (Buffer | string)[], options: ClientHeaderOptions): string[] {
  const fields: string[] = []
  for (const part of raw) fields.push(latin1(part))
  const named = connectionNames(fields)
  const headers: string[] = []
  let via = ''
  // RFC 9110 §8.6: no Content-Length in a 1xx or 204; 304 and HEAD may carry the one of the full answer.
  const lengthAllowed = options.status >= 200 && options.status !== 204
  const chunked = options.chunkedPossible && lengthAllowed && options.status !== 304 && !hasContentLength(fields)
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named?.has(lower) === true) continue
    if (OWNED_RESPONSE_FIELDS.has(lower)) {
      if (lower === 'via') via = via === '' ? value : `${via}, ${value}`
      continue
    }
    if (lower === 'content-length' && !lengthAllowed) continue
    // Node ends the process over a Trailer field on a message that is not chunked.
    if (lower === 'trailer' && !chunked) continue
    headers.push(name, value)
  }
  headers.push('via', appendVia(via, '1.1'), 'x-request-id', options.requestId)
  if (options.servedBy !== undefined) headers.push('x-served-by', options.servedBy)
  if (options.closing) headers.push('connection', 'close')
  return headers
}

/**
 * The trailers for the client from the upstream's raw ones, as `[name, value]` pairs.
 * Fields of framing and of the connection have no meaning after the body (RFC 9110 §6.5.1).
 */
export function clientTrailers(raw: readonly (Buffer | string)[]): [string, string][] {
  const trailers: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i])
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || OWNED_RESPONSE_FIELDS.has(lower) || lower === 'content-length') continue
    trailers.push([name, latin1(raw[i + 1])])
  }
  return trailers
}

function latin1(part: Buffer | string | undefined): string {
  return typeof part === 'object' ? part.toString('latin1') : (part ?? '')
}

function hasContentLength(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]
    if (name?.length === 14 && name.toLowerCase() === 'content-length') return true
  }
  return false
}

/** Lower-cased names listed by the message's `Connection` fields; undefined when there are none. */
function connectionNames(rawHeaders: readonly string[]): Set<string> | undefined {
  let names: Set<string> | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = rawHeaders[i + 1] ?? ''
    if (value === 'keep-alive' || value === 'close') continue
    for (const option of value.split(',')) {
      const lower = option.trim().toLowerCase()
      if (lower !== '') (names ??= new Set()).add(lower)
    }
  }
  return names
}

function appendVia(received: string, httpVersion: string): string {
  const own = `${VIA_VERSION.test(httpVersion) ? httpVersion : '1.1'} ${VIA_PSEUDONYM}`
  return received === '' ? own : `${received}, ${own}`
}
