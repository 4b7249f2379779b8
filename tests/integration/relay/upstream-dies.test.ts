import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

const deaths: readonly [string, (socket: Socket) => void][] = [
  ['closes', socket => void socket.end()],
  ['resets', socket => void socket.resetAndDestroy()]
]

describe.each(deaths)('an upstream that %s its connection mid-body breaks the client’s', (_, die) => {
  test.each([
    ['with a length', 'Content-Length: 100', 'half'],
    ['with a length, closing', 'Content-Length: 100\r\nConnection: close', 'half'],
    ['chunked, between chunks', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n'],
    ['chunked, within a chunk', 'Transfer-Encoding: chunked', '8\r\nhalf'],
    ['chunked, closing', 'Transfer-Encoding: chunked\r\nConnection: close', '4\r\nhalf\r\n']
  ])('%s', async (_framing, fields, sent) => {
    const { connect, upstream, edge } = await relayed(
      ({ socket }) => void socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${sent}`)
    )
    const client = await connect()
    client.send(requestOf('GET /x HTTP/1.1'))
    await client.answerHead()
    // The gateway has begun to pass the body on.
    await client.bytes(sent.length)
    die((await upstream.request(1)).socket)
    const { bytes } = await client.rest()
    expect(String(bytes)).not.toContain('0\r\n\r\n')
    const [line] = await edge.requestLines()
    expect(line).toMatchObject({ status: 200, failure: expect.stringMatching(/^upstream_/) })
  })
})

test('a reset ends no body whole that only the end of the connection delimits', async () => {
  const { connect, upstream } = await relayed(
    ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf')
  )
  const client = await connect()
  client.send(requestOf('GET /x HTTP/1.1'))
  await client.answerHead()
  await client.bytes('4\r\nhalf\r\n'.length)
  const { socket } = await upstream.request(1)
  socket.resetAndDestroy()
  expect(String((await client.rest()).bytes)).toBe('')
})

test('a body that is longer than its length goes no further than the length', async () => {
  const { connect } = await relayed(always('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n'))
  const client = await connect()
  client.send(requestOf('GET /x HTTP/1.1'))
  expect(String((await client.answer()).body)).toBe('ok')
})

test('bytes on an idle upstream connection answer nobody', async () => {
  const { exchange, upstream } = await relayed(({ socket, target }) => void socket.write(ok(target)))
  await exchange(requestOf('GET /1 HTTP/1.1'))
  const { socket } = await upstream.request(1)
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.write(ok('planted'))
  await closed
  expect(String((await exchange(requestOf('GET /2 HTTP/1.1'))).body)).toBe('/2')
})
