import { describe, expect, test } from 'vitest'
import { always, edgeTo, ok, relayed, requestOf } from './support.ts'
import { type RawAnswer, rawExchange, startRawServer } from '../../support/raw.ts'

/** What a failure shows of itself: nothing of addresses, ports, or libraries. */
function shown(answer: RawAnswer) {
  const body: unknown = JSON.parse(String(answer.body))
  return { status: answer.status, type: answer.header('content-type'), servedBy: answer.header('x-served-by'), body }
}

function badGateway(error: string) {
  const body = { msg: expect.stringMatching(/^Bad gateway: the backend [A-Za-z ]+$/), error }
  return { status: 502, type: 'application/json; charset=utf-8', servedBy: 'legacy', body }
}

describe('unreachable', () => {
  test('is 502, logged once, and the connection stays usable', async () => {
    const closedPort = await startRawServer(() => {})
    await closedPort.close()
    const edge = await edgeTo(closedPort.port)
    expect(shown(await rawExchange(edge.port, requestOf('GET /x HTTP/1.1')))).toEqual(
      badGateway('upstream_unreachable')
    )
    expect(shown(await rawExchange(edge.port, requestOf('POST /x HTTP/1.1', ['Content-Length: 5'], 'hello')))).toEqual(
      badGateway('upstream_unreachable')
    )
    const lines = await edge.requestLines(2)
    expect(lines.map(({ status, failure }) => [status, failure])).toEqual([
      [502, 'upstream_unreachable'],
      [502, 'upstream_unreachable']
    ])
    expect(edge.logText).not.toContain('ECONNREFUSED')
  })

  test('by name', async () => {
    const edge = await edgeTo('http://nowhere.invalid:80')
    expect(shown(await rawExchange(edge.port, requestOf('GET /x HTTP/1.1')))).toEqual(
      badGateway('upstream_unreachable')
    )
  })

  test('is 502 within the limit for connecting when nobody takes the connection', async () => {
    // TEST-NET-1 of RFC 5737: no host answers, or the network is unreachable at once.
    const edge = await edgeTo('http://192.0.2.1:81', {
      config: { targets: { legacy: { url: '${LEGACY_URL}', connectTimeoutMs: 300 } } }
    })
    expect(shown(await rawExchange(edge.port, requestOf('GET /x HTTP/1.1')))).toEqual(
      badGateway('upstream_unreachable')
    )
  })
})

describe('no valid answer is 502', () => {
  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a bad header', 'HTTP/1.1 200 OK\r\nbad header\r\n\r\n'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a status below 100', 'HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['a header beyond the limit', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`]
  ])('%s', async (_, wire) => {
    const { exchange, edge } = await relayed(always(wire))
    expect(shown(await exchange(requestOf('GET /x HTTP/1.1')))).toEqual(badGateway('upstream_invalid'))
    expect(await edge.requestLines()).toMatchObject([{ status: 502, failure: 'upstream_invalid' }])
  })

  test('a connection closed without an answer', async () => {
    const { exchange } = await relayed(({ socket }) => void socket.end())
    expect(shown(await exchange(requestOf('GET /x HTTP/1.1')))).toEqual(badGateway('upstream_reset'))
  })

  test('a connection that ends within the header', async () => {
    const { exchange } = await relayed(({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nX:'))
    expect((await exchange(requestOf('GET /x HTTP/1.1'))).status).toBe(502)
  })
})

describe('a 503 of the upstream is passed on after one hit', () => {
  const wire = ok('x'.repeat(200_000), ['Retry-After: 2'], '503 Service Unavailable')

  test('GET', async () => {
    const { exchange, upstream } = await relayed(always(wire))
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.status, answer.header('retry-after'), upstream.requests.length]).toEqual([503, '2', 1])
  })

  test('20 at once, and a healthy path answers after', async () => {
    const { exchange, upstream } = await relayed(
      ({ socket, target }) => void socket.write(target === '/ok' ? ok() : wire)
    )
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(requestOf('GET /x HTTP/1.1'))))
    expect(answers.map(({ status, body }) => `${status} ${body.length}`)).toEqual(Array(20).fill('503 200000'))
    expect(upstream.requests).toHaveLength(20)
    expect((await exchange(requestOf('GET /ok HTTP/1.1'))).status).toBe(200)
  })
})
