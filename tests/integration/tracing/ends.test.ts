import { once } from 'node:events'
import { type ClientRequest, get, type RequestListener, request as send } from 'node:http'
import { ObjectId } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { stall } from '../../support/http-stub.ts'
import { bearer, routesWith } from '../gateway/support.ts'
import { givenWire } from '../services/wire.ts'
import { connected, refused } from '../transcription/support.ts'
import { askWithin, foreignIds, givenTracing, named, type Scene, surroundings } from './scene.ts'

const around = surroundings()

function traceOfAnother() {
  const { traceId, spanId } = foreignIds()
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } }
}

/** Ends a request whose answer nobody waits for any more. */
function leave(client: ClientRequest) {
  client.on('error', () => {})
  client.destroy()
}

const beginAnswer: RequestListener = (_request, response) => void response.writeHead(200).write('half')

const breakOff: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-length': 8 }).write('half', () => response.destroy())
}

function askForNotes(scene: Scene) {
  const id = new ObjectId().toHexString()
  return askWithin(scene, `/api/notes/${id}`, { headers: bearer(id) })
}

describe('the client leaves', () => {
  test('before legacy has answered', async () => {
    const asked = Promise.withResolvers<void>()
    const scene = await givenTracing(around(), { weights: 0, answer: () => asked.resolve() })
    const { traceId, headers } = traceOfAnother()
    const client = get(`${scene.gateway.url}/`, { headers })
    await asked.promise
    leave(client)
    const spans = await scene.collector.whole(traceId)
    expect(spans).toHaveLength(2)
    expect(named(spans, 'GET /')).toMatchObject({ failed: false, attributes: { 'http.response.status_code': 499 } })
    expect(named(spans, 'GET legacy')).toMatchObject({ failed: true, attributes: { 'error.type': 'client_left' } })
  })

  test('in the middle of what legacy answers', async () => {
    const scene = await givenTracing(around(), { weights: 0, answer: beginAnswer })
    const { traceId, headers } = traceOfAnother()
    const client = get(`${scene.gateway.url}/`, { headers })
    const [incoming] = await once(client, 'response')
    await once(incoming, 'data')
    leave(client)
    const spans = await scene.collector.whole(traceId)
    expect(named(spans, 'GET legacy')).toMatchObject({
      failed: true,
      attributes: { 'error.type': 'client_left', 'http.response.status_code': 200 }
    })
  })

  test('while a native service waits for another', async () => {
    const { openai } = around()
    const waiting = stall()
    openai.behave(waiting)
    onTestFinished(() => {
      waiting.release()
      openai.behave()
    })
    const nth = openai.requests.length + 1
    const scene = await givenTracing(around())
    const { traceId, headers } = traceOfAnother()
    const client = send(`${scene.gateway.url}/api/ai/search?query=x`, {
      method: 'POST',
      headers: { ...headers, ...bearer(new ObjectId().toHexString()), 'content-type': 'application/json' }
    })
    client.end('{}')
    await openai.request(nth)
    leave(client)
    await scene.collector.whole(traceId)
    const spans = await scene.collector.trace(traceId, 4)
    const server = named(spans, 'POST /api/ai/search')
    const native = named(spans, 'native POST /api/ai/search')
    expect(server.attributes['http.response.status_code']).toBe(499)
    expect(native.parentId).toBe(server.spanId)
    expect(named(spans, 'POST 127.0.0.1')).toMatchObject({ failed: true, parentId: native.spanId })
  })
})

test('an answer that legacy breaks off is said with a short code', async () => {
  const scene = await givenTracing(around(), { weights: 0, answer: breakOff })
  const { traceId, headers } = traceOfAnother()
  const client = get(`${scene.gateway.url}/`, { headers })
  const [incoming] = await once(client, 'response')
  incoming.on('error', () => {}).resume()
  const spans = await scene.collector.whole(traceId)
  for (const name of ['GET /', 'GET legacy']) {
    expect(named(spans, name)).toMatchObject({ failed: true, attributes: { 'error.type': 'upstream_reset' } })
  }
})

