import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

const LIMIT_MS = 300
const TIMED_OUT = '{"msg":"Gateway timeout: the backend did not answer in time","error":"upstream_timeout"}'
const timeouts = { responseMs: LIMIT_MS }

async function timed<T>(action: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  return [await action(), performance.now() - start]
}

describe('an upstream that stays silent past the route’s limit is 504', () => {
  test.each([
    ['GET', requestOf('GET /x HTTP/1.1')],
    ['HEAD', requestOf('HEAD /x HTTP/1.1')],
    ['POST', requestOf('POST /x HTTP/1.1', ['Content-Length: 5'], 'hello')]
  ])('%s: on time, logged once, sent once, and the upstream request is cancelled', async (method, request) => {
    const { connect, upstream, edge } = await relayed(() => {}, { timeouts })
    const client = await connect()
    const [answer, took] = await timed(() => {
      client.send(request)
      return client.answer(method)
    })
    expect(answer.status).toBe(504)
    expect(took).toBeGreaterThan(LIMIT_MS - 5)
    expect(took).toBeLessThan(LIMIT_MS * 2)
    expect(String(answer.body)).toBe(method === 'HEAD' ? '' : TIMED_OUT)
    const { socket } = await upstream.request(1)
    if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
    // The connection is still good, and by the time of its answer a second line would have been written.
    client.send(request)
    await client.answer(method)
    const lines = await edge.requestLines(2)
    expect(lines.map(({ status, failure }) => [status, failure])).toEqual([
      [504, 'upstream_timeout'],
      [504, 'upstream_timeout']
    ])
    expect(upstream.requests).toHaveLength(2)
  })

  test('each route has its own limit', async () => {
    const { exchange } = await relayed(() => {}, {
      timeouts: { responseMs: 60_000 },
      routes: [{ id: 'quick', paths: ['/quick'], methods: ['GET'], timeouts: { responseMs: 50 } }]
    })
    expect((await exchange(requestOf('GET /quick HTTP/1.1'))).status).toBe(504)
  })

  test('also when it has sent 103 and no more', async () => {
    const { exchange } = await relayed(always('HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n'), { timeouts })
    expect((await exchange(requestOf('GET /x HTTP/1.1'))).status).toBe(504)
  })

  test('also when it stops reading an upload', async () => {
    const { connect } = await relayed(({ socket }) => void socket.pause(), { timeouts })
    const client = await connect()
    client.send(requestOf('POST /x HTTP/1.1', [`Content-Length: ${64 * 1024 * 1024}`]))
    client.send(Buffer.alloc(64 * 1024 * 1024))
    expect((await client.answer()).status).toBe(504)
  })
})

test('an upload that takes longer than the limit, steady or with pauses of the client’s, is no timeout', async () => {
  const { connect } = await relayed(async ({ socket, body }) => void socket.write(ok(String((await body()).length))), {
    timeouts: { responseMs: 100 }
  })
  const client = await connect()
  client.send(requestOf('POST /x HTTP/1.1', ['Content-Length: 10']))
  for (let i = 0; i < 8; i += 1) {
    client.send('x')
    await delay(50)
  }
  client.send('x')
  await delay(350)
  client.send('x')
  const answer = await client.answer()
  expect([answer.status, String(answer.body)]).toEqual([200, '10'])
})

test('an answer that has begun may take longer than the limit', async () => {
  const { exchange } = await relayed(
    async ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no')
      await delay(250)
      socket.write('k')
    },
    { timeouts: { responseMs: 100 } }
  )
  expect(String((await exchange(requestOf('GET /x HTTP/1.1'))).body)).toBe('ok')
})

test('a body that falls silent past the idle limit breaks the client’s connection', async () => {
  const { connect, edge } = await relayed(always('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'), {
    timeouts: { idleMs: 300 }
  })
  const client = await connect()
  client.send(requestOf('GET /x HTTP/1.1'))
  expect((await client.answerHead()).status).toBe(200)
  expect(String((await client.rest()).bytes)).toBe('half')
  expect((await edge.requestLines())[0]).toMatchObject({ status: 200, failure: 'upstream_timeout' })
})

test('an idle limit of 0 lets a stream be silent', async () => {
  const { connect, upstream } = await relayed(always('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf'), {
    timeouts: { responseMs: 100, idleMs: 0 }
  })
  const client = await connect()
  client.send(requestOf('GET /x HTTP/1.1'))
  await client.answerHead()
  await delay(2_500)
  const { socket } = await upstream.request(1)
  socket.write('half')
  expect(String(await client.bytes(8))).toBe('halfhalf')
})
