import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import type { Edge } from '../edge.ts'
import { watchCommandsOf } from './commands.ts'
import { createExporter } from './exporter.ts'
import { watchFetch } from './fetch.ts'
import { patternsOf } from './patterns.ts'
import { samplerOf } from './sampler.ts'
import { RequestSpans } from './spans.ts'
import type { Tracing, TracingOptions } from './tracing.ts'

const CLOSE_TIMEOUT_MS = 3_000
/** Sent by then, whatever there is. */
const BATCH_MS = 1_000
const MAX_QUEUED_SPANS = 8_192

/**
 * Follows requests with OpenTelemetry. Registers nothing globally: the tracer and the context that is followed are this
 * gateway's, so two gateways in one process do not meet.
 */
export function startTracing({ environment, version, logger, config }: TracingOptions): Tracing {
  const provider = new TracerProvider({
    sampler: samplerOf(environment),
    resource: defaultResource().merge(
      resourceFromAttributes({
        [ATTR_SERVICE_NAME]: environment.OTEL_SERVICE_NAME || 'scribe-gateway',
        [ATTR_SERVICE_VERSION]: version,
        [ATTR_SERVICE_INSTANCE_ID]: environment.REPLICA_NAME
      })
    ),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: createExporter(environment, logger),
        scheduledDelayMillis: BATCH_MS,
        maxQueueSize: MAX_QUEUED_SPANS
      })
    ]
  })
  const tracer = provider.getTracer('scribe-gateway', version)
  const followed = new AsyncLocalStorage<Context>()
  const patternOf = patternsOf(config)
  const unwatchFetch = watchFetch(tracer, () => followed.getStore())

  const begin = (request: IncomingMessage, { assignment, requestId, revision }: Edge) =>
    new RequestSpans({
      tracer,
      parent: propagator.extract(ROOT_CONTEXT, request.headers, getter),
      method: request.method ?? '',
      attributes: {
        'gateway.route': assignment.route.id,
        'gateway.target': assignment.target,
        'gateway.reason': assignment.reason,
        'gateway.revision': revision,
        'gateway.request_id': requestId
      },
      pattern: patternOf(assignment.route.id, request.url ?? ''),
      follow: (context, next) => followed.run(context, next)
    })

  return {
    following: assigner => request => {
      const edge = assigner(request)
      edge.trace = begin(request, edge)
      return edge
    },
    watchCommands: watchCommandsOf(tracer, () => followed.getStore()),
    ended(batch) {
      for (const { edge, status, milliseconds } of batch) {
        edge.trace?.ended(status, milliseconds, edge.servedBy, edge.failure)
      }
    },
    async close() {
      unwatchFetch()
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
      // The exporter has told.
      await Promise.race([provider.shutdown().catch(() => {}), late])
      clearTimeout(timer)
    }
  }
}

const propagator = new W3CTraceContextPropagator()

/** Fields that came several times are one list; of `traceparent` that is malformed, as it should be. */
const getter = {
  keys: (headers: IncomingMessage['headers']) => Object.keys(headers),
  get: (headers: IncomingMessage['headers'], name: string) => headers[name]
}
