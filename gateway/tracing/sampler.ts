import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler
} from '@opentelemetry/sdk-trace'
import type { Environment } from '../environment.ts'

/** The sampler that the environment names. With `parentbased_…` whoever began a trace has decided. */
export function samplerOf(environment: Environment): Sampler {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio } = environment
  const root = rootOf(name, ratio === '' ? 1 : Number(ratio))
  return name === '' || name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}

function rootOf(name: Environment['OTEL_TRACES_SAMPLER'], ratio: number): Sampler {
  if (name.endsWith('traceidratio')) return new TraceIdRatioBasedSampler(ratio)
  return name.endsWith('always_off') ? new AlwaysOffSampler() : new AlwaysOnSampler()
}
