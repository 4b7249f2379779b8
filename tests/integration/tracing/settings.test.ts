import { randomUUID } from 'node:crypto'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { call, upstreamForTest } from '../gateway/support.ts'
import { askWithin, foreignIds, givenTracing, headerOf, surroundings } from './scene.ts'

const around = surroundings()

/** Ends a process that loads anything of OpenTelemetry. */
const WITHOUT_OPENTELEMETRY = {
  NODE_OPTIONS: `--import=${new URL('without-opentelemetry.ts', import.meta.url).href}`
}

describe('the trace context of the request', () => {
  const known = '4bf92f3577b34da6a3ce929d0e0e4736'

  test.each([
    ['another length', '00-abc-def-01'],
    ['an id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a parent of zeros', `00-${known}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${known.toUpperCase()}-00F067AA0BA902B7-01`],
    ['version ff', `ff-${known}-00f067aa0ba902b7-01`],
    ['more than version 00 has', `00-${known}-00f067aa0ba902b7-01-extra`],
    ['two of them', [`00-${known}-00f067aa0ba902b7-01`, `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`]]
  ])('with %s is ignored, and its tracestate with it', async (_what, traceparent) => {
    const scene = await givenTracing(around(), { weights: 0 })
    const headers = new Headers({ tracestate: 'congo=1' })
    for (const value of [traceparent].flat()) headers.append('traceparent', value)
    await fetch(`${scene.gateway.url}/`, { headers })
    const sent = headerOf(scene.legacy, 'traceparent')
    expect(sent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(sent).not.toContain(known)
    expect(headerOf(scene.legacy, 'tracestate')).toBeUndefined()
  })

  test('of a later version is read as far as it is known', async () => {
    const scene = await givenTracing(around(), { weights: 0 })
    const { traceId, spanId } = foreignIds()
    await call(scene.gateway.url, '/', { headers: { traceparent: `cc-${traceId}-${spanId}-01-what-comes` } })
    expect(headerOf(scene.legacy, 'traceparent')).toMatch(new RegExp(`^00-${traceId}-`))
  })
})

describe('sampling', () => {
  const NONE = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }

  test('whoever began the trace decides, else the ratio; what is not taken is passed on as such', async () => {
    const scene = await givenTracing(around(), { weights: 0, env: NONE })
    await call(scene.gateway.url, '/')
    expect(headerOf(scene.legacy, 'traceparent')).toMatch(/-00$/)
    const left = await askWithin(scene, '/', {}, '00')
    expect(headerOf(scene.legacy, 'traceparent')).toMatch(new RegExp(`^00-${left.traceId}-[0-9a-f]{16}-00$`))
    const taken = await askWithin(scene, '/')
    expect(await scene.collector.trace(taken.traceId, 2)).toHaveLength(2)
    expect(new Set(scene.collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([taken.traceId]))
  })

  test('without a parent-based sampler nobody else decides', async () => {
    const scene = await givenTracing(around(), { weights: 0, env: { OTEL_TRACES_SAMPLER: 'always_on' } })
    const { traceId } = await askWithin(scene, '/', {}, '00')
    expect(await scene.collector.trace(traceId, 2)).toHaveLength(2)
  })
})

describe('off', () => {
  const FIELDS = [
    ['Traceparent', '00-NOT-what-it-should-be'],
    ['TraceState', 'odd = 1 ,'],
    ['traceparent', 'again'],
    ['Baggage', 'x=1 ; y']
  ].flat()

  test.each([
    ['by default', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['with OTEL_TRACES_EXPORTER=none', { OTEL_TRACES_EXPORTER: 'none' }],
    ['with OTEL_SDK_DISABLED', { OTEL_SDK_DISABLED: 'true' }]
  ])('%s nothing is loaded, sent, logged or touched', async (_how, env: Record<string, string>) => {
    const seen: string[][] = []
    const legacy = await upstreamForTest(({ rawHeaders }, response) => {
      seen.push(rawHeaders)
      response.end()
    })
    const options = { weights: 0, legacyUrl: legacy.url, env: { ...env, ...WITHOUT_OPENTELEMETRY } }
    const scene = await givenTracing(around(), options)
    const requestId = randomUUID()
    await request(`${scene.gateway.url}/`, { headers: [...FIELDS, 'x-request-id', requestId] })
    const entry = await scene.gateway.waitForLog(line => (line['requestId'] === requestId ? line : undefined))
    expect(entry).not.toHaveProperty('traceId')
    const got = seen[0] ?? []
    const at = got.indexOf('Traceparent')
    expect(got.slice(at, at + FIELDS.length)).toEqual(FIELDS)
    await scene.gateway.stop()
    expect(scene.collector.spans).toEqual([])
  })

  test('what says that nothing is loaded finds it where it is', async () => {
    const refused = givenTracing(around(), { weights: 0, env: WITHOUT_OPENTELEMETRY })
    await expect(refused).rejects.toThrow('OpenTelemetry is not to be loaded')
  })
})

test('what OpenTelemetry is told wrongly stops the start, and says what would be right', async () => {
  const wrong = {
    OTEL_TRACES_EXPORTER: 'jaeger',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_SAMPLER: 'sometimes',
    OTEL_TRACES_SAMPLER_ARG: '1.5'
  }
  const error = await givenTracing(around(), { env: wrong }).catch(String)
  for (const name of Object.keys(wrong)) expect(error).toContain(`${name} is wrong: expected `)
})
