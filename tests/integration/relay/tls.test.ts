import { createServer, type Server } from 'node:https'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { portOf, rawExchange } from '../../support/raw.ts'
import { edgeTo, requestOf } from './support.ts'
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from '../../support/self-signed.ts'

let server: Server
let hits = 0

beforeAll(async () => {
  server = createServer({ key: SELF_SIGNED_KEY, cert: SELF_SIGNED_CERTIFICATE }, (_, response) => {
    hits += 1
    response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => void server.close())

test.each(['127.0.0.1', 'localhost'])('an upstream whose certificate nobody vouches for (%s) is 502', async host => {
  const edge = await edgeTo(`https://${host}:${portOf(server)}`)
  const answer = await rawExchange(edge.port, requestOf('GET /x HTTP/1.1'))
  expect([answer.status, JSON.parse(String(answer.body)), hits]).toEqual([
    502,
    { msg: 'Bad gateway: the backend cannot be reached', error: 'upstream_unreachable' },
    0
  ])
  const upgrade = requestOf('GET /ws HTTP/1.1', [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  ])
  expect((await rawExchange(edge.port, upgrade)).status).toBe(502)
})
