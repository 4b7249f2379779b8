import { describe, expect, test } from 'vitest'
import { always, relayed, requestOf } from './support.ts'

/** The answer, and that the connection still carries a second exchange. */
async function twice(method: string, head: string) {
  const { connect } = await relayed(always(head))
  const client = await connect()
  client.send(requestOf(`${method} /x HTTP/1.1`))
  const first = await client.answer(method)
  client.send(requestOf(`${method} /x HTTP/1.1`))
  expect((await client.answer(method)).status).toBe(first.status)
  return first
}

describe('HEAD', () => {
  test('keeps the content-length of what it stands for', async () => {
    expect((await twice('HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n')).header('content-length')).toBe(
      '1234'
    )
  })

  test('without a length has none', async () => {
    expect((await twice('HEAD', 'HTTP/1.1 200 OK\r\n\r\n')).header('content-length')).toBeUndefined()
  })

  test('of a chunked answer with a Trailer field', async () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n'
    expect((await twice('HEAD', head)).status).toBe(200)
  })

  test('of a failure has no body', async () => {
    expect((await twice('HEAD', 'not HTTP\r\n\r\n')).status).toBe(502)
  })
})

describe('204', () => {
  test.each(['', 'Content-Length: 0\r\n', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n'])(
    'has no framing for a body when the upstream sends %j',
    async field => {
      const answer = await twice('GET', `HTTP/1.1 204 No Content\r\n${field}X-A: 1\r\n\r\n`)
      const { status, header } = answer
      expect([status, header('content-length'), header('transfer-encoding'), header('x-a')]).toEqual([
        204,
        undefined,
        undefined,
        '1'
      ])
    }
  )
})

describe('304', () => {
  test.each(['1234', '0'])('keeps content-length %s of what it stands for', async length => {
    const answer = await twice('GET', `HTTP/1.1 304 Not Modified\r\nETag: W/"a"\r\nContent-Length: ${length}\r\n\r\n`)
    expect([answer.status, answer.header('content-length'), answer.header('etag')]).toEqual([304, length, 'W/"a"'])
  })
})

describe('an empty body', () => {
  test.each(['Content-Length: 0', 'Content-Length: 0\r\nTrailer: X-Sum'])('%j', async field => {
    const answer = await twice('GET', `HTTP/1.1 200 OK\r\n${field}\r\n\r\n`)
    expect([answer.header('content-length'), answer.body.length]).toEqual(['0', 0])
  })
})
