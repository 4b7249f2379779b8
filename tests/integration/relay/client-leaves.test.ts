import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ok, relayed, requestOf } from './support.ts'

const leave: readonly [string, (socket: Socket) => void][] = [
  ['closes', socket => void socket.destroy()],
  ['resets', socket => void socket.resetAndDestroy()]
]

describe.each(leave)('a client that %s its connection cancels the upstream request', (_, go) => {
  test('before the answer’s header', async () => {
    const { connect, upstream, edge } = await relayed(() => {})
    const client = await connect()
    client.send(requestOf('GET /x HTTP/1.1'))
    const closed = once((await upstream.request(1)).socket, 'close')
    go(client.socket)
    await closed
    expect((await edge.requestLines())[0]).toMatchObject({ status: 499 })
  })

  test('in the middle of the answer', async () => {
    const { connect, upstream, edge } = await relayed(
      ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    )
    const client = await connect()
    client.send(requestOf('GET /x HTTP/1.1'))
    await client.answerHead()
    await client.bytes(4)
    const closed = once((await upstream.request(1)).socket, 'close')
    go(client.socket)
    await closed
    expect((await edge.requestLines())[0]).toMatchObject({ status: 499 })
  })

  test.each([
    ['with a length', 'Content-Length: 100', 'half'],
    ['chunked', 'Transfer-Encoding: chunked', '4\r\nhalf\r\n']
  ])('in the middle of an upload %s', async (_framing, field, sent) => {
    const { connect, upstream, edge } = await relayed(async ({ body }) => void (await body()))
    const client = await connect()
    client.send(requestOf('POST /x HTTP/1.1', [field], sent))
    const request = await upstream.request(1)
    const whole = request.body()
    go(client.socket)
    await expect(whole).rejects.toThrow('ended inside a message')
    expect((await edge.requestLines())[0]).toMatchObject({ status: 499 })
  })
})

test('a client that leaves before the upstream is connected leaves nothing behind', async () => {
  const { connect, exchange, upstream, edge } = await relayed(({ socket }) => void socket.write(ok()))
  const client = await connect()
  client.send(requestOf('GET /gone HTTP/1.1'))
  client.socket.destroy()
  await edge.requestLines()
  expect((await exchange(requestOf('GET /next HTTP/1.1'))).status).toBe(200)
  expect(upstream.requests.at(-1)?.target).toBe('/next')
})