describe('the database', () => {
  test('does not answer: the command ends when the driver gives up', async () => {
    const wire = await givenWire(around().database.uri)
    const scene = await givenTracing(around(), { mongodbUri: `${wire.uri}&socketTimeoutMS=2000` })
    const { answer } = await askForNotes(scene)
    expect(answer.headers['x-served-by']).toBe('native')
    wire.hold()
    const { traceId } = await askForNotes(scene)
    const spans = await scene.collector.whole(traceId)
    const native = named(spans, 'native GET /api/notes/:consultationId')
    const asked = spans.find(({ name }) => name === 'find blacktokens')
    expect(asked).toMatchObject({
      failed: true,
      parentId: native.spanId,
      attributes: { 'error.type': 'MongoNetworkTimeoutError' }
    })
  }, 40_000)

  test('refuses a command: its code is told, and nothing of its message, which quotes the document', async () => {
    const users = around().database.db.collection('users')
    // The gateway makes it too, in its own time, and the same.
    await users.createIndex({ email: 1 }, { unique: true, background: true })
    const scene = await givenTracing(around())
    const username = `mark${new ObjectId().toHexString()}`
    const body = { username, email: `${username}@example.org`, password: 'a good password', role: 'clinician' }
    const register = () => askWithin(scene, '/users/register', { method: 'POST', body })
    // Both find that nobody has the address yet.
    const both = await Promise.all([register(), register()])
    const spans = (await Promise.all(both.map(({ traceId }) => scene.collector.whole(traceId)))).flat()
    const inserts = spans.filter(({ name }) => name === 'insert users')
    const [refusedInsert, ...more] = inserts.filter(({ failed }) => failed)
    expect(inserts).toHaveLength(2)
    expect(more).toEqual([])
    expect(refusedInsert?.attributes['error.type']).toBe('11000')
    expect(scene.collector.bytes().includes(username)).toBe(false)
  })
})

describe('a handshake for WebSocket', () => {
  test('that is served natively is a native span, which ends with the connection', async () => {
    const scene = await givenTracing(around())
    const { traceId, spanId, headers } = traceOfAnother()
    const client = await connected(scene.gateway.url, { headers })
    expect(spansOf(scene, traceId)).toEqual([])
    client.socket.close()
    const spans = await scene.collector.whole(traceId)
    const server = named(spans, 'GET /transcription-stream')
    expect(server).toMatchObject({ parentId: spanId, attributes: { 'http.response.status_code': 101 } })
    expect(named(spans, 'native GET /transcription-stream').parentId).toBe(server.spanId)
    expect(spans).toHaveLength(2)
  })

  test('that legacy refuses ends with its answer', async () => {
    const scene = await givenTracing(around(), { weights: 0 })
    scene.legacy.server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno')
    })
    const { traceId, headers } = traceOfAnother()
    expect(await refused(scene.gateway.url, { headers })).toMatchObject({ status: 403 })
    const spans = await scene.collector.whole(traceId)
    expect(named(spans, 'GET legacy').attributes).toMatchObject({
      'http.response.status_code': 403,
      'error.type': '403'
    })
    expect(named(spans, 'GET /transcription-stream').attributes['http.response.status_code']).toBe(403)
  })

  test('that legacy does not answer ends in time', async () => {
    const routes = routesWith({ 'transcription.stream': { weight: 0, timeouts: { responseMs: 300 } } })
    const scene = await givenTracing(around(), { config: { routes } })
    scene.legacy.server.on('upgrade', (_request, socket) => {
      onTestFinished(() => {
        socket.destroy()
      })
    })
    const { traceId, headers } = traceOfAnother()
    expect(await refused(scene.gateway.url, { headers })).toMatchObject({ status: 504 })
    const spans = await scene.collector.whole(traceId)
    for (const name of ['GET legacy', 'GET /transcription-stream']) {
      expect(named(spans, name)).toMatchObject({ failed: true, attributes: { 'error.type': 'upstream_timeout' } })
    }
  })
})

function spansOf({ collector }: Scene, traceId: string) {
  return collector.spans.filter(span => span.traceId === traceId)
}
