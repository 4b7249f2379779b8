import { ObjectId } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { connectRaw } from '../../support/raw.ts'
import { bearer } from '../gateway/support.ts'
import type { CollectedSpan } from './collector.ts'
import { askWithin, foreignIds, givenTracing, named, surroundings } from './scene.ts'

const around = surroundings()

const EACH = 100

/** The one server span of a trace, below the span that the client named. */
function expectOwn(spans: readonly CollectedSpan[], parentId: string) {
  const [server, ...others] = spans.filter(({ kind }) => kind === 'server')
  expect(others).toEqual([])
  expect(server?.parentId).toBe(parentId)
  return server
}

test('requests at the same time do not mix, though they share batches and connections', async () => {
  const scene = await givenTracing(around(), { weights: { 'notes.list': 100 } })
  const ask = (path: string) => askWithin(scene, path, { headers: bearer(new ObjectId().toHexString()) })
  const asked = Array.from({ length: EACH }, () => {
    const id = new ObjectId().toHexString()
    return [ask(`/api/notes/${id}`), ask(`/api/consultation/${id}`)] as const
  })
  const natively = await Promise.all(asked.map(([native]) => native))
  const relayed = await Promise.all(asked.map(([, legacy]) => legacy))

  let commands = 0
  for (const { traceId, spanId, answer } of natively) {
    expect(answer.headers['x-served-by']).toBe('native')
    const spans = await scene.collector.whole(traceId)
    const server = expectOwn(spans, spanId)
    const native = named(spans, 'native GET /api/notes/:consultationId')
    expect(native.parentId).toBe(server?.spanId)
    const finds = spans.filter(({ kind }) => kind === 'client')
    // A batch is in the trace of who asked first, and a request asks for each thing once.
    expect(new Set(finds.map(({ name }) => name)).size).toBe(finds.length)
    for (const { parentId, startNs } of finds) {
      expect(parentId).toBe(native.spanId)
      expect(startNs).toBeGreaterThanOrEqual(native.startNs)
      expect(startNs).toBeLessThanOrEqual(native.endNs)
    }
    commands += finds.length
  }
  expect(commands).toBeGreaterThan(0)
  const all = scene.collector.spans.filter(({ attributes }) => attributes['db.system.name'] === 'mongodb')
  expect(all).toHaveLength(commands)

  const received = scene.legacy.requests.map(({ headers }) => headers.traceparent)
  expect(received).toHaveLength(EACH)
  for (const { traceId, spanId } of relayed) {
    const spans = await scene.collector.whole(traceId)
    const server = expectOwn(spans, spanId)
    const exchange = named(spans, 'GET legacy')
    expect(exchange.parentId).toBe(server?.spanId)
    expect(received).toContain(`00-${traceId}-${exchange.spanId}-01`)
    expect(spans).toHaveLength(2)
  }
})

test('requests one behind the other on a connection are traces of their own', async () => {
  const scene = await givenTracing(around(), { weights: { 'notes.list': 100 } })
  const client = await connectRaw(Number(new URL(scene.gateway.url).port))
  onTestFinished(() => void client.socket.destroy())
  const { authorization } = bearer(new ObjectId().toHexString())
  const traces = Array.from({ length: 10 }, (_, index) => ({ ...foreignIds(), isNative: index % 2 === 0 }))
  const pieces = traces.map(({ traceId, spanId, isNative }) => {
    const path = `/api/${isNative ? 'notes' : 'consultation'}/${new ObjectId().toHexString()}`
    const fields = `Host: a\r\nAuthorization: ${authorization}\r\nTraceparent: 00-${traceId}-${spanId}-01`
    return `GET ${path} HTTP/1.1\r\n${fields}\r\n\r\n`
  })
  client.send(pieces.join(''))
  for (const { isNative } of traces) {
    expect((await client.answer()).header('x-served-by')).toBe(isNative ? 'native' : 'legacy')
  }
  for (const { traceId, spanId, isNative } of traces) {
    const spans = await scene.collector.whole(traceId)
    const server = expectOwn(spans, spanId)
    const inner = named(spans, isNative ? 'native GET /api/notes/:consultationId' : 'GET legacy')
    expect(inner.parentId).toBe(server?.spanId)
  }
})
