import { describe, expect, test } from 'vitest'
import type { RawRequest } from '../../support/raw.ts'
import { ok, relayed, requestOf } from './support.ts'

const FIRST = requestOf('GET /first HTTP/1.1')

/** Answers the first request of every connection; `later` deals with those that reuse one. */
async function reused(later: (request: RawRequest, howMany: number) => void) {
  let count = 0
  return relayed(request => {
    if (request.target === '/first') return void request.socket.write(ok())
    count += 1
    return later(request, count)
  })
}

describe('a safe request on a kept-alive connection that dies before a byte came back', () => {
  test.each([
    ['GET', 'reset'],
    ['HEAD', 'reset'],
    ['OPTIONS', 'reset'],
    ['GET', 'closed']
  ])('%s, %s: is sent once more and answered', async (method, how) => {
    const { exchange, upstream } = await reused(({ socket }, count) => {
      if (count > 1) socket.write(ok(''))
      else if (how === 'reset') socket.resetAndDestroy()
      else socket.end()
    })
    await exchange(FIRST)
    expect((await exchange(requestOf(`${method} /second HTTP/1.1`))).status).toBe(200)
    expect(upstream.requests.map(({ target, connection }) => `${target} ${connection}`)).toEqual([
      '/first 1',
      '/second 1',
      '/second 2'
    ])
  })

  test('again: is 502 after two tries', async () => {
    const { exchange, upstream } = await reused(({ socket }) => void socket.resetAndDestroy())
    await exchange(FIRST)
    const answer = await exchange(requestOf('GET /second HTTP/1.1'))
    expect([answer.status, upstream.requests.length]).toEqual([502, 3])
  })

  test('again, on a second kept-alive connection: is 502 after two tries', async () => {
    let firsts = 0
    const held: RawRequest[] = []
    const { exchange, upstream } = await relayed(request => {
      if (request.target !== '/first') {
        request.socket.resetAndDestroy()
        return
      }
      firsts += 1
      held.push(request)
      // Both connections are in use at once, so that two are kept.
      if (firsts === 2) for (const { socket } of held) socket.write(ok())
    })
    await Promise.all([exchange(FIRST), exchange(FIRST)])
    const answer = await exchange(requestOf('GET /second HTTP/1.1'))
    expect([answer.status, upstream.connections, upstream.requests.length]).toEqual([502, 2, 4])
  })

  test('on its first use: is 502 after one try', async () => {
    const { exchange, upstream } = await relayed(({ socket }) => void socket.resetAndDestroy())
    const answer = await exchange(requestOf('GET /x HTTP/1.1'))
    expect([answer.status, upstream.requests.length]).toEqual([502, 1])
  })
})

test.each(['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'H'])(
  'no second try once %j has come back',
  async bytes => {
    const { exchange, upstream } = await reused(({ socket }) => void socket.write(bytes, () => void socket.end()))
    await exchange(FIRST)
    const answer = await exchange(requestOf('GET /second HTTP/1.1'))
    expect([answer.status, upstream.requests.length]).toEqual([502, 2])
  }
)

test('no second try after an answer that is no HTTP', async () => {
  const { exchange, upstream } = await reused(({ socket }) => void socket.write('nonsense\r\n\r\n'))
  await exchange(FIRST)
  expect([(await exchange(requestOf('GET /second HTTP/1.1'))).status, upstream.requests.length]).toEqual([502, 2])
})

describe('what is not safe, or has a body, is never sent twice', () => {
  test.each([
    ['POST', '5'],
    ['PUT', '5'],
    ['PATCH', '5'],
    ['DELETE', '5'],
    ['GET', '5'],
    ['OPTIONS', '5'],
    ['POST', '0'],
    ['DELETE', '0'],
    ['QUERY', '0'],
    ['PROPFIND', '0']
  ])('%s with %s bytes', async (method, length) => {
    const { exchange, upstream } = await reused(({ socket }) => void socket.resetAndDestroy())
    await exchange(FIRST)
    const body = length === '0' ? '' : 'hello'
    const answer = await exchange(requestOf(`${method} /second HTTP/1.1`, [`Content-Length: ${length}`], body))
    expect([answer.status, upstream.requests.length]).toEqual([502, 2])
  })
})
