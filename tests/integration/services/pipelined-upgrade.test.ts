import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { givenUser, startNative } from './support.ts'

test('an upgrade that does not wait for the answer before it ends the connection', async () => {
  const { app, call, db } = await startNative()
  const { token } = await givenUser(db)
  const socket = connect(Number(new URL(app.listeningOrigin).port), '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (bytes: Buffer) => received.push(bytes))
  const head = (line: string, ...fields: string[]) =>
    [`${line} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...fields, '', ''].join('\r\n')
  const handshake = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  socket.write(
    head('GET /users/profile') +
      head('GET /transcription-stream', 'Connection: Upgrade', 'Upgrade: websocket', ...handshake)
  )
  await once(socket, 'close')
  expect(Buffer.concat(received).toString()).not.toContain('101 Switching')
  expect(await call('GET', '/users/profile', { token })).toMatchObject({ status: 200 })
})
