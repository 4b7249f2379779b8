import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

async function answered(fields: readonly string[], status?: string) {
  const { exchange } = await relayed(always(ok('ok', fields, status)))
  return exchange(requestOf('GET /x HTTP/1.1'))
}

test('set-cookie stays repeated and in order', async () => {
  const { all } = await answered(['Set-Cookie: b=2; Path=/', 'X: 1', 'set-cookie: a=%0d%0a1', 'Set-Cookie: b=3'])
  expect(all('set-cookie')).toEqual(['b=2; Path=/', 'a=%0d%0a1', 'b=3'])
})

test('repeated fields stay repeated and keep their spelling', async () => {
  const { fields } = await answered(['WWW-Authenticate: Basic', 'Vary: a', 'www-authenticate: Bearer', 'Vary: b'])
  expect(fields.filter(([name]) => /^(vary|www-authenticate)$/i.test(name))).toEqual([
    ['WWW-Authenticate', 'Basic'],
    ['Vary', 'a'],
    ['www-authenticate', 'Bearer'],
    ['Vary', 'b']
  ])
})

test('more than a thousand fields arrive, every one', async () => {
  const fields = Array.from({ length: 1_300 }, (_, i) => `h${i}: ${i}`)
  const answer = await answered(fields)
  expect(answer.fields.filter(([name]) => /^h\d+$/.test(name)).map(([name, value]) => `${name}: ${value}`)).toEqual(
    fields
  )
})

test('latin1 values arrive as the bytes that were sent', async () => {
  expect((await answered(['X-Name: Zo\xeb \xff\x80'])).header('x-name')).toBe('Zo\xeb \xff\x80')
})

test.each(['200 Fine by me', '299 ', '418 I am a teapot', '599 X', '999 Odd'])(
  'the status line %s is kept',
  async status => {
    expect((await answered([], status)).line).toBe(`HTTP/1.1 ${status}`)
  }
)

test('a reason phrase beyond ASCII does no harm', async () => {
  expect((await answered([], '200 Tr\xe8s bien')).status).toBe(200)
})

describe('hop-by-hop fields end at the gateway', () => {
  test('those of RFC 9110 and those that Connection names', async () => {
    const answer = await answered([
      'Connection: keep-alive, X-Hop',
      'X-Hop: 1',
      'Proxy-Authenticate: Basic',
      'Upgrade: h2c',
      'TE: x',
      'X-End: 1'
    ])
    const names = ['x-hop', 'proxy-authenticate', 'upgrade', 'te', 'x-end'].map(name => answer.header(name))
    expect(names).toEqual([undefined, undefined, undefined, undefined, '1'])
  })

  test('the keep-alive hint is the gateway’s own', async () => {
    const { exchange, edge } = await relayed(always(ok('ok', ['Connection: keep-alive', 'Keep-Alive: timeout=5'])))
    const seconds = edge.gateway.app.server.keepAliveTimeout / 1_000
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.header('keep-alive'), answer.header('connection')]).toEqual([`timeout=${seconds}`, 'keep-alive'])
  })

  test('an upstream that closes does not close the client’s connection', async () => {
    const { connect, upstream } = await relayed(({ socket }) => void socket.end(ok('ok', ['Connection: close'])))
    const client = await connect()
    for (let i = 0; i < 3; i += 1) {
      client.send(requestOf('GET /x HTTP/1.1'))
      expect((await client.answer()).header('connection')).toBe('keep-alive')
    }
    expect(upstream.connections).toBe(3)
  })

  test('Connection cannot take away what the gateway adds', async () => {
    const answer = await answered(['Connection: via, x-request-id, x-served-by'])
    expect([answer.header('via'), answer.header('x-served-by')]).toEqual(['1.1 scribe-gateway', 'legacy'])
    expect(answer.header('x-request-id')).toBeDefined()
  })
})

test('the upstream’s CORS fields and vary are left alone', async () => {
  const answer = await answered(['Access-Control-Allow-Origin: https://a.example', 'Vary: Origin'])
  expect([answer.all('access-control-allow-origin'), answer.all('vary')]).toEqual([['https://a.example'], ['Origin']])
})

test('nothing is added that is not the relay’s', async () => {
  const answer = await answered(['Content-Type: text/plain', 'Date: Thu, 01 Jan 2026 00:00:00 GMT'])
  expect(answer.fields.map(([name]) => name.toLowerCase()).toSorted()).toEqual([
    'connection',
    'content-length',
    'content-type',
    'date',
    'keep-alive',
    'via',
    'x-request-id',
    'x-served-by'
  ])
})
