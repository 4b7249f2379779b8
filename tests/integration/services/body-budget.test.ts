import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { rawExchange } from '../../support/raw.ts'
import { givenUser, startNative } from './support.ts'

/** Each may become 10 MB, and all together may take 128. */
const THAT_FIT = 12

test('large bodies that are not all there yet leave no room for more of them, and none is taken from small ones', async () => {
  const { app, call, db } = await startNative()
  const { token } = await givenUser(db)
  const port = Number(new URL(app.listeningOrigin).port)
  const head = (length: string) =>
    [
      'POST /api/prompts HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      length,
      '',
      ''
    ].join('\r\n')
  const large = { token, body: { prompt_name: 'n', prompt_text: 'x'.repeat(300_000) } }
  const small = { token, body: { prompt_name: 'n', prompt_text: 't' } }

  /** Sends a head, and part of the body when it is asked for, which is when its size has been counted. */
  const unfinished = async () => {
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const length = 'Transfer-Encoding: chunked\r\nExpect: 100-continue'
    socket.write(head(length))
    await once(socket, 'data')
    return socket
  }
  const [first] = await Promise.all(Array.from({ length: THAT_FIT }, unfinished))
  expect(await call('POST', '/api/prompts', large)).toMatchObject({ status: 201 })
  const refused = await rawExchange(port, head('Transfer-Encoding: chunked'))
  expect([refused.status, refused.header('retry-after'), String(refused.body)]).toEqual([
    503,
    '1',
    '{"msg":"Service unavailable"}'
  ])
  expect(await call('POST', '/api/prompts', small)).toMatchObject({ status: 201 })

  // The first ends, and leaves its room.
  first?.end('2\r\n{}\r\n0\r\n\r\n')
  await once(first ?? app.server, 'close')
  const taken = await rawExchange(port, `${head('Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`)
  expect(taken.status).toBe(422)
})
