import type { IncomingMessage } from 'node:http'
import type { ClientAddress } from './client-address.ts'
import type { Assignment } from './routing/route.ts'
import type { RequestTrace } from './tracing/trace.ts'

const kEdge = Symbol('edge')

/** In the place of a bucket, where the weight did not have to ask who the caller is. */
export const NO_BUCKET = -1

/** What the edge knows of one request, from its assignment to its end. */
export interface Edge {
  readonly assignment: Assignment
  /** Number of the routing revision that decided. */
  readonly revision: number
  readonly requestId: string
  readonly client: ClientAddress
  /** The caller's bucket where the weight decided by it, else `NO_BUCKET`. */
  readonly bucket: number
  /** As the client sent it. For those who ask who the caller is where the weight did not have to; never logged. */
  readonly authorization?: string | undefined
  /** Monotonic milliseconds (`performance.now()`). */
  readonly startedAt: number
  /** Who answers; differs from the assignment's target after a fallback. */
  servedBy: string
  /** Did native fail, and the upstream answer instead? */
  fellBack: boolean
  /** Why no proper answer came from the target: a short code for logs and metrics, never driver text. */
  failure: string | undefined
  /** Absent where tracing is off. */
  trace?: RequestTrace
}

declare module 'node:http' {
  interface IncomingMessage {
    [kEdge]?: Edge
  }
}

/** Ties an edge record to its request. The router asks once per request, before anything else reads it. */
export function setEdge(request: IncomingMessage, edge: Edge): void {
  request[kEdge] = edge
}

/**
 * The edge record of a request.
 *
 * @throws Error when the request never passed the router: a wiring fault.
 */
export function edgeOf(request: IncomingMessage): Edge {
  const edge = request[kEdge]
  if (edge === undefined) throw new Error('the request has no assignment: the target constraint did not run')
  return edge
}
