import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

const TWO_MIB = randomBytes(2 * 1024 * 1024)

describe('2 MiB arrive byte for byte', () => {
  test.each([
    'text/plain',
    'application/json',
    'application/json ; charset',
    'application/json\ta',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'nonsense',
    'a/b/c; =;;',
    ''
  ])('with content type %j', async type => {
    const { connect, upstream } = await relayed(async ({ socket, body }) => {
      await body()
      socket.write(ok())
    })
    const client = await connect()
    client.send(requestOf('POST /x HTTP/1.1', [`Content-Length: ${TWO_MIB.length}`, `Content-Type: ${type}`]))
    client.send(TWO_MIB)
    expect((await client.answer()).status).toBe(200)
    const request = await upstream.request(1)
    expect([request.header('content-type'), request.header('content-length')]).toEqual([type, String(TWO_MIB.length)])
    expect((await request.body()).equals(TWO_MIB)).toBe(true)
  })

  test('without a content type, chunked', async () => {
    const { connect, upstream } = await relayed(async ({ socket, body }) => {
      await body()
      socket.write(ok())
    })
    const client = await connect()
    client.send(requestOf('PUT /x HTTP/1.1', ['Transfer-Encoding: chunked']))
    for (let at = 0; at < TWO_MIB.length; at += 524_288) {
      client.send('80000\r\n')
      client.send(TWO_MIB.subarray(at, at + 524_288))
      client.send('\r\n')
    }
    client.send('0\r\nX-Trailer: 1\r\n\r\n')
    expect((await client.answer()).status).toBe(200)
    const request = await upstream.request(1)
    expect([request.header('content-type'), request.header('content-length')]).toEqual([undefined, undefined])
    expect((await request.body()).equals(TWO_MIB)).toBe(true)
  })

  test('after Expect: 100-continue, which the gateway answers itself', async () => {
    const { connect, upstream } = await relayed(async ({ socket, body }) => {
      await body()
      socket.write(ok())
    })
    const client = await connect()
    client.send(requestOf('POST /x HTTP/1.1', [`Content-Length: ${TWO_MIB.length}`, 'Expect: 100-continue']))
    expect((await client.bytes(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    client.send(TWO_MIB)
    expect((await client.answer()).status).toBe(200)
    const request = await upstream.request(1)
    expect(request.header('expect')).toBeUndefined()
    expect((await request.body()).equals(TWO_MIB)).toBe(true)
  })
})

test('a body beyond the limit of native services is none of the relay’s business', async () => {
  const size = 11 * 1024 * 1024
  const { connect, upstream } = await relayed(async ({ socket, body }) => {
    await body()
    socket.write(ok())
  })
  const client = await connect()
  client.send(requestOf('POST /x HTTP/1.1', [`Content-Length: ${size}`, 'Content-Type: application/json']))
  client.send(Buffer.alloc(size, 97))
  expect((await client.answer()).status).toBe(200)
  expect((await (await upstream.request(1)).body()).length).toBe(size)
})

test.each([['{"a":1.0, "big":12345678901234567890,"__proto__":{}}'], ['{ not json']])(
  'JSON is not parsed: %s',
  async text => {
    const { exchange, upstream } = await relayed(always(ok()))
    await exchange(
      requestOf('POST /x HTTP/1.1', ['Content-Type: application/json', `Content-Length: ${text.length}`], text)
    )
    expect(String(await (await upstream.request(1)).body())).toBe(text)
  }
)

test.each(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'])('%s with a body brings it upstream', async method => {
  const { exchange, upstream } = await relayed(always(ok('')))
  await exchange(requestOf(`${method} /x HTTP/1.1`, ['Content-Type: application/json', 'Content-Length: 7'], '{"a":1}'))
  expect(String(await (await upstream.request(1)).body())).toBe('{"a":1}')
})

test.each([
  ['DELETE', 'Content-Type: application/json'],
  ['DELETE', 'Content-Length: 0'],
  ['POST', 'Content-Length: 0'],
  ['POST', 'Content-Type: application/json'],
  ['GET', 'Content-Type: application/json'],
  ['POST', 'Content-Length: 00']
])('%s with %s and no body is sent on', async (method, field) => {
  const { exchange, upstream } = await relayed(always(ok()))
  expect((await exchange(requestOf(`${method} /x HTTP/1.1`, [field]))).status).toBe(200)
  const request = await upstream.request(1)
  expect([request.method, (await request.body()).length]).toEqual([method, 0])
})

test('an empty chunked body is sent on as an empty body', async () => {
  const { exchange, upstream } = await relayed(always(ok()))
  const answer = await exchange(requestOf('POST /x HTTP/1.1', ['Transfer-Encoding: chunked'], '0\r\n\r\n'))
  expect([answer.status, (await (await upstream.request(1)).body()).length]).toEqual([200, 0])
})

test('requests sent in one packet are answered in order', async () => {
  const { connect } = await relayed(({ socket, target }) => void socket.write(ok(target)))
  const client = await connect()
  client.send(['/1', '/2', '/3'].map(path => requestOf(`GET ${path} HTTP/1.1`)).join(''))
  const bodies = [await client.answer(), await client.answer(), await client.answer()].map(({ body }) => String(body))
  expect(bodies).toEqual(['/1', '/2', '/3'])
})
