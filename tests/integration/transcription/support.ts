import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { PlatformOptions } from '../../../services/index.ts'
import { type OpenAiStub, startOpenAiStub } from '../../support/openai-stub.ts'
import {
  type TranscriptionClient,
  type TranscriptionClientOptions,
  transcriptionClient
} from '../../support/transcription-client.ts'
import { type Native, startNative } from '../services/support.ts'

export const START = { type: 'start_recording', consultationId: 'c' }
export const STOP = { type: 'stop_recording' }

export const STARTED = '{"type":"recording_started","consultationId":"c"}'
export const STOPPED = '{"type":"recording_stopped","connectionId":"ID"}'
export const MALFORMED = '{"type":"error","message":"Invalid message format"}'

export function final(text: string): string {
  return `{"type":"transcript","text":"${text}","timestamp":"TIME","isPartial":false,"isFinal":true}`
}

export interface NativeTranscription extends Native {
  readonly openai: OpenAiStub
  /** A client that has read the greeting. */
  readonly connect: (options?: TranscriptionClientOptions) => Promise<TranscriptionClient>
}

/** The native services with an OpenAI of their own; all ends with the test. */
export async function startTranscription(options: Partial<PlatformOptions> = {}): Promise<NativeTranscription> {
  const openai = await startOpenAiStub()
  onTestFinished(() => openai.close())
  const native = await startNative({
    ...options,
    openai: { baseUrl: openai.url, apiKey: 'a key', maxRetries: 0, ...options.openai }
  })
  return { ...native, openai, connect: given => connected(native.app.listeningOrigin, given) }
}

/** A client that has read the greeting, and goes with the test. */
export async function connected(origin: string, options?: TranscriptionClientOptions): Promise<TranscriptionClient> {
  const client = await transcriptionClient(origin, options)
  onTestFinished(() => client.socket.terminate())
  await client.next()
  return client
}

export interface Refused {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** The answer to a handshake that makes no WebSocket. */
export async function refused(origin: string, options: TranscriptionClientOptions = {}): Promise<Refused> {
  const { path = '/transcription-stream', token, headers } = options
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, {
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers }
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  socket.once('unexpected-response', (_request, answer) => resolve(answer))
  socket.once('open', () => reject(new Error('the handshake was accepted')))
  socket.on('error', reject)
  const answer = await promise
  const body = await textOf(answer)
  const isJson = answer.headers['content-type']?.startsWith('application/json')
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? JSON.parse(body) : body }
}
