import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { portOf } from '../../support/raw.ts'
import { always, edgeTo, ok, relayed, requestOf } from './support.ts'

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
]
const UPGRADE = requestOf('GET /ws?a=%2F HTTP/1.1', HANDSHAKE)
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

interface Pair {
  readonly client: WebSocket
  readonly server: WebSocket
  readonly headers: NodeJS.Dict<string | string[]>
  readonly edge: Awaited<ReturnType<typeof edgeTo>>
}

async function pair(protocols: string[] = [], client: ClientOptions = {}, server: ServerOptions = {}): Promise<Pair> {
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1', ...server })
  await once(upstream, 'listening')
  onTestFinished(() => {
    for (const each of upstream.clients) each.terminate()
    upstream.close()
  })
  const edge = await edgeTo(portOf(upstream))
  const near = new WebSocket(`ws://127.0.0.1:${edge.port}/ws`, protocols, client)
  onTestFinished(() => near.terminate())
  const connection = once(upstream, 'connection')
  await once(near, 'open')
  const [far, request] = await connection
  return { client: near, server: far, headers: request.headers, edge }
}

const directions: readonly [string, (pair: Pair) => readonly [WebSocket, WebSocket]][] = [
  ['client to upstream', ({ client, server }) => [client, server]],
  ['upstream to client', ({ client, server }) => [server, client]]
]

describe.each(directions)('%s', (_, ends) => {
  test('text and binary stay what they are, of any size', async () => {
    const [from, to] = ends(await pair())
    for (const message of ['hello', '', 'x'.repeat(300_000), Buffer.from([0, 255, 128]), Buffer.alloc(1_000_000, 7)]) {
      const received = once(to, 'message')
      from.send(message)
      const [data, isBinary] = await received
      expect([isBinary, Buffer.compare(data, Buffer.from(message))]).toEqual([Buffer.isBuffer(message), 0])
    }
  })

  test.each([
    [1000, 'done'],
    [4001, 'Not authorised: é'],
    [1011, '']
  ])('close code %d with its reason', async (code, reason) => {
    const both = await pair()
    const [from, to] = ends(both)
    const closed = Promise.all([once(to, 'close'), once(from, 'close')])
    from.close(code, reason)
    const [[toCode, toReason], [fromCode]] = await closed
    expect([toCode, String(toReason), fromCode]).toEqual([code, reason, code])
    expect((await both.edge.requestLines())[0]).toMatchObject({ status: 101, target: 'legacy' })
  })

  test('closing without a code is 1005', async () => {
    const [from, to] = ends(await pair())
    const closed = once(to, 'close')
    from.close()
    expect((await closed)[0]).toBe(1005)
  })

  test('dying without a close is 1006 at the other end', async () => {
    const [from, to] = ends(await pair())
    const closed = once(to, 'close')
    from.terminate()
    expect((await closed)[0]).toBe(1006)
  })
})

test('the upstream chooses the subprotocol, and extensions are negotiated end to end', async () => {
  const { client } = await pair(
    ['a', 'chat.v2', 'c'],
    {},
    { handleProtocols: offered => [...offered][1] ?? false, perMessageDeflate: true }
  )
  expect([client.protocol, client.extensions]).toEqual(['chat.v2', 'permessage-deflate'])
})

test('who asks reaches the upstream, and how', async () => {
  const { headers, edge } = await pair(['a', 'b'], {
    headers: { cookie: 'sid=1', authorization: 'Bearer x', 'x-request-id': 'ws-1', 'x-forwarded-for': '203.0.113.7' },
    origin: 'https://app.example'
  })
  expect(headers).toMatchObject({
    cookie: 'sid=1',
    authorization: 'Bearer x',
    origin: 'https://app.example',
    'sec-websocket-protocol': 'a,b',
    'x-request-id': 'ws-1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': `127.0.0.1:${edge.port}`,
    via: '1.1 scribe-gateway',
    upgrade: 'websocket'
  })
})

