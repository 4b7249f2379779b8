import { Type } from '@sinclair/typebox'

const oneOf = <const T extends string>(values: readonly T[], description: string) =>
  Type.Union(
    ['' as const, ...values].map(value => Type.Literal(value)),
    { default: '', description }
  )

/**
 * The variables of OpenTelemetry that the gateway reads; empty ones are as if they were not set. Others do not turn
 * tracing on; the exporter itself reads those for compression and certificates.
 */
export const TracingVariables = {
  OTEL_TRACES_EXPORTER: oneOf(
    ['otlp', 'none'],
    'otlp: traces are sent to a collector. none: they are not. empty: they are with an endpoint'
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.String({
    default: '',
    pattern: '^$|^https?://[^\\s?#]*[^\\s?#/]/?$',
    description: 'the URL of the collector, http:// or https://, for OTLP over HTTP; empty: http://localhost:4318'
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(['http/protobuf'], 'http/protobuf, the one protocol that is spoken'),
  OTEL_EXPORTER_OTLP_HEADERS: Type.String({
    default: '',
    pattern: '^$|^[^=,\\s]+=[^,]*(,[^=,]+=[^,]*)*$',
    description: 'header fields for the collector, name=value, comma-separated, values percent-encoded'
  }),
  OTEL_SERVICE_NAME: Type.String({
    default: 'scribe-gateway',
    description: 'what traces call the gateway; empty: scribe-gateway'
  }),
  OTEL_TRACES_SAMPLER: oneOf(
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio'
    ],
    'one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, ' +
      'parentbased_traceidratio; empty: parentbased_always_on'
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.String({
    default: '',
    pattern: '^$|^(?:0|1|0?\\.\\d+|1\\.0+)$',
    description: 'the share of traces that a traceidratio sampler takes, 0–1; empty: 1'
  }),
  OTEL_SDK_DISABLED: oneOf(['true', 'false'], 'true: no traces, whatever the others say; or false')
}
