import { describe, expect, test } from 'vitest'
import { ok, relayed, requestOf } from './support.ts'

const EARLY_HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n'

test('103 is passed on, with its fields, before the answer is there', async () => {
  const { connect, upstream } = await relayed(({ socket }) => void socket.write(EARLY_HINTS))
  const client = await connect()
  client.send(requestOf('GET /x HTTP/1.1'))
  // The final answer is held back until the client has the hint.
  expect((await client.bytes(24)).toString()).toBe('HTTP/1.1 103 Early Hints')
  const { socket } = await upstream.request(1)
  socket.write(ok('done'))
  const links = (await client.bytes(80)).toString()
  expect(links).toContain('Link: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload')
  expect((await client.answer()).body.toString()).toBe('done')
})

test.each(['102 Processing', '103 Early Hints', '110 Odd', '199 Odder'])('%s comes before the answer', async status => {
  const { exchange } = await relayed(
    ({ socket }) => void socket.write(`HTTP/1.1 ${status}\r\nX-A: 1\r\n\r\n${String(ok())}`)
  )
  const answer = await exchange(requestOf('GET /x HTTP/1.1'))
  const [first] = answer.informational
  expect([answer.status, answer.informational.length, first?.status, first?.header('x-a')]).toEqual([
    200,
    1,
    Number(status.slice(0, 3)),
    '1'
  ])
})

test('several come in order', async () => {
  const { exchange } = await relayed(
    ({ socket }) => void socket.write(`HTTP/1.1 102 A\r\n\r\n${EARLY_HINTS}${String(ok())}`)
  )
  const answer = await exchange(requestOf('GET /x HTTP/1.1'))
  expect(answer.informational.map(({ status }) => status)).toEqual([102, 103])
})

test('an HTTP/1.0 client gets none', async () => {
  const { exchange } = await relayed(({ socket }) => void socket.write(EARLY_HINTS + String(ok('done'))))
  const answer = await exchange(requestOf('GET /x HTTP/1.0'))
  expect([answer.informational.length, answer.body.toString()]).toEqual([0, 'done'])
})

describe('a 100 that nobody asked for is dropped', () => {
  test.each([
    ['with the answer', ['HTTP/1.1 100 Continue\r\n\r\n'], true],
    ['before the answer', ['HTTP/1.1 100 Continue\r\n\r\n'], false],
    ['twice', ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.0 100 Continue\r\nX: 1\r\n\r\n'], true]
  ])('%s', async (_, interim, atOnce) => {
    const { connect, upstream } = await relayed(async ({ socket, body }) => {
      await new Promise(resolve => socket.write(interim.join(''), resolve))
      await body()
      // Only a second write after the first has left its own packet.
      if (!atOnce) await new Promise(resolve => setImmediate(resolve))
      socket.write(ok('HTTP/1.1 100 Continue\r\n\r\n'))
    })
    const client = await connect()
    for (const turn of [1, 2]) {
      client.send(requestOf('POST /x HTTP/1.1', ['Content-Length: 5'], 'hello'))
      const answer = await client.answer()
      expect([turn, answer.status, answer.informational.length, String(answer.body)]).toEqual([
        turn,
        200,
        0,
        'HTTP/1.1 100 Continue\r\n\r\n'
      ])
    }
    expect(upstream.connections).toBe(1)
  })
})

test('a 101 that nobody asked for is 502', async () => {
  const { exchange } = await relayed(
    ({ socket }) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  )
  expect((await exchange(requestOf('GET /x HTTP/1.1'))).status).toBe(502)
})
