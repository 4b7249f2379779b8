import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { stall } from '../../support/http-stub.ts'
import { answer } from '../../support/openai-stub.ts'
import { chunk } from '../../support/transcription-client.ts'
import { final, MALFORMED, START, STARTED, startTranscription, STOP, STOPPED } from './support.ts'

const MB = 1_000_000
/** In base64 a little below the largest frame. */
const LARGE = chunk(randomBytes(5 * MB))

const TOO_LONG = expect.stringMatching(
  /^\{"type":"error","message":"Recording too long: no more than 25 MB of audio [^"]+","timestamp":"TIME"\}$/
)
const TOO_FAR_BEHIND = expect.stringMatching(
  /^\{"type":"error","message":"Transcription is too far behind [^"]+","timestamp":"TIME"\}$/
)

test('a recording of 25 MB is transcribed whole; what is longer is refused, told once, and kept so far', async () => {
  const { connect, openai } = await startTranscription()
  openai.behave(answer(({ audio }) => String(audio.length)))
  const client = await connect()
  client.send(START, LARGE, LARGE, LARGE, LARGE, LARGE, STOP)
  expect([await client.next(), await client.next(), await client.next()]).toEqual([STARTED, final('25000000'), STOPPED])

  client.send(chunk('x'), chunk('y'), LARGE, STOP)
  expect(await client.settled()).toEqual([TOO_LONG, final('25000000'), STOPPED])

  client.send(START, chunk('HEAD'), STOP)
  expect(await client.settled()).toEqual([STARTED, final('4'), STOPPED])
})

test('audio that waits counts until it is transcribed, and another recording can start meanwhile', async () => {
  const { connect, openai } = await startTranscription()
  const slow = stall()
  openai.behave(
    slow,
    answer(({ audio }) => String(audio.length))
  )
  const client = await connect()
  const whole = [START, LARGE, LARGE, LARGE, LARGE, LARGE, STOP]
  client.send(...whole, ...whole)
  expect(await client.next()).toBe(STARTED)
  await openai.request(1)
  client.send(START, chunk('HEAD'), chunk('a'))
  expect(await client.next()).toEqual(TOO_FAR_BEHIND)
  slow.release()
  expect(await client.settled()).toEqual([
    expect.stringContaining('"isFinal":true'),
    STOPPED,
    STARTED,
    final('25000000'),
    STOPPED,
    STARTED
  ])
  client.send(START, chunk('HEAD'), STOP)
  expect(await client.settled()).toEqual([STARTED, final('4'), STOPPED])
})

test('parts wait for their turn in bounded number, even those without a byte', async () => {
  const { connect, openai } = await startTranscription()
  openai.behave(stall())
  const client = await connect()
  client.send(START, chunk('HEAD'), STOP)
  await openai.request(1)
  for (let sent = 0; sent < 8 * 1000; sent++) client.send({ type: 'audio_chunk', audioData: '*' })
  client.send('x', chunk('a'))
  expect([await client.next(), await client.next(), await client.next()]).toEqual([STARTED, MALFORMED, TOO_FAR_BEHIND])
})

test('more commands than may wait end the connection', async () => {
  const { connect, openai } = await startTranscription()
  openai.behave(stall())
  const client = await connect()
  client.send(START, chunk('HEAD'), STOP)
  const upload = await openai.request(1)
  for (let sent = 0; sent < 1101; sent++) client.send(STOP)
  expect(await client.closed).toEqual([1008, 'too many frames are waiting'])
  expect(await upload.ended).toBe('abandoned')
})

test('a frame of 10 MiB is read, and a larger one ends the connection', async () => {
  const { connect } = await startTranscription()
  const client = await connect()
  client.send('x'.repeat(10 * 1024 * 1024))
  expect(await client.next()).toBe(MALFORMED)
  client.send('x'.repeat(10 * 1024 * 1024 + 1))
  expect((await client.closed)[0]).toBe(1009)
})

test('a client that asks and does not read is let go', async () => {
  const { connect } = await startTranscription()
  const client = await connect()
  client.socket.pause()
  const question = { ...START, consultationId: 'x'.repeat(900) }
  // Far more than the system's buffers take.
  for (let sent = 0; sent < 30_000; sent++) {
    client.send(question)
    if (sent % 50 === 0) await nextTurn()
  }
  client.socket.resume()
  expect((await client.closed)[0]).toBe(1006)
})

test.each([
  ['null', 'null'],
  ['audio that is a number', '{"type":"audio_chunk","audioData":5}'],
  ['audio that is bytes in a list', '{"type":"audio_chunk","audioData":[1,2]}'],
  ['audio that is an object', '{"type":"audio_chunk","audioData":{"length":5}}'],
  ['an id as long as a book', JSON.stringify({ ...START, consultationId: 'x'.repeat(2000) })],
  ['nesting without end', '['.repeat(5_000_000)]
])('what would end the legacy is malformed: %s', async (_, frame) => {
  const { connect } = await startTranscription()
  const client = await connect()
  client.send(frame)
  expect(await client.next()).toBe(MALFORMED)
  client.send(START, STOP)
  expect(await client.settled()).toEqual([STARTED, final(''), STOPPED])
})

test.each([
  ['a reserved bit', Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
  ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['no mask', Buffer.from([0x81, 0x01, 0x78])],
  ['text that is no UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff])]
])('a frame that breaks the protocol ends only its connection: %s', async (_, bytes) => {
  const { connect } = await startTranscription()
  const [client, other] = [await connect(), await connect()]
  Reflect.get(client.socket, '_socket').write(bytes)
  expect([1002, 1007]).toContain((await client.closed)[0])
  other.send(START, STOP)
  expect(await other.settled()).toEqual([STARTED, final(''), STOPPED])
})
