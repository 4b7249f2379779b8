import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { fail, stall } from '../support/http-stub.ts'
import { answer, type OpenAiStub } from '../support/openai-stub.ts'
import { rawExchange } from '../support/raw.ts'
import { chunk, type TranscriptionClient, transcriptionClient } from '../support/transcription-client.ts'

export interface TranscriptionContext {
  readonly baseUrl: () => string
  /** What the backends at `baseUrl` take for OpenAI; nobody else uses it at the time. */
  readonly openai: () => OpenAiStub
  /** Of another user each time, so that weights spread over the connections. */
  readonly token: () => string
}

const start = (consultationId: unknown = 'c') => ({ type: 'start_recording', consultationId })
const stop = { type: 'stop_recording' }

const STARTED = '{"type":"recording_started","consultationId":"c"}'
const STOPPED = '{"type":"recording_stopped","connectionId":"ID"}'
const MALFORMED = '{"type":"error","message":"Invalid message format"}'
const UNAVAILABLE = '{"type":"error","message":"Transcription temporarily unavailable","timestamp":"TIME"}'
const partial = (text: string) => `{"type":"transcript","text":"${text}","timestamp":"TIME","isPartial":true}`
const final = (text: string) =>
  `{"type":"transcript","text":"${text}","timestamp":"TIME","isPartial":false,"isFinal":true}`

/** The stub says what it heard: the audio of these tests is text. */
const heard = answer(({ audio }) => String(audio))

/** Eight chunks, enough to be transcribed, of eight letters. */
function part(letters: string): object[] {
  return letters.split('').map(letter => chunk(letter))
}

interface Case {
  readonly name: string
  readonly send: readonly unknown[]
  readonly frames: readonly string[]
  /** What is uploaded, in order. */
  readonly uploads?: readonly string[]
}

const ONE = part('abcdefgh')
const TWO = part('ijklmnop')

const cases: readonly Case[] = [
  { name: 'a start is confirmed', send: [start()], frames: [STARTED] },
  {
    name: 'whatever was started is said back',
    send: [{ type: 'start_recording' }, start(5), start({ b: 1, a: [null] }), start('"é')],
    frames: [
      '{"type":"recording_started"}',
      '{"type":"recording_started","consultationId":5}',
      '{"type":"recording_started","consultationId":{"b":1,"a":[null]}}',
      String.raw`{"type":"recording_started","consultationId":"\"é"}`
    ]
  },
  {
    name: 'fewer than eight chunks behind the header wait for the stop',
    send: [start(), chunk('HEAD'), ...ONE.slice(1), stop],
    frames: [STARTED, final('HEADbcdefgh'), STOPPED],
    uploads: ['HEADbcdefgh']
  },
  {
    name: 'every eight chunks are transcribed behind the header, and all of them at the stop',
    send: [start(), chunk('HEAD'), ...ONE, ...TWO, chunk('q'), stop],
    frames: [
      STARTED,
      partial('HEADabcdefgh'),
      partial('HEADabcdefgh HEADijklmnop'),
      final('HEADabcdefghijklmnopq'),
      STOPPED
    ],
    uploads: ['HEADabcdefgh', 'HEADijklmnop', 'HEADabcdefghijklmnopq']
  },
  {
    name: 'texts are trimmed while they gather and not at the end',
    send: [start(), chunk(' '), ...part('a       '), ...part(' b      '), stop],
    frames: [STARTED, partial('a'), partial('a   b'), final(` a${' '.repeat(8)}b${' '.repeat(6)}`), STOPPED],
    uploads: [' a       ', '  b      ', ` a${' '.repeat(8)}b${' '.repeat(6)}`]
  },
  {
    name: 'a header alone is transcribed at the stop',
    send: [start(), chunk('HEAD'), stop],
    frames: [STARTED, final('HEAD'), STOPPED],
    uploads: ['HEAD']
  },
  { name: 'without audio the final text is empty', send: [start(), stop], frames: [STARTED, final(''), STOPPED] },
  { name: 'a stop needs no start', send: [stop], frames: [final(''), STOPPED] },
  {
    name: 'nor does audio',
    send: [chunk('HEAD'), chunk('a'), stop],
    frames: [final('HEADa'), STOPPED],
    uploads: ['HEADa']
  },
  {
    name: 'a start forgets what was before',
    send: [start(), chunk('OLD'), ...ONE, start(), chunk('NEW'), ...TWO, stop],
    frames: [STARTED, partial('OLDabcdefgh'), STARTED, partial('NEWijklmnop'), final('NEWijklmnop'), STOPPED],
    uploads: ['OLDabcdefgh', 'NEWijklmnop', 'NEWijklmnop']
  },
  {
    name: 'a stop does not: the recording goes on until the next start',
    send: [start(), chunk('HEAD'), chunk('a'), stop, chunk('b'), stop],
    frames: [STARTED, final('HEADa'), STOPPED, final('HEADab'), STOPPED],
    uploads: ['HEADa', 'HEADab']
  },
  {
    name: 'JSON that asks for nothing is passed over',
    send: ['5', '"start_recording"', 'true', '[]', '[{"type":"stop_recording"}]', '{}', { type: 'STOP' }, { type: 1 }],
    frames: []
  },
  {
    name: 'a chunk without audio is none',
    send: [
      start(),
      { type: 'audio_chunk' },
      ...['', null, 0, false].map(audioData => ({ type: 'audio_chunk', audioData })),
      chunk('HEAD'),
      stop
    ],
    frames: [STARTED, final('HEAD'), STOPPED],
    uploads: ['HEAD']
  },
  {
    name: 'what is not JSON is malformed',
    send: ['x', '', '{"type":"stop_recording"', '{"type":"stop_recording"}}', "{'type':'stop_recording'}"],
    frames: Array.from({ length: 5 }, () => MALFORMED)
  },
  {
    name: 'a binary frame is read like a text',
    send: [start(), chunk('HEAD'), stop].map(frame => Buffer.from(JSON.stringify(frame))),
    frames: [STARTED, final('HEAD'), STOPPED],
    uploads: ['HEAD']
  },
  {
    name: 'and is malformed where it is none',
    send: [Buffer.from([0xff, 0xfe]), Buffer.alloc(0)],
    frames: [MALFORMED, MALFORMED]
  }
]

