import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

const HEAD = 'HTTP/1.1 200 OK\r\n'

describe('framing', () => {
  test('a length stays a length', async () => {
    const body = randomBytes(300_000).toString('latin1')
    const { exchange } = await relayed(always(ok(body)))
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.header('content-length'), answer.header('transfer-encoding')]).toEqual(['300000', undefined])
    expect(answer.body.toString('latin1') === body).toBe(true)
  })

  test.each([1, 255, 16_384, 16_385])('a body of %d bytes of every value in one piece', async size => {
    const body = Buffer.from(Array.from({ length: size }, (_, i) => i % 256))
    const { exchange } = await relayed(always(ok(body.toString('latin1'))))
    expect((await exchange(requestOf('GET /x HTTP/1.1'))).body.equals(body)).toBe(true)
  })

  test('chunked stays chunked, its content byte for byte', async () => {
    const { exchange } = await relayed(
      always(
        `${HEAD}Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhe\x00\xfflo\r\n1\r\n!\r\n0\r\n\r\n`.replace('5;', '6;')
      )
    )
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.header('transfer-encoding'), answer.body.toString('latin1')]).toEqual(['chunked', 'he\x00\xfflo!'])
  })

  test('an HTTP/1.0 upstream whose body ends with its connection', async () => {
    const { exchange } = await relayed(
      ({ socket }) => void socket.end('HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nuntil the end')
    )
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.header('transfer-encoding'), String(answer.body)]).toEqual(['chunked', 'until the end'])
  })

  test('an HTTP/1.0 client gets a chunked answer unchunked and closed', async () => {
    const { connect } = await relayed(
      always(`${HEAD}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`)
    )
    const client = await connect()
    client.send('GET /x HTTP/1.0\r\n\r\n')
    const head = await client.answerHead()
    const { bytes } = await client.rest()
    expect([head.header('transfer-encoding'), head.header('connection'), String(bytes)]).toEqual([
      undefined,
      'close',
      'hello'
    ])
  })

  test('a compressed body is not touched', async () => {
    const body = randomBytes(1_000).toString('latin1')
    const { exchange } = await relayed(always(ok(body, ['Content-Encoding: gzip', 'ETag: "strong"'])))
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.header('content-encoding'), answer.header('etag')]).toEqual(['gzip', '"strong"'])
    expect(answer.body.toString('latin1') === body).toBe(true)
  })
})

describe('trailers', () => {
  const chunks = '5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\nX-Name: Zo\xeb\r\n\r\n'
  const expected = [
    ['X-Sum', '1'],
    ['x-sum', '2'],
    ['X-Name', 'Zo\xeb']
  ]

  test.each([
    ['announced', 'Trailer: X-Sum, X-Name\r\n'],
    ['not announced', '']
  ])('%s, arrive', async (_, field) => {
    const { exchange } = await relayed(always(`${HEAD}${field}Transfer-Encoding: chunked\r\n\r\n${chunks}`))
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([String(answer.body), answer.trailers]).toEqual(['hello', expected])
    expect(answer.header('trailer')).toBe(field === '' ? undefined : 'X-Sum, X-Name')
  })

  test('cannot carry framing or fields of the connection', async () => {
    const { exchange } = await relayed(
      always(
        `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nConnection: close\r\nUpgrade: a\r\nX-Sum: 1\r\n\r\n`
      )
    )
    expect((await exchange(requestOf('GET /x HTTP/1.1'))).trailers).toEqual([['X-Sum', '1']])
  })

  test.each([
    `${HEAD}Trailer: X-Sum\r\nContent-Length: 5\r\n\r\nhello`,
    'HTTP/1.1 204 No Content\r\nTrailer: X-Sum\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nTrailer: X-Sum\r\n\r\n',
    `HTTP/1.1 103 Early Hints\r\nTrailer: X-Sum\r\n\r\n${String(ok())}`
  ])('a Trailer field where none can follow is dropped: %j', async wire => {
    const { exchange } = await relayed(always(wire))
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.header('trailer'), answer.status < 400]).toEqual([undefined, true])
    expect((await exchange(requestOf('GET /x HTTP/1.1'))).status).toBe(answer.status)
  })
})

describe('server-sent events', () => {
  test('the header comes before any event, each event as it is sent, and leaving is told upstream', async () => {
    const { connect, upstream } = await relayed(
      ({ socket }) => void socket.write(`${HEAD}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`)
    )
    const client = await connect()
    client.send(requestOf('GET /events HTTP/1.1'))
    const head = await client.answerHead()
    expect([head.status, head.header('content-type')]).toEqual([200, 'text/event-stream'])
    const { socket } = await upstream.request(1)
    for (const event of ['data: 1\n\n', 'data: 2\n\n', ': ping\n\n']) {
      const chunk = `${event.length.toString(16)}\r\n${event}\r\n`
      socket.write(chunk)
      expect((await client.bytes(chunk.length)).toString()).toBe(chunk)
    }
    const closed = new Promise(resolve => socket.once('close', resolve))
    client.socket.destroy()
    await closed
  })
})
