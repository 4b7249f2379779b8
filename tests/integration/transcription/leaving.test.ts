import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { stall } from '../../support/http-stub.ts'
import { answer } from '../../support/openai-stub.ts'
import { chunk, type TranscriptionClient } from '../../support/transcription-client.ts'
import { final, START, STARTED, startTranscription, STOP, STOPPED } from './support.ts'

const MB = 1_000_000

test.each([
  ['closes', (client: TranscriptionClient) => client.socket.close()],
  ['breaks off', (client: TranscriptionClient) => client.socket.terminate()]
])('a client that %s takes its transcription with it, and those that wait', async (_, leave) => {
  const { connect, openai } = await startTranscription()
  openai.behave(stall(), answer('heard'))
  const [leaving, staying] = [await connect(), await connect()]
  leaving.send(START, chunk('HEAD'), STOP, START, chunk('HEAD'), STOP, STOP)
  const upload = await openai.request(1)
  leave(leaving)
  expect(await upload.ended).toBe('abandoned')
  staying.send(START, chunk('HEAD'), STOP)
  expect(await staying.settled()).toEqual([STARTED, final('heard'), STOPPED])
  expect(openai.requests).toHaveLength(2)
})

/** Bytes in buffers that somebody still holds. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().arrayBuffers
}

test('while a connection lasts its audio is held, and no longer, whatever becomes of OpenAI', async () => {
  const { connect, openai } = await startTranscription({ openai: { concurrency: 1 } })
  openai.behave(stall())
  const first = await connect()
  first.send(START, chunk('HEAD'), STOP)
  await openai.request(1)
  const before = heldBytes()

  // The one goes on recording, the other waits for its turn at OpenAI.
  const [recording, waiting] = [await connect(), await connect()]
  const audio = chunk(Buffer.alloc(5 * MB))
  for (const client of [recording, waiting]) {
    for (let sent = 0; sent < 4; sent++) client.send(audio)
    client.send('x')
    await client.next()
  }
  waiting.send(STOP, 'x')
  await waiting.next()
  await expect.poll(heldBytes).toBeGreaterThan(before + 39 * MB)

  for (const client of [recording, waiting]) client.socket.terminate()
  await expect.poll(heldBytes, { timeout: 10_000 }).toBeLessThan(before + 2 * MB)
  expect(openai.requests).toHaveLength(1)
})
