import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { ObjectId } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { fail } from '../../support/http-stub.ts'
import { bearer, call, marker, NO_DATABASE, NOBODY, upstreamForTest } from '../gateway/support.ts'
import { askWithin, foreignIds, givenTracing, headerOf, named, surroundings } from './scene.ts'

const around = surroundings()

describe('through native', () => {
  test('a server span holds the service, and that the commands of the database', async () => {
    const scene = await givenTracing(around())
    const consultation = new ObjectId().toHexString()
    const { traceId, spanId, answer } = await askWithin(scene, `/api/notes/${consultation}?mark=1`, {
      headers: bearer(new ObjectId().toHexString())
    })
    expect(answer.headers['x-served-by']).toBe('native')
    const spans = await scene.collector.trace(traceId, 4)
    const server = named(spans, 'GET /api/notes/:consultationId')
    const native = named(spans, 'native GET /api/notes/:consultationId')
    expect(server).toMatchObject({
      kind: 'server',
      parentId: spanId,
      failed: false,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/api/notes/:consultationId',
        'http.response.status_code': answer.status,
        'gateway.route': 'notes.list',
        'gateway.target': 'native',
        'gateway.reason': 'weight',
        'gateway.revision': 1,
        'gateway.served_by': 'native',
        'gateway.request_id': answer.headers['x-request-id']
      },
      resource: { 'service.name': 'scribe-gateway' }
    })
    expect(native).toMatchObject({ kind: 'internal', parentId: server.spanId })
    const commands = spans.filter(({ kind }) => kind === 'client')
    expect(commands.map(({ name }) => name)).toContain('find blacktokens')
    for (const { parentId, attributes } of commands) {
      expect(parentId).toBe(native.spanId)
      expect(attributes).toMatchObject({ 'db.system.name': 'mongodb', 'db.operation.name': expect.any(String) })
    }
    for (const { startNs, endNs } of spans) expect(endNs).toBeGreaterThanOrEqual(startNs)
    expect(scene.collector.bytes().includes(consultation)).toBe(false)
  })

  test('what a body leads to is followed too, and no value of it is told', async () => {
    const scene = await givenTracing(around())
    const secret = marker()
    const body = { username: secret, email: `${secret}@example.org`, password: secret, role: 'clinician' }
    const { traceId, answer } = await askWithin(scene, '/users/register', {
      method: 'POST',
      body,
      headers: { 'x-note': secret }
    })
    expect(answer.status).toBeLessThan(300)
    const spans = await scene.collector.trace(traceId, 4)
    expect(spans.map(({ name }) => name)).toContain('insert users')
    expect(scene.collector.bytes().includes(secret)).toBe(false)
  })

  test('OpenAI and the NHS are asked within the trace, without a word of what for, and are not told of it', async () => {
    const { openai, nhs } = around()
    const scene = await givenTracing(around())
    const secret = marker()
    const headers = bearer(new ObjectId().toHexString())
    const search = await askWithin(scene, `/api/ai/search?query=${secret}`, { method: 'POST', headers, body: {} })
    expect(search.answer.status).toBe(200)
    const codes = await askWithin(scene, `/api/ai/search/clinicalcodes?name=${secret}`, { headers })
    expect(codes.answer.status).toBe(404)

    const asked = named(await scene.collector.trace(search.traceId, 4), 'POST 127.0.0.1')
    expect(asked).toMatchObject({
      kind: 'client',
      failed: false,
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200, 'server.address': '127.0.0.1' }
    })
    const searched = await scene.collector.trace(codes.traceId, 4)
    expect(named(searched, 'GET 127.0.0.1').attributes['server.port']).toBe(Number(new URL(nhs.url).port))
    expect(openai.requests.at(-1)?.headers['traceparent']).toBeUndefined()
    expect(nhs.search.requests.at(-1)?.headers['traceparent']).toBeUndefined()
    expect(scene.collector.bytes().includes(secret)).toBe(false)
  })

  test('a request outwards that fails is marked, and what it led to', async () => {
    const { openai } = around()
    const scene = await givenTracing(around())
    openai.behave(fail(503))
    onTestFinished(() => openai.behave())
    const headers = bearer(new ObjectId().toHexString())
    const { traceId, answer } = await askWithin(scene, '/api/ai/search?query=x', { method: 'POST', headers, body: {} })
    expect(answer.status).toBe(500)
    const spans = await scene.collector.trace(traceId, 4)
    expect(named(spans, 'POST 127.0.0.1')).toMatchObject({ failed: true, attributes: { 'error.type': '503' } })
    expect(named(spans, 'native POST /api/ai/search')).toMatchObject({ failed: true })
    expect(named(spans, 'POST /api/ai/search')).toMatchObject({ failed: true, attributes: { 'error.type': '500' } })
  })
})

