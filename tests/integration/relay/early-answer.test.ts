import { describe, expect, test } from 'vitest'
import { ok, relayed, requestOf } from './support.ts'

const SIZE = 8 * 1024 * 1024

describe('an upstream that answers before the upload is over', () => {
  test.each([
    ['and keeps its connection', false],
    ['and closes it', true]
  ])('%s: the answer arrives, and the client’s connection carries the next request', async (_, closes) => {
    const { connect } = await relayed(({ socket, method }) => {
      if (method === 'GET') socket.write(ok('next'))
      else if (closes) socket.end(ok('too large', ['Connection: close'], '413 Content Too Large'))
      else socket.write(ok('too large', [], '413 Content Too Large'))
    })
    const client = await connect()
    client.send(requestOf('POST /x HTTP/1.1', [`Content-Length: ${SIZE}`]))
    client.send(Buffer.alloc(1_000))
    const answer = await client.answer()
    expect([answer.status, String(answer.body)]).toEqual([413, 'too large'])
    client.send(Buffer.alloc(SIZE - 1_000))
    client.send(requestOf('GET /next HTTP/1.1'))
    expect(String((await client.answer()).body)).toBe('next')
  })
})

test('a failure before the upload is over leaves the connection usable as well', async () => {
  const { connect } = await relayed(({ socket, method }) => {
    if (method === 'GET') socket.write(ok('next'))
    else socket.resetAndDestroy()
  })
  const client = await connect()
  client.send(requestOf('POST /x HTTP/1.1', [`Content-Length: ${SIZE}`]))
  client.send(Buffer.alloc(1_000))
  expect((await client.answer()).status).toBe(502)
  client.send(Buffer.alloc(SIZE - 1_000))
  client.send(requestOf('GET /next HTTP/1.1'))
  expect(String((await client.answer()).body)).toBe('next')
})
