import { expect, test } from 'vitest'
import { ok, relayed, requestOf } from './support.ts'

test('a gateway that stops finishes what is in flight and tells its client to leave', async () => {
  const { connect, upstream, edge } = await relayed(() => {})
  const client = await connect()
  client.send(requestOf('GET /slow HTTP/1.1'))
  const { socket } = await upstream.request(1)
  const stopped = edge.gateway.close()
  socket.write(ok('whole'))
  const answer = await client.answer()
  expect([answer.status, String(answer.body), answer.header('connection')]).toEqual([200, 'whole', 'close'])
  await client.rest()
  await stopped
})

test('what exceeds the limit is cut, so that stopping ends', async () => {
  const { connect, upstream, edge } = await relayed(() => {}, { env: { SHUTDOWN_TIMEOUT_MS: 200 } })
  const client = await connect()
  client.send(requestOf('GET /never HTTP/1.1'))
  await upstream.request(1)
  await edge.gateway.close()
  expect(String((await client.rest()).bytes)).toBe('')
})

test('a client may take only so long for its header and for its request', async () => {
  const { edge } = await relayed(() => {}, { env: { REQUEST_TIMEOUT_MS: 12_345 } })
  const { requestTimeout, headersTimeout } = edge.gateway.app.server
  expect([requestTimeout, headersTimeout]).toEqual([12_345, expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000)])
})
