import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { ok, relayed, requestOf } from './support.ts'

const TOTAL_BYTES = 256 * 1024 * 1024
/** More than the kernel's and Node's buffers of the two connections together hold on a loopback. */
const BOUND_BYTES = 48 * 1024 * 1024
const CHUNK = Buffer.alloc(65_536, 97)

/** Writes as much as the socket takes; resolves with the count once nothing has left it for several turns of waiting. */
async function fill(socket: Socket): Promise<number> {
  let accepted = 0
  while (accepted < TOTAL_BYTES && !socket.destroyed) {
    accepted += CHUNK.length
    if (socket.write(CHUNK)) continue
    const drained = await Promise.race([
      new Promise<true>(resolve => socket.once('drain', () => resolve(true))),
      quiet(socket)
    ])
    if (!drained) break
  }
  return accepted
}

/** Resolves when a socket has sent nothing for half a second: the far end has stalled it. */
async function quiet(socket: Socket): Promise<false> {
  for (let last = -1; last !== socket.bytesWritten - socket.writableLength; ) {
    last = socket.bytesWritten - socket.writableLength
    await new Promise(resolve => setTimeout(resolve, 500))
  }
  return false
}

test('a client that does not read stalls the upstream', async () => {
  const { connect, upstream } = await relayed(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL_BYTES}\r\n\r\n`)
  })
  const client = await connect()
  client.socket.pause()
  client.send(requestOf('GET /big HTTP/1.1'))
  const { socket } = await upstream.request(1)
  const accepted = await fill(socket)
  expect(accepted).toBeLessThan(BOUND_BYTES)

  client.socket.resume()
  expect((await client.answerHead()).status).toBe(200)
  await new Promise(resolve => socket.once('drain', resolve))
  const rest = TOTAL_BYTES - accepted
  for (let sent = 0; sent < rest; sent += CHUNK.length) {
    if (!socket.write(CHUNK.subarray(0, Math.min(CHUNK.length, rest - sent)))) {
      await new Promise(resolve => socket.once('drain', resolve))
    }
  }
  expect((await client.bytes(TOTAL_BYTES)).length).toBe(TOTAL_BYTES)
})

test('an upstream that does not read stalls the client', async () => {
  const { connect, upstream } = await relayed(({ socket, body }) => {
    socket.pause()
    void body().then(({ length }) => socket.write(ok(String(length))))
  })
  const client = await connect()
  client.send(requestOf('POST /big HTTP/1.1', [`Content-Length: ${TOTAL_BYTES}`]))
  const accepted = await fill(client.socket)
  const { socket } = await upstream.request(1)
  expect(accepted).toBeLessThan(BOUND_BYTES)

  socket.resume()
  for (let sent = accepted; sent < TOTAL_BYTES; sent += CHUNK.length) {
    if (!client.socket.write(CHUNK)) await new Promise(resolve => client.socket.once('drain', resolve))
  }
  expect(String((await client.answer()).body)).toBe(String(TOTAL_BYTES))
})
