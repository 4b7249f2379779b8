import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

const CLAIMS = [
  'X-Forwarded-For: 203.0.113.7',
  'x-forwarded-for: 198.51.100.2',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: public.example',
  'X-Forwarded-Prefix: /p',
  'Forwarded: for=203.0.113.7',
  'Via: 1.0 nginx, 1.1 cdn'
]

async function received(fields: readonly string[], trusted: readonly string[] = [], version = '1.1') {
  const { exchange, upstream } = await relayed(always(ok('ok', ['Via: 1.1 inner'])), {
    env: { TRUSTED_PROXIES: trusted }
  })
  const answer = await exchange(requestOf(`GET /x HTTP/${version}`, fields))
  const request = await upstream.request(1)
  const sent = (name: string) => request.header(name)
  return { answer, sent }
}

describe('X-Forwarded-*', () => {
  test('are the gateway’s own when the client claims nothing', async () => {
    const { sent } = await received([])
    expect([sent('x-forwarded-for'), sent('x-forwarded-proto'), sent('x-forwarded-host')]).toEqual([
      '127.0.0.1',
      'http',
      'scribe.example'
    ])
  })

  test('of an untrusted client are replaced, and its Forwarded is dropped', async () => {
    const { sent } = await received(CLAIMS)
    const names = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'forwarded']
    expect(names.map(sent)).toEqual(['127.0.0.1', 'http', 'scribe.example', undefined, undefined])
  })

  test.each(['127.0.0.1', '127.0.0.0/8'])(
    'of a trusted proxy (%s) are believed and its chain is extended',
    async trusted => {
      const { sent } = await received(CLAIMS, [trusted])
      const names = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'forwarded']
      expect(names.map(sent)).toEqual([
        '203.0.113.7, 198.51.100.2, 127.0.0.1',
        'https',
        'public.example',
        '/p',
        'for=203.0.113.7'
      ])
    }
  )
})

describe('Via', () => {
  test('is extended on the way up and on the way down', async () => {
    const { sent, answer } = await received(CLAIMS)
    expect(sent('via')).toBe('1.0 nginx, 1.1 cdn, 1.1 scribe-gateway')
    expect(answer.header('via')).toBe('1.1 inner, 1.1 scribe-gateway')
  })

  test('says with which version the client spoke', async () => {
    const { sent } = await received([], [], '1.0')
    expect(sent('via')).toBe('1.0 scribe-gateway')
  })
})

describe('x-request-id', () => {
  test('of the client is kept, sent on and answered', async () => {
    const { sent, answer } = await received(['X-Request-ID: abc-123.~_'])
    expect([sent('x-request-id'), answer.header('x-request-id')]).toEqual(['abc-123.~_', 'abc-123.~_'])
  })

  test.each(['', 'has space', '<script>', 'x'.repeat(129), 'caf\xe9'])('%j is replaced by one of ours', async id => {
    const { sent, answer } = await received([`X-Request-Id: ${id}`])
    expect(sent('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.header('x-request-id')).toBe(sent('x-request-id'))
  })

  test('that comes twice is replaced', async () => {
    const { sent } = await received(['X-Request-Id: a', 'X-Request-Id: b'])
    expect(sent('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('is the gateway’s in the answer, whatever the upstream says', async () => {
    const { exchange } = await relayed(always(ok('ok', ['X-Request-Id: theirs', 'X-Served-By: them'])))
    const answer = await exchange(requestOf('GET /x HTTP/1.1', ['X-Request-Id: ours']))
    expect([answer.header('x-request-id'), answer.header('x-served-by')]).toEqual(['ours', 'legacy'])
  })
})

test('fields that steer the gateway are not sent on, allowed or not', async () => {
  const { sent } = await received(['X-Gateway-Target: native', 'X-Gateway-Credential: sixteen-letters!'])
  expect([sent('x-gateway-target'), sent('x-gateway-credential')]).toEqual([undefined, undefined])
})

test('Host is the upstream’s own', async () => {
  const { exchange, upstream } = await relayed(always(ok()))
  await exchange(requestOf('GET /x HTTP/1.1'))
  expect(upstream.requests[0]?.header('host')).toBe(`127.0.0.1:${upstream.port}`)
})

test('a route that does not say who served it adds no x-served-by', async () => {
  const { exchange } = await relayed(always(ok()), {
    routes: [{ id: 'quiet', paths: ['/quiet'], methods: ['GET'], servedByHeader: false }]
  })
  expect((await exchange(requestOf('GET /quiet HTTP/1.1'))).header('x-served-by')).toBeUndefined()
})
