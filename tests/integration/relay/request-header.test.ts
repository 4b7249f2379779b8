import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

async function received(fields: readonly string[], line = 'GET /x HTTP/1.1', body = '') {
  const { exchange, upstream } = await relayed(always(ok()))
  const answer = await exchange(requestOf(line, fields, body))
  expect(answer.status).toBe(200)
  return upstream.request(1)
}

test('fields keep their order, their spelling and their repetitions', async () => {
  const fields = ['X-Trace: 1', 'accept: a/b', 'X-trace: 2', 'Cookie: a=1; b=2', 'X-TRACE: 1', 'X-Empty:']
  const request = await received(fields)
  const names = new Set(['x-trace', 'accept', 'cookie', 'x-empty'])
  const own = request.fields.filter(([name]) => names.has(name.toLowerCase()))
  expect(own.map(([name, value]) => `${name}: ${value}`.trim())).toEqual(fields)
})

test('more than a thousand fields arrive, every one', async () => {
  const fields = Array.from({ length: 1_300 }, (_, i) => `h${i}: ${i}`)
  const request = await received(fields)
  expect(request.fields.filter(([name]) => /^h\d+$/.test(name)).map(([name, value]) => `${name}: ${value}`)).toEqual(
    fields
  )
})

test('latin1 values arrive as the bytes that were sent', async () => {
  expect((await received(['X-Name: Zo\xeb \xff\x80'])).header('x-name')).toBe('Zo\xeb \xff\x80')
})

describe('hop-by-hop fields end at the gateway', () => {
  const fields = [
    'Connection: keep-alive, X-Secret-Hop ,x-other',
    'Connection: x-third',
    'X-Secret-Hop: 1',
    'X-Other: 1',
    'X-Third: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic abc',
    'TE: trailers',
    'X-End-To-End: 1'
  ]

  test('those of RFC 9110 and those that Connection names', async () => {
    const request = await received(fields)
    const names = request.fields.map(([name]) => name.toLowerCase())
    expect(names.toSorted()).toEqual([
      'connection',
      'host',
      'via',
      'x-end-to-end',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-request-id'
    ])
    expect(request.header('connection')).toBe('keep-alive')
  })

  test.each(['Keep-Alive: timeout=5', 'TE: gzip', 'Proxy-Connection: close', 'Upgrade: h2c', 'Expect: 100-continue'])(
    '%s alone does not fail a request',
    async field => {
      const request = await received([field])
      expect(request.header(field.split(':', 1)[0]?.toLowerCase() ?? '')).toBeUndefined()
    }
  )

  test('an offer of h2c is answered as plain HTTP', async () => {
    const request = await received(['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'])
    expect([request.header('upgrade'), request.header('http2-settings')]).toEqual([undefined, undefined])
  })

  test('Connection cannot take away what the gateway adds', async () => {
    const added = ['via', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id', 'host']
    const request = await received([`Connection: ${added.join(', ')}`])
    const values = added.map(name => request.header(name))
    expect(values).not.toContain(undefined)
    expect(request.header('x-forwarded-host')).toBe('scribe.example')
  })

  test('Connection cannot take away the framing of a body', async () => {
    const request = await received(['Connection: content-length', 'Content-Length: 5'], 'POST /x HTTP/1.1', 'hello')
    expect((await request.body()).toString()).toBe('hello')
  })
})

test.each(['Host: other.example', 'hOsT: scribe.example'])(
  'a second Host field (%s) is 400 and goes no further',
  async field => {
    const { exchange, upstream } = await relayed(always(ok()))
    const answer = await exchange(requestOf('GET /x HTTP/1.1', [field]))
    expect([answer.status, JSON.parse(answer.body.toString()), upstream.connections]).toEqual([
      400,
      { msg: 'Bad request: more than one Host header' },
      0
    ])
    expect(answer.header('x-request-id')).toBeDefined()
  }
)

test.each([
  ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
  ['a length and an encoding', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
  ['chunked that is not last', ['Transfer-Encoding: chunked, identity']],
  ['a space before the colon', ['Content-Length : 5']],
  ['a folded line', ['X-A: 1', ' folded']]
])('ambiguous framing is refused: %s', async (_, fields) => {
  const { exchange, upstream } = await relayed(always(ok()))
  const answer = await exchange(requestOf('POST /x HTTP/1.1', fields, 'hello'))
  expect([answer.status, upstream.connections]).toEqual([400, 0])
})
