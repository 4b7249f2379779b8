import { METHODS } from 'node:http'
import { describe, expect, test } from 'vitest'
import { always, ok, relayed, requestOf } from './support.ts'

describe('the request target reaches the upstream byte for byte', () => {
  test.each([
    '/a%2Fb//c?x=1&x=2',
    '/zz/%zz/%',
    '//evil.example/x',
    '/a/../b/./c',
    '/..%2f..%5c/%2e%2e/',
    '/[...slug]/%C3%A9/%ff',
    '/a;b=c/;d?;',
    '/?',
    '/x?a&b=&=c&&a=1&a=2&__proto__=1&a[b]=c',
    '/x?q=%ff+%20+',
    '/x?redirect=http://other.example/y?z',
    '/{}|^`"<>\\',
    `/${'long'.repeat(1_500)}`
  ])('%#: %s', async target => {
    const { exchange, upstream } = await relayed(always(ok()))
    const answer = await exchange(requestOf(`GET ${target} HTTP/1.1`))
    expect([answer.status, upstream.requests[0]?.line]).toEqual([200, `GET ${target} HTTP/1.1`])
  })

  test.each([
    ['http://scribe.example/a//b?c=%zz', '/a//b?c=%zz'],
    ['http://scribe.example', '/'],
    ['http://scribe.example?x=1', '/?x=1'],
    ['HTTPS://user@scribe.example:1/x', '/x']
  ])('absolute form %s is sent on as %s', async (target, expected) => {
    const { exchange, upstream } = await relayed(always(ok()))
    const answer = await exchange(requestOf(`GET ${target} HTTP/1.1`))
    expect([answer.status, upstream.requests[0]?.line]).toEqual([200, `GET ${expected} HTTP/1.1`])
  })
})

test('bytes beyond ASCII in the target are refused, not changed', async () => {
  const { exchange, upstream } = await relayed(always(ok()))
  const answer = await exchange(requestOf('GET /caf\xe9 HTTP/1.1'))
  expect([answer.status, upstream.connections]).toEqual([400, 0])
})

describe('methods', () => {
  const methods = METHODS.filter(method => method !== 'CONNECT')

  test('every method that Node can read is relayed, with and without a body', async () => {
    const { connect, upstream } = await relayed(always(ok()))
    const client = await connect()
    const seen: string[] = []
    for (const method of methods) {
      for (const body of ['', 'hello']) {
        client.send(requestOf(`${method} /x HTTP/1.1`, body === '' ? [] : ['Content-Length: 5'], body))
        const { status } = await client.answer(method)
        const request = await upstream.request(seen.length + 1)
        seen.push(`${request.method} ${status} ${String(await request.body())}`)
      }
    }
    expect(seen).toEqual(methods.flatMap(method => [`${method} 200 `, `${method} 200 hello`]))
  })

  test('OPTIONS * is answered', async () => {
    const { exchange } = await relayed(always(ok()))
    expect((await exchange(requestOf('OPTIONS * HTTP/1.1'))).status).toBe(200)
  })

  test('CONNECT opens no tunnel and does no harm', async () => {
    const { connect, exchange, upstream } = await relayed(always(ok()))
    const client = await connect()
    client.send('CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n')
    await client.rest()
    expect(upstream.connections).toBe(0)
    expect((await exchange(requestOf('GET / HTTP/1.1'))).status).toBe(200)
  })
})