describe('through legacy', () => {
  test('the exchange is a span of its own, which legacy goes on from', async () => {
    const scene = await givenTracing(around(), { weights: 0 })
    const note = new ObjectId().toHexString()
    const { traceId, spanId } = await askWithin(scene, `/api/notes/${note}`, {
      headers: { tracestate: 'congo=t61rcWkgMzE,rojo=1', baggage: 'a=1;p=2, b=%20' }
    })
    const spans = await scene.collector.trace(traceId, 2)
    const server = named(spans, 'GET /api/notes/:consultationId')
    const exchange = named(spans, 'GET legacy')
    expect(server).toMatchObject({ parentId: spanId, traceState: 'congo=t61rcWkgMzE,rojo=1' })
    expect(server.attributes).toMatchObject({ 'gateway.target': 'legacy', 'http.response.status_code': 200 })
    expect(exchange).toMatchObject({
      kind: 'client',
      parentId: server.spanId,
      attributes: { 'http.response.status_code': 200, 'server.port': scene.legacy.port, 'gateway.upstream': 'legacy' }
    })
    expect(headerOf(scene.legacy, 'traceparent')).toBe(`00-${traceId}-${exchange.spanId}-01`)
    expect(headerOf(scene.legacy, 'tracestate')).toBe('congo=t61rcWkgMzE,rojo=1')
    expect(headerOf(scene.legacy, 'baggage')).toBe('a=1;p=2, b=%20')
    expect(scene.collector.bytes().includes(note)).toBe(false)
  })

  test('a request without a trace begins one, and the log names it', async () => {
    const scene = await givenTracing(around(), { weights: 0 })
    const requestId = randomUUID()
    await call(scene.gateway.url, '/', { headers: { 'x-request-id': requestId } })
    const entry = await scene.gateway.waitForLog(line => (line['requestId'] === requestId ? line : undefined))
    const traceId = String(entry['traceId'])
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(headerOf(scene.legacy, 'traceparent')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    const spans = await scene.collector.trace(traceId, 2)
    expect(named(spans, 'GET /')).toMatchObject({ parentId: '', attributes: { 'http.route': '/' } })
  })

  test('of a route with several paths the one that was asked for is told', async () => {
    const scene = await givenTracing(around(), { weights: 0 })
    const { traceId } = await askWithin(scene, '/USERS/users/checkEmail/?email=a')
    const spans = await scene.collector.trace(traceId, 2)
    expect(named(spans, 'GET /users/users/checkEmail').kind).toBe('server')
  })

  test('legacy that does not answer is said with a short code', async () => {
    const scene = await givenTracing(around(), { weights: 0, legacyUrl: NOBODY })
    const { traceId, answer } = await askWithin(scene, '/')
    expect(answer.status).toBe(502)
    const spans = await scene.collector.trace(traceId, 2)
    for (const name of ['GET /', 'GET legacy']) {
      expect(named(spans, name)).toMatchObject({ failed: true, attributes: { 'error.type': 'upstream_unreachable' } })
    }
  })

  test('a handshake for WebSocket goes on within the trace, which ends with the connection', async () => {
    const sockets = new WebSocketServer({ noServer: true })
    const legacy = await upstreamForTest()
    const shaken = once(sockets, 'connection')
    legacy.server.on('upgrade', (incoming, socket, head) => {
      sockets.handleUpgrade(incoming, socket, head, client => sockets.emit('connection', client, incoming))
    })
    const scene = await givenTracing(around(), { weights: 0, legacyUrl: legacy.url })
    const { traceId, spanId } = foreignIds()
    const client = new WebSocket(`${scene.gateway.url.replace('http', 'ws')}/transcription-stream`, {
      headers: { traceparent: `00-${traceId}-${spanId}-01` }
    })
    await once(client, 'open')
    const [, handed] = await shaken
    client.close()
    const spans = await scene.collector.trace(traceId, 2)
    const handshake = named(spans, 'GET legacy')
    expect(handed.headers.traceparent).toBe(`00-${traceId}-${handshake.spanId}-01`)
    expect(handshake).toMatchObject({ failed: false, attributes: { 'http.response.status_code': 101 } })
    expect(named(spans, 'GET /transcription-stream')).toMatchObject({
      parentId: spanId,
      attributes: { 'http.response.status_code': 101 }
    })
  })
})

describe('through a fallback', () => {
  test('both sides are in one trace, and the fallback is an event of it', async () => {
    const scene = await givenTracing(around(), { mongodbUri: NO_DATABASE })
    const { traceId, answer } = await askWithin(scene, '/users/checkEmail?email=a@example.org')
    expect(answer).toMatchObject({ status: 200, headers: { 'x-served-by': 'legacy' } })
    const spans = await scene.collector.trace(traceId, 3)
    const server = named(spans, 'GET /users/checkEmail')
    expect(server).toMatchObject({
      events: ['fallback'],
      failed: false,
      attributes: { 'gateway.target': 'native', 'gateway.served_by': 'legacy' }
    })
    expect(named(spans, 'native GET /users/checkEmail')).toMatchObject({ failed: true, parentId: server.spanId })
    const exchange = named(spans, 'GET legacy')
    expect(exchange.parentId).toBe(server.spanId)
    expect(headerOf(scene.legacy, 'traceparent')).toBe(`00-${traceId}-${exchange.spanId}-01`)
    expect(spans).toHaveLength(3)
  })
})