/** The contract of `/transcription-stream`, as tests of whatever answers at `baseUrl`. */
export function transcription({ baseUrl, openai, token }: TranscriptionContext): void {
  let seen = 0
  beforeEach(() => {
    openai().behave(heard)
    seen = openai().requests.length
  })
  const uploads = () => openai().requests.slice(seen)

  async function connected(): Promise<TranscriptionClient> {
    const client = await transcriptionClient(baseUrl(), { token: token() })
    onTestFinished(() => client.socket.terminate())
    expect(await client.next()).toBe(
      '{"type":"connection","connectionId":"ID","message":"Connected to the transcription service"}'
    )
    return client
  }

  test.each(cases)('$name', async ({ send, frames, uploads: expected = [] }) => {
    const client = await connected()
    client.send(...send)
    expect(await client.settled()).toEqual(frames)
    expect(uploads().map(({ audio }) => String(audio))).toEqual(expected)
  })

  test('what goes to OpenAI', async () => {
    const client = await connected()
    client.send(start(), chunk('HEAD'), stop)
    await client.settled()
    expect(uploads()).toMatchObject([
      { path: '/v1/audio/transcriptions', form: { model: 'whisper-1', language: 'en' }, audioType: 'audio/webm' }
    ])
    expect(uploads()[0]?.audioName).toBe('audio.webm')
  })

  test('base64 is taken as far as it goes', async () => {
    openai().behave(answer('heard'))
    const client = await connected()
    const texts = ['SEVBRA==', 'YQ', 'Y Q=\n=', '-_-_', '*', 'YQ==YQ==', 'Y', 'é', '====']
    client.send(start(), ...texts.map(audioData => ({ type: 'audio_chunk', audioData })), stop)
    expect(await client.settled()).toEqual([STARTED, partial('heard'), final('heard'), STOPPED])
    const expected = Buffer.concat(texts.map(text => Buffer.from(text, 'base64')))
    expect(uploads().map(({ audio }) => audio.toString('hex'))).toEqual([expected, expected].map(hexOf))
  })

  test('bytes stay what they are', async () => {
    openai().behave(answer('heard'))
    const chunks = Array.from({ length: 9 }, (_, index) => randomBytes(index * 20_000 + 1))
    const client = await connected()
    client.send(start(), ...chunks.map(chunk), stop)
    expect(await client.settled()).toEqual([STARTED, partial('heard'), final('heard'), STOPPED])
    expect(uploads().map(({ audio }) => hexOf(audio))).toEqual(Array(2).fill(hexOf(Buffer.concat(chunks))))
  })

  describe('a transcription that fails', () => {
    // OpenAI's answer to audio that it cannot read: nobody tries that again.
    const failing = fail(400)

    test('is told once, and what was heard before and after stays', async () => {
      openai().behave(heard, failing, failing, heard, heard)
      const client = await connected()
      client.send(start(), chunk('H'), ...ONE, ...TWO, ...part('qrstuvwx'), ...part('12345678'), stop)
      expect(await client.settled()).toEqual([
        STARTED,
        partial('Habcdefgh'),
        UNAVAILABLE,
        partial('Habcdefgh H12345678'),
        final('Habcdefghijklmnopqrstuvwx12345678'),
        STOPPED
      ])
    })

    test('at the stop leaves only the stop to be told', async () => {
      openai().behave(failing)
      const client = await connected()
      client.send(start(), chunk('H'), stop, stop)
      expect(await client.settled()).toEqual([STARTED, UNAVAILABLE, STOPPED, STOPPED])
    })

    test('is told again in the next recording', async () => {
      openai().behave(failing)
      const client = await connected()
      client.send(start(), chunk('H'), stop, start(), chunk('H'), ...ONE, stop)
      expect(await client.settled()).toEqual([STARTED, UNAVAILABLE, STOPPED, STARTED, UNAVAILABLE, STOPPED])
    })
  })

  test('while a transcription is out the connection is alive, and everything else keeps its order', async () => {
    const slow = stall()
    openai().behave(slow, heard)
    const [client, other] = [await connected(), await connected()]
    client.send(start(), chunk('H'), ...ONE)
    expect(await client.next()).toBe(STARTED)
    await openai().request(seen + 1)

    client.send(...TWO, stop, start('next'), chunk('N'), stop)
    const pong = once(client.socket, 'pong')
    client.socket.ping()
    await pong
    client.send('x')
    expect(await client.next()).toBe(MALFORMED)
    other.send(start(), stop)
    expect(await other.settled()).toEqual([STARTED, final(''), STOPPED])
    expect(uploads()).toHaveLength(1)

    slow.release()
    expect(await client.settled()).toEqual([
      // What the stub says when it is released.
      expect.stringMatching(/^\{"type":"transcript","text":"This is part \d+ of the recording\.",/),
      expect.stringMatching(/ of the recording\. Hijklmnop","timestamp":"TIME","isPartial":true\}$/),
      final('Habcdefghijklmnop'),
      STOPPED,
      '{"type":"recording_started","consultationId":"next"}',
      final('N'),
      STOPPED
    ])
  })

  test('connections know nothing of each other', async () => {
    const clients = await Promise.all([connected(), connected(), connected(), connected()])
    for (const [index, client] of clients.entries()) client.send(start(index), chunk(`H${index}`))
    for (const client of clients) client.send(...ONE, stop)
    for (const [index, client] of clients.entries()) {
      expect(await client.settled()).toEqual([
        `{"type":"recording_started","consultationId":${index}}`,
        partial(`H${index}abcdefgh`),
        final(`H${index}abcdefgh`),
        STOPPED
      ])
    }
  })

  describe('the handshake', () => {
    const FIELDS = { Version: '13', Key: 'dGhlIHNhbXBsZSBub25jZQ==' }
    const handshake = async (target: string, fields: Readonly<Record<string, string>> = FIELDS) => {
      const { port } = new URL(baseUrl())
      const lines = Object.entries(fields).map(([name, value]) => `Sec-WebSocket-${name}: ${value}`)
      const upgrade = [`GET ${target} HTTP/1.1`, 'Host: scribe.example', 'Connection: Upgrade', 'Upgrade: websocket']
      const request = [...upgrade, `Authorization: Bearer ${token()}`, ...lines, '', ''].join('\r\n')
      return rawExchange(Number(port), request)
    }

    test.each(['/transcription-stream?', '/transcription-stream?a=b&path=/x'])('%s is the path', async target => {
      const answered = await handshake(target)
      expect([answered.line, answered.header('sec-websocket-accept')]).toEqual([
        'HTTP/1.1 101 Switching Protocols',
        's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
      ])
    })

    test.each([
      '/transcription-stream/',
      '/Transcription-Stream',
      '/transcription%2Dstream',
      '//transcription-stream',
      '/transcription-stream/x',
      '/',
      '/api/notes/0123456789abcdef01234567',
      '/nowhere'
    ])('%s is not', async target => {
      const answered = await handshake(target)
      expect([answered.line, answered.header('content-type'), String(answered.body)]).toEqual([
        'HTTP/1.1 400 Bad Request',
        'text/html',
        'Bad Request'
      ])
    })

    test.each([
      [{ Version: '13' }, 'Missing or invalid Sec-WebSocket-Key header'],
      [{ Version: '13', Key: 'short' }, 'Missing or invalid Sec-WebSocket-Key header'],
      [{ Key: FIELDS.Key }, 'Missing or invalid Sec-WebSocket-Version header'],
      [{ ...FIELDS, Version: '7' }, 'Missing or invalid Sec-WebSocket-Version header'],
      [{ ...FIELDS, Protocol: 'a,,b' }, 'Invalid Sec-WebSocket-Protocol header']
    ])('%o is refused', async (fields, message) => {
      const answered = await handshake('/transcription-stream', fields)
      expect([answered.status, String(answered.body)]).toEqual([400, message])
    })

    test('of several subprotocols the first is taken, extensions are not', async () => {
      const extensions = 'permessage-deflate; client_max_window_bits'
      const answered = await handshake('/transcription-stream', {
        ...FIELDS,
        Protocol: 'chat, other',
        Extensions: extensions
      })
      expect([
        answered.status,
        answered.header('sec-websocket-protocol'),
        answered.all('sec-websocket-extensions')
      ]).toEqual([101, 'chat', []])
    })

    test('any origin may connect', async () => {
      const client = await transcriptionClient(baseUrl(), { headers: { origin: 'https://elsewhere.example' } })
      expect(await client.next()).toContain('"type":"connection"')
      client.socket.terminate()
    })
  })
}

function hexOf(bytes: Buffer): string {
  return bytes.toString('hex')
}
