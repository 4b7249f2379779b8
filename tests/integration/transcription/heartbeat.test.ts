import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createWebSockets } from '../../../services/index.ts'
import { connected, startTranscription } from './support.ts'

test('a connection that answers pings stays, and one that does not is ended', async () => {
  const { app } = await startTranscription({ webSockets: createWebSockets({ heartbeatMs: 100 }) })
  const living = await connected(app.listeningOrigin)
  const dead = new WebSocket(`${app.listeningOrigin.replace('http', 'ws')}/transcription-stream`, { autoPong: false })
  onTestFinished(() => dead.terminate())
  await once(dead, 'open')
  expect(await once(dead, 'close')).toEqual([1006, Buffer.alloc(0)])
  for (let pings = 0; pings < 5; pings++) await once(living.socket, 'ping')
  expect(living.socket.readyState).toBe(WebSocket.OPEN)
})

test('a server that closes tells its clients, and does not wait long for those that are silent', async () => {
  const { app } = await startTranscription({ webSockets: createWebSockets({ closeTimeoutMs: 300 }) })
  const [polite, silent] = [await connected(app.listeningOrigin), await connected(app.listeningOrigin)]
  silent.socket.pause()
  await app.close()
  expect(await polite.closed).toEqual([1001, 'going away'])
  expect(app.server.listening).toBe(false)
})
