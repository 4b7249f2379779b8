import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { rawExchange, startRawServer } from '../../support/raw.ts'
import { always, edgeTo, ok, relayed, requestOf } from './support.ts'

test('a route goes to the upstream that it names, any other to legacy', async () => {
  const one = await startRawServer(always(ok('one')))
  const two = await startRawServer(always(ok('two')))
  onTestFinished(async () => {
    await one.close()
    await two.close()
  })
  const edge = await edgeTo(one.port, {
    config: { targets: { legacy: { url: '${LEGACY_URL}' }, two: { url: two.url } } },
    routes: [{ id: 'two', paths: ['/two', '/a/:b'], methods: ['GET'], upstream: 'two' }]
  })
  const said: string[] = []
  for (const path of ['/two', '/one', '/TWO/', '/a/b?c', '/a/b/c']) {
    const answer = await rawExchange(edge.port, requestOf(`GET ${path} HTTP/1.1`))
    said.push(`${path} ${String(answer.body)} ${answer.header('x-served-by')}`)
  }
  expect(said).toEqual(['/two two two', '/one one legacy', '/TWO/ two two', '/a/b?c two two', '/a/b/c one legacy'])
})

test('a CORS preflight is the upstream’s to answer', async () => {
  const { exchange, upstream } = await relayed(
    always('HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n')
  )
  const preflight = ['Origin: https://a.example', 'Access-Control-Request-Method: DELETE']
  const answer = await exchange(requestOf('OPTIONS /x HTTP/1.1', preflight))
  expect([answer.status, answer.header('access-control-allow-origin')]).toEqual([204, '*'])
  expect((await upstream.request(1)).line).toBe('OPTIONS /x HTTP/1.1')
})

test('a request that waits holds up no other', async () => {
  const { connect, exchange, upstream } = await relayed(
    ({ socket, target }) => void (target === '/slow' || socket.write(ok()))
  )
  const client = await connect()
  client.send(requestOf('GET /slow HTTP/1.1'))
  await upstream.request(1)
  const answers = await Promise.all(Array.from({ length: 150 }, () => exchange(requestOf('GET /x HTTP/1.1'))))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
})

describe('connections to the upstream', () => {
  test('are kept and used again', async () => {
    const { exchange, upstream } = await relayed(always(ok()))
    for (let i = 0; i < 5; i += 1) await exchange(requestOf('POST /x HTTP/1.1', ['Content-Length: 5'], 'hello'))
    expect([upstream.connections, upstream.requests.length]).toEqual([1, 5])
  })

  test.each([
    ['of its own accord before the 5 s of a Node upstream', [], 5_000],
    ['before the upstream does that says when', ['Keep-Alive: timeout=2'], 2_000]
  ])('are closed when idle %s', async (_, fields, limit) => {
    const { exchange, upstream } = await relayed(always(ok('ok', fields)))
    await exchange(requestOf('GET /x HTTP/1.1'))
    const start = performance.now()
    await once((await upstream.request(1)).socket, 'close')
    expect(performance.now() - start).toBeLessThan(limit)
  })

  test('end with the gateway', async () => {
    const { exchange, upstream, edge } = await relayed(always(ok()))
    await exchange(requestOf('GET /x HTTP/1.1'))
    const { socket } = await upstream.request(1)
    const closed = once(socket, 'close')
    await edge.gateway.close()
    await closed
    expect(socket.destroyed).toBe(true)
  })
})
