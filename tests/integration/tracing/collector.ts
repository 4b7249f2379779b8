import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { fieldsOf, hex, integer, parts, text } from './protobuf.ts'

export type Attributes = Readonly<Record<string, string | number | boolean>>

/** A span as it came to the collector (opentelemetry-proto 1.x, trace.proto). */
export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty at the root. */
  readonly parentId: string
  readonly traceState: string
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'other'
  readonly attributes: Attributes
  readonly events: readonly string[]
  readonly failed: boolean
  readonly startNs: bigint
  readonly endNs: bigint
  readonly resource: Attributes
}

export interface Collector {
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be. */
  readonly url: string
  readonly spans: readonly CollectedSpan[]
  /** Everything that came, as it came. */
  readonly bytes: () => Buffer
  readonly headers: readonly NodeJS.Dict<string | string[]>[]
  /** Each thing that was sent, in order; one that was sent twice is there twice. */
  readonly bodies: readonly Buffer[]
  /** Resolves when that many have been sent. */
  sent(count: number): Promise<void>
  /** The spans of a trace, once they are as many as that. */
  trace(traceId: string, count: number, deadlineMs?: number): Promise<CollectedSpan[]>
  /** The spans of a trace, once that of the server is there, which is the last to end. */
  whole(traceId: string): Promise<CollectedSpan[]>
}

/** How what is sent is met, the nth from 1: with a status, or not at all. */
export type Manner = (nth: number) => number | 'silence'

const KINDS = { 1: 'internal', 2: 'server', 3: 'client' } as const
const DEADLINE_MS = 10_000

/** A collector that takes OTLP over HTTP, as protobuf, and keeps what it gets; it goes with the test. */
export async function givenCollector(manner: Manner = () => 200): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const bodies: Buffer[] = []
  const headers: NodeJS.Dict<string | string[]>[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    void buffer(request).then(body => {
      if (request.method !== 'POST' || request.url !== '/v1/traces') return response.writeHead(404).end()
      bodies.push(body)
      headers.push(request.headers)
      spans.push(...spansOf(body))
      const met = manner(bodies.length)
      if (met !== 'silence') response.writeHead(met, { 'content-type': 'application/x-protobuf' }).end()
      for (const check of waiting) check()
      return undefined
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the collector has no TCP port')

  const of = (traceId: string) => spans.filter(span => span.traceId === traceId)
  const until = async (isSo: () => boolean, what: () => string, deadlineMs = DEADLINE_MS) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = () => {
      if (isSo()) resolve()
    }
    const timer = setTimeout(() => reject(new Error(`within ${deadlineMs} ms came ${what()}`)), deadlineMs)
    waiting.add(check)
    check()
    await promise.finally(() => {
      clearTimeout(timer)
      waiting.delete(check)
    })
  }
  const spansOnce = async (traceId: string, isSo: () => boolean, deadlineMs?: number) => {
    const names = () => of(traceId).map(({ name }) => name)
    await until(isSo, () => `of trace ${traceId}: ${names().join(', ')}`, deadlineMs)
    return of(traceId).sort((a, b) => Number(a.startNs - b.startNs))
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    spans,
    headers,
    bodies,
    bytes: () => Buffer.concat(bodies),
    sent: count =>
      until(
        () => bodies.length >= count,
        () => `${bodies.length} of ${count}`
      ),
    trace: (traceId, count, deadlineMs) => spansOnce(traceId, () => of(traceId).length >= count, deadlineMs),
    whole: traceId => spansOnce(traceId, () => of(traceId).some(({ kind }) => kind === 'server'))
  }
}

function spansOf(request: Buffer): CollectedSpan[] {
  return parts(request, 1).flatMap(resourceSpans => {
    const [resource = Buffer.alloc(0)] = parts(resourceSpans, 1)
    return parts(resourceSpans, 2)
      .flatMap(scopeSpans => parts(scopeSpans, 2))
      .map(span => spanOf(span, attributesOf(resource, 1)))
  })
}

function spanOf(span: Buffer, resource: Attributes): CollectedSpan {
  const kind = Number(integer(span, 6))
  const [status = Buffer.alloc(0)] = parts(span, 15)
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    traceState: text(span, 3),
    parentId: hex(span, 4),
    name: text(span, 5),
    kind: kind === 1 || kind === 2 || kind === 3 ? KINDS[kind] : 'other',
    startNs: integer(span, 7),
    endNs: integer(span, 8),
    attributes: attributesOf(span, 9),
    events: parts(span, 11).map(event => text(event, 2)),
    failed: integer(status, 3) === 2n,
    resource
  }
}

function attributesOf(message: Buffer, number: number): Attributes {
  return Object.fromEntries(
    parts(message, number).map(pair => [text(pair, 1), valueOf(parts(pair, 2)[0] ?? Buffer.alloc(0))])
  )
}

function valueOf(anyValue: Buffer): string | number | boolean {
  const [field] = fieldsOf(anyValue)
  if (field === undefined) return ''
  if (Buffer.isBuffer(field.value)) return field.value.toString()
  return field.number === 2 ? field.value === 1n : Number(field.value)
}
