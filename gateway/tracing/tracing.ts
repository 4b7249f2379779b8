import type { CommandWatcher } from '../../services/index.ts'
import type { Assigner } from '../assigner.ts'
import type { RoutingConfig } from '../config/schema.ts'
import type { Environment } from '../environment.ts'
import type { EndedRequest } from '../telemetry/observe.ts'

/** Follows requests for a collector of traces. There is none where tracing is off, and nothing of it is loaded. */
export interface Tracing {
  /** An assigner that begins a trace, or continues the one that the request's header names, with each assignment. */
  following(assigner: Assigner): Assigner
  /** Is told of the commands that a database is sent. */
  readonly watchCommands: CommandWatcher
  /** Ends the traces of requests that have ended. */
  ended(batch: readonly EndedRequest[]): void
  /** Sends what is gathered, within a few seconds, and lets go. Never rejects. */
  close(): Promise<void>
}

export interface TracingOptions {
  readonly environment: Environment
  readonly version: string
  readonly logger: TracingLogger
  /** The configuration that serves: what the patterns of a route are. */
  readonly config: () => RoutingConfig
}

/** The part of a pino logger that is used here. */
export interface TracingLogger {
  info(bindings: object, message: string): void
  error(bindings: object, message: string): void
}

/** Opens tracing where the environment asks for it. */
export async function openTracing(options: TracingOptions): Promise<Tracing | undefined> {
  if (!isTracingOn(options.environment)) return undefined
  const { startTracing } = await import('./start.ts')
  return startTracing(options)
}

/** As OpenTelemetry has it: an exporter or an endpoint turns tracing on, `none` and `OTEL_SDK_DISABLED` turn it off. */
export function isTracingOn(environment: Environment): boolean {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT } = environment
  if (OTEL_SDK_DISABLED === 'true' || OTEL_TRACES_EXPORTER === 'none') return false
  return OTEL_TRACES_EXPORTER === 'otlp' || OTEL_EXPORTER_OTLP_ENDPOINT !== ''
}
