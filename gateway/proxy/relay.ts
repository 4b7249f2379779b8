import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Edge } from '../edge.ts'
import { Exchange } from './exchange.ts'
import { refuseSeveralHosts, sendFailure } from './failure.ts'
import { upstreamRequestHeaders } from './headers.ts'
import type { Upstream } from './upstream.ts'

/** Sends a request on to its route's upstream and the answer back to the client. The response must be hijacked. */
export type Relay = (request: IncomingMessage, response: ServerResponse, edge: Edge) => void

export interface RelayOptions {
  readonly upstream: (name: string) => Upstream | undefined
  readonly draining: () => boolean
}

export function createRelay({ upstream, draining }: RelayOptions): Relay {
  return (request, response, edge) => {
    const target = upstream(edge.assignment.route.upstream)
    edge.servedBy = edge.assignment.route.upstream
    if (hasSeveralHosts(request.rawHeaders)) return refuseSeveralHosts(response, edge.requestId)
    if (target === undefined) {
      edge.failure = 'upstream_unreachable'
      return sendFailure(response, edge, UNKNOWN_UPSTREAM)
    }
    const own = upstreamRequestHeaders(request.rawHeaders, {
      host: target.host,
      requestId: edge.requestId,
      client: edge.client,
      httpVersion: request.httpVersion,
      protocol: 'http'
    })
    const path = originForm(request.url ?? '/')
    const trace = edge.trace?.relayed(target, own)
    const headers = trace?.headers ?? own
    new Exchange({ request, response, upstream: target, edge, headers, path, draining, trace }).send()
  }
}

const UNKNOWN_UPSTREAM = {
  status: 502,
  code: 'upstream_unreachable',
  message: 'Bad gateway: the route has no backend'
} as const

/**
 * The path and query of a request target, byte for byte. A proxy that receives the absolute form sends on the origin
 * form (RFC 9112 §3.2.2).
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/is.exec(target)?.[1] ?? '/'
  return path.startsWith('/') ? path : `/${path}`
}

/** RFC 9112 §3.2: a request with more than one Host field is refused with 400. */
export function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts > 1
}
