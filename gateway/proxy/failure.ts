import type { ServerResponse } from 'node:http'
import type { Edge } from '../edge.ts'

/** Why an upstream gave no whole answer. The code goes to logs and metrics, the message to the client. */
export interface UpstreamFailure {
  readonly status: 502 | 504
  readonly code: 'upstream_unreachable' | 'upstream_timeout' | 'upstream_reset' | 'upstream_invalid'
  readonly message: string
}

const UNREACHABLE: UpstreamFailure = {
  status: 502,
  code: 'upstream_unreachable',
  message: 'Bad gateway: the backend cannot be reached'
}
/** The connection ended before the answer was whole. */
export const RESET: UpstreamFailure = {
  status: 502,
  code: 'upstream_reset',
  message: 'Bad gateway: the backend closed the connection before it answered'
}
const INVALID: UpstreamFailure = {
  status: 502,
  code: 'upstream_invalid',
  message: 'Bad gateway: the backend sent no valid HTTP answer'
}
/** The response timer of the route ran out. */
export const TIMED_OUT: UpstreamFailure = {
  status: 504,
  code: 'upstream_timeout',
  message: 'Gateway timeout: the backend did not answer in time'
}

const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED'
])
const RESET_CODES: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_ABORTED'])
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** Sorts a client error of undici or node:http into one of the few that the gateway answers with. */
export function upstreamFailure(error: Error): UpstreamFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (UNREACHABLE_CODES.has(code)) return UNREACHABLE
  if (TIMEOUT_CODES.has(code)) return TIMED_OUT
  // A connection to several addresses of one name fails with an AggregateError that carries the code of the first.
  return RESET_CODES.has(code) ? RESET : INVALID
}

/** Answers for an upstream that did not. The body has the contract's shape, `msg`, and says nothing of addresses or libraries. */
export function sendFailure(response: ServerResponse, edge: Edge, failure: UpstreamFailure): void {
  const body = JSON.stringify({ msg: failure.message, error: failure.code })
  const headers = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    edge.requestId
  ]
  if (edge.assignment.route.servedBy) headers.push('x-served-by', edge.servedBy)
  response.writeHead(failure.status, headers)
  response.end(body)
}

/** RFC 9112 §3.2: of several Host fields, which one the next hop believes is anyone's guess. */
export function refuseSeveralHosts(response: ServerResponse, requestId: string): void {
  const body = JSON.stringify({ msg: 'Bad request: more than one Host header' })
  response.writeHead(400, { 'content-type': 'application/json; charset=utf-8', 'x-request-id': requestId })
  response.end(body)
}
