import { ExportResultCode, parseKeyPairsIntoRecord } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Environment } from '../environment.ts'
import type { TracingLogger } from './tracing.ts'

const DEFAULT_ENDPOINT = 'http://localhost:4318'
const TIMEOUT_MS = 10_000
/** A collector that fails now and then costs no more lines of the log than one that is away. */
const TOLD_EVERY_MS = 60_000

/**
 * Sends spans to the collector that the environment names. The log is told when that begins to fail, at most once a
 * minute, and when it works again.
 */
export function createExporter(environment: Environment, logger: TracingLogger): SpanExporter {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS } = environment
  const endpoint = (OTEL_EXPORTER_OTLP_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/$/, '')
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers: parseKeyPairsIntoRecord(OTEL_EXPORTER_OTLP_HEADERS),
    timeoutMillis: TIMEOUT_MS
  })
  const collector = originOf(endpoint)
  let toldAt = -TOLD_EVERY_MS
  let isTold = false
  const failed = (error: Error | undefined) => {
    const now = performance.now()
    if (isTold || now - toldAt < TOLD_EVERY_MS) return
    isTold = true
    toldAt = now
    logger.error({ endpoint: collector, reason: reasonOf(error) }, 'traces cannot be sent to the collector')
  }
  const sent = () => {
    if (!isTold) return
    isTold = false
    logger.info({ endpoint: collector }, 'traces are sent to the collector again')
  }
  return {
    export(spans, done) {
      exporter.export(spans, result => {
        if (result.code === ExportResultCode.SUCCESS) sent()
        else failed(result.error)
        done(result)
      })
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown()
  }
}

/** Without what may be a secret of the collector. */
function originOf(endpoint: string): string {
  return new URL(endpoint).origin
}

/** A status or a code of the system's. Without one the text is the exporter's own, never the collector's. */
function reasonOf(error: Error | undefined): string {
  const code: unknown = error !== undefined && 'code' in error ? error.code : undefined
  if (typeof code === 'string' || typeof code === 'number') return String(code)
  return error?.message ?? 'unknown'
}