describe('over raw sockets', () => {
  test('the handshake goes through byte for byte, and frames that come with it are not lost', async () => {
    const tunnelled = Promise.withResolvers<string>()
    const { connect, upstream } = await relayed(({ socket }) => {
      socket.once('data', bytes => tunnelled.resolve(String(bytes)))
      socket.write(`${SWITCHING}Sec-WebSocket-Accept: x\r\n\r\nEARLY`)
    })
    const client = await connect()
    client.send(`${UPGRADE}HELLO`)
    const answer = await client.answerHead()
    expect([answer.line, answer.header('sec-websocket-accept'), answer.header('x-served-by')]).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'x',
      'legacy'
    ])
    expect(String(await client.bytes(5))).toBe('EARLY')
    const request = await upstream.request(1)
    expect([request.line, request.all('sec-websocket-key')]).toEqual([
      'GET /ws?a=%2F HTTP/1.1',
      ['dGhlIHNhbXBsZSBub25jZQ==']
    ])
    expect(await tunnelled.promise).toBe('HELLO')
  })

  test('the upstream’s refusal reaches the client as it is, before any 101', async () => {
    const body = 'n'.repeat(1_000_000)
    const { connect } = await relayed(always(ok(body, ['Set-Cookie: a=1', 'Set-Cookie: b=2'], '403 Keep Out')))
    const client = await connect()
    client.send(UPGRADE)
    const answer = await client.answer()
    expect([answer.line, answer.all('set-cookie'), String(answer.body) === body]).toEqual([
      'HTTP/1.1 403 Keep Out',
      ['a=1', 'b=2'],
      true
    ])
    await client.rest()
  })

  test.each([
    [
      'chunked with trailers',
      'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nno\r\n0\r\nX: 1\r\n\r\n'
    ],
    ['with a length and a Trailer field', 'HTTP/1.1 401 No\r\nContent-Length: 2\r\nTrailer: X\r\n\r\nno']
  ])('a refusal %s', async (_, wire) => {
    const { exchange } = await relayed(always(wire))
    const answer = await exchange(UPGRADE)
    expect([answer.status, String(answer.body)]).toEqual([401, 'no'])
  })

  test('a refusal that breaks off breaks the client’s connection', async () => {
    const { connect } = await relayed(
      ({ socket }) => void socket.end('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nhalf')
    )
    const client = await connect()
    client.send(UPGRADE)
    await expect(client.answer()).rejects.toThrow('ended inside a message')
  })

  test.each([
    ['unreachable', 502, 'upstream_unreachable'],
    ['not HTTP', 502, 'upstream_invalid'],
    ['gone', 502, 'upstream_reset'],
    ['silent', 504, 'upstream_timeout']
  ])('%s is %d', async (how, status, error) => {
    const { exchange, upstream, edge } = await relayed(
      ({ socket }) => {
        if (how === 'not HTTP') socket.write('SSH-2.0-OpenSSH\r\n\r\n')
        if (how === 'gone') socket.resetAndDestroy()
      },
      { timeouts: { responseMs: 300 } }
    )
    if (how === 'unreachable') await upstream.close()
    const start = performance.now()
    const answer = await exchange(UPGRADE)
    expect(performance.now() - start).toBeLessThan(600)
    expect([answer.status, JSON.parse(String(answer.body))]).toEqual([status, { msg: expect.any(String), error }])
    expect(await edge.requestLines()).toMatchObject([{ status, failure: error }])
  })

  test('a client that leaves during the handshake cancels it', async () => {
    const { connect, upstream, edge } = await relayed(() => {})
    const client = await connect()
    client.send(UPGRADE)
    const { socket } = await upstream.request(1)
    const closed = once(socket, 'close')
    client.socket.resetAndDestroy()
    await closed
    expect(await edge.requestLines()).toMatchObject([{ status: 499 }])
  })

  test.each([
    ['a closed', false],
    ['a reset', true]
  ])('%s end ends the other', async (_, resets) => {
    for (const dying of ['client', 'upstream']) {
      const { connect, upstream } = await relayed(({ socket }) => void socket.write(`${SWITCHING}\r\n`))
      const client = await connect()
      client.send(UPGRADE)
      await client.answerHead()
      const far = (await upstream.request(1)).socket
      const [dies, other] = dying === 'client' ? [client.socket, far] : [far, client.socket]
      const closed = once(other, 'close')
      if (resets) dies.resetAndDestroy()
      else dies.end()
      await closed
      expect(other.destroyed).toBe(true)
    }
  })

  test('a second Host is refused and goes no further', async () => {
    const { exchange, upstream } = await relayed(() => {})
    const answer = await exchange(requestOf('GET /ws HTTP/1.1', ['Host: other.example', ...HANDSHAKE]))
    expect([answer.status, upstream.connections]).toEqual([400, 0])
  })

  test('an upgrade sent behind a request that is not answered yet harms nobody else', async () => {
    const { connect, exchange, upstream } = await relayed(({ socket, target }) => {
      if (target === '/ok') socket.write(ok())
      if (target.startsWith('/ws')) socket.write(ok('', [], '403 No'))
    })
    const client = await connect()
    client.send(requestOf('GET /slow HTTP/1.1'))
    await upstream.request(1)
    client.send(UPGRADE)
    await client.rest()
    expect((await exchange(requestOf('GET /ok HTTP/1.1'))).status).toBe(200)
  })

  test.each([
    ['h2c', ['Connection: Upgrade', 'Upgrade: h2c']],
    ['websocket after h2c', ['Connection: Upgrade', 'Upgrade: h2c, websocket']],
    ['websocket without Connection', ['Upgrade: websocket']]
  ])('an upgrade that is none is plain HTTP: %s', async (_, fields) => {
    const { exchange } = await relayed(always(ok()))
    expect((await exchange(requestOf('GET /x HTTP/1.1', fields))).status).toBe(200)
  })
})

test('a key that the gateway has not looked at is answered by the upstream’s own accept', async () => {
  const { exchange } = await relayed(({ socket, header }) => {
    const accept = createHash('sha1').update(`${header('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    socket.write(`${SWITCHING}Sec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`)
  })
  expect((await exchange(UPGRADE)).header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

test('closing the gateway ends tunnels within the limit', async () => {
  const { client, server, edge } = await pair()
  const closed = Promise.all([once(client, 'close'), once(server, 'close')])
  const start = performance.now()
  await edge.close()
  await closed
  // The limit is 1 s; the rest is what closing without a database takes.
  expect(performance.now() - start).toBeLessThan(5_000)
})
