import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { type Edge, edgeOf } from '../edge.ts'
import type { Metrics } from './metrics.ts'

/** Nginx's code for a client that closed the connection before its answer was complete. */
const CLIENT_LEFT = 499

export interface Observer {
  /** Follows a request to the end of its response. */
  watch(request: IncomingMessage, response: ServerResponse): void
  /** Counts and logs a request that has ended with the given status. */
  ended(request: IncomingMessage, edge: Edge, status: number): void
}

/** One metric sample and one log line a request, whoever served it. Neither holds anything that the client wrote but its method. */
export function createObserver(metrics: Metrics, logger: FastifyBaseLogger): Observer {
  const ended = (request: IncomingMessage, edge: Edge, status: number) => {
    const milliseconds = performance.now() - edge.startedAt
    metrics.countRequest(edge, status, milliseconds / 1000)
    const { assignment, requestId, servedBy, revision, failure } = edge
    logger.info(
      {
        requestId,
        method: request.method,
        route: assignment.route.id,
        target: servedBy,
        reason: assignment.reason,
        status,
        durationMs: Math.round(milliseconds * 100) / 100,
        revision,
        failure
      },
      'request'
    )
  }
  return {
    ended,
    watch(request, response) {
      response.once('close', () => {
        const whole = response.writableFinished
        ended(
          request,
          edgeOf(request),
          whole || edgeOf(request).failure !== undefined ? response.statusCode : CLIENT_LEFT
        )
      })
    }
  }
}
