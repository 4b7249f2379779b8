import { expect, test } from 'vitest'
import { ok, relayed, requestOf } from './support.ts'

const SECRETS = ['patient-jane', 'q=cough', 'Bearer', 'eyJhbGciOi', 'cookie-value', 'the-body-text', 'answer-text']

test('one line a request, with nothing in it that the client or the upstream wrote', async () => {
  const { exchange, edge } = await relayed(
    ({ socket, target }) =>
      void (target.includes('dead')
        ? socket.resetAndDestroy()
        : socket.write(ok('answer-text', ['Set-Cookie: cookie-value']))),
    { routes: [{ id: 'notes.all', paths: ['/notes/:id'], methods: ['POST', 'GET'] }] }
  )
  const fields = ['Authorization: Bearer eyJhbGciOi', 'Cookie: a=cookie-value', 'Content-Length: 13']
  await exchange(requestOf('POST /notes/patient-jane?q=cough HTTP/1.1', fields, 'the-body-text'))
  await exchange(requestOf('GET /notes/patient-jane-dead?q=cough HTTP/1.1', fields, 'the-body-text'))
  await exchange(requestOf('POST /elsewhere/patient-jane?q=cough HTTP/1.1', fields, 'the-body-text'))
  const lines = await edge.requestLines(3)
  expect(
    lines.map(({ route, method, target, reason, status, failure }) => ({
      route,
      method,
      target,
      reason,
      status,
      failure
    }))
  ).toEqual([
    { route: 'notes.all', method: 'POST', target: 'legacy', reason: 'no-native', status: 200, failure: undefined },
    {
      route: 'notes.all',
      method: 'GET',
      target: 'legacy',
      reason: 'no-native',
      status: 502,
      failure: 'upstream_reset'
    },
    { route: 'unmatched', method: 'POST', target: 'legacy', reason: 'unmatched', status: 200, failure: undefined }
  ])
  for (const line of lines)
    expect(line).toMatchObject({ requestId: expect.stringMatching(/./), durationMs: expect.any(Number) })
  expect(SECRETS.filter(secret => edge.logText.includes(secret))).toEqual([])
  // Besides those of the requests there are only the gateway's own, which tell of no request.
  expect(edge.log.filter(line => line['msg'] !== 'request' && 'requestId' in line)).toEqual([])
})

test('a client’s malformed request is 400 and logs nothing of it', async () => {
  const { exchange, edge } = await relayed(({ socket }) => void socket.write(ok()))
  expect((await exchange('GET /patient-jane HTTP/1.1\r\nbad header q=cough\r\n\r\n')).status).toBe(400)
  expect(SECRETS.filter(secret => edge.logText.includes(secret))).toEqual([])
})
