import { ExportResultCode, parseKeyPairsIntoRecord } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Environment } from '../environment.ts'
import type { TracingLogger } from './tracing.ts'

const DEFAULT_ENDPOINT = 'http://localhost:4318'
const TIMEOUT_MS = 10_000

/** Sends spans to the collector that the environment names, and logs once when that begins to fail, and when it ends. */
export function createExporter(environment: Environment, logger: TracingLogger): SpanExporter {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS } = environment
  const endpoint = (OTEL_EXPORTER_OTLP_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/$/, '')
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers: parseKeyPairsIntoRecord(OTEL_EXPORTER_OTLP_HEADERS),
    timeoutMillis: TIMEOUT_MS
  })
  let isFailing = false
  const tell = (failed: boolean) => {
    if (failed && !isFailing) logger.error({ endpoint: originOf(endpoint) }, 'traces cannot be sent to the collector')
    if (!failed && isFailing) logger.info({ endpoint: originOf(endpoint) }, 'traces are sent to the collector again')
    isFailing = failed
  }
  return {
    export(spans, done) {
      exporter.export(spans, result => {
        tell(result.code !== ExportResultCode.SUCCESS)
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
