import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../support/fresh-database.ts'
import { type GatewayOptions, type RunningGateway, startGateway } from '../../support/gateway.ts'
import { NHS_CREDENTIALS, type NhsStub, startNhsStub } from '../../support/nhs-stub.ts'
import { type OpenAiStub, startOpenAiStub } from '../../support/openai-stub.ts'
import { type Call, call, JWT_SECRET, type Upstream, upstreamForTest } from '../gateway/support.ts'
import { type CollectedSpan, type Collector, givenCollector, type Manner } from './collector.ts'

/** What the gateways of a file share. */
export interface Surroundings {
  readonly database: FreshDatabase
  readonly openai: OpenAiStub
  readonly nhs: NhsStub
}

export interface Scene {
  readonly gateway: RunningGateway
  readonly collector: Collector
  readonly legacy: Upstream
}

export interface SceneOptions extends Partial<GatewayOptions> {
  /** Of legacy; default: it says what it was asked. */
  readonly answer?: RequestListener
  /** Of the collector; default: it takes everything. */
  readonly manner?: Manner
}

/** A database and stand-ins for OpenAI and the NHS, for the tests of a file. */
export function surroundings(): () => Surroundings {
  let all: Surroundings | undefined
  beforeAll(async () => {
    const [database, openai, nhs] = await Promise.all([freshDatabase(), startOpenAiStub(), startNhsStub()])
    all = { database, openai, nhs }
  })
  afterAll(async () => {
    await Promise.all([all?.openai.close(), all?.nhs.close(), all?.database.drop()])
  })
  return () => {
    if (all === undefined) throw new Error('the tests have not begun')
    return all
  }
}

/** A gateway that tells a collector, before a backend that says what it got; all goes with the test. */
export async function givenTracing(
  { database, openai, nhs }: Surroundings,
  { env, answer, manner, ...options }: SceneOptions = {}
): Promise<Scene> {
  const collector = await givenCollector(manner)
  const legacy = await upstreamForTest(answer)
  const gateway = await startGateway({
    legacyUrl: legacy.url,
    mongodbUri: database.uri,
    jwtSecret: JWT_SECRET,
    weights: 100,
    ...options,
    env: {
      OPENAI_BASE_URL: openai.url,
      OPENAI_MAX_RETRIES: '0',
      NHS_BASE_URL: nhs.url,
      NHS_CLIENT_ID: NHS_CREDENTIALS.clientId,
      NHS_CLIENT_SECRET: NHS_CREDENTIALS.clientSecret,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ...env
    }
  })
  onTestFinished(async () => void (await gateway.stop()))
  return { gateway, collector, legacy }
}

/** Ids of a trace and of a span that somebody else began. */
export function foreignIds() {
  return { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') }
}

/** A request within a trace that somebody else began. */
export async function askWithin({ gateway }: Scene, path: string, options: Call = {}, flags = '01') {
  const { traceId, spanId } = foreignIds()
  const traceparent = `00-${traceId}-${spanId}-${flags}`
  const answer = await call(gateway.url, path, { ...options, headers: { ...options.headers, traceparent } })
  return { traceId, spanId, answer }
}

/** The one span of a name. */
export function named(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const [span, ...more] = spans.filter(each => each.name === name)
  if (span === undefined || more.length > 0) {
    throw new Error(`not one span is named ${name}: ${spans.map(each => each.name).join(', ')}`)
  }
  return span
}

/** A field of the last request that came. */
export function headerOf({ requests }: Upstream, name: string): string | undefined {
  const value = requests.at(-1)?.headers[name]
  return value === undefined ? undefined : String(value)
}
