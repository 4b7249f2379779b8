import { randomUUID } from 'node:crypto'
import type { OpenAi } from '../platform/openai.ts'
import { Recording, type Span } from './recording.ts'
import type { ClientFrame, ServerFrame } from './schema.ts'

/** Audio of one recording. OpenAI takes uploads of up to 26,214,400 bytes, the form around the audio included. */
const MAX_RECORDING_BYTES = 25_000_000
/** Audio of all recordings of a connection: the one that goes on, and those that are still being transcribed. */
const MAX_HELD_BYTES = 2 * MAX_RECORDING_BYTES
/** Parts of a connection that wait for a transcription that is out. */
const MAX_WAITING_PARTS = 1000
/** With the starts and stops among them. */
const MAX_WAITING = MAX_WAITING_PARTS + 100

/** The other end of a session. */
export interface TranscriptionClient {
  send(frame: ServerFrame): void
  /** Told of every failed transcription; the client gets to know of the first. */
  failed(error: unknown): void
  /** More waits than may: the connection is to be ended. */
  overrun(): void
}

/** What one connection records. */
export interface TranscriptionSession {
  handle(frame: ClientFrame): void
  /** Gives up what is under way and lets go of the audio. */
  end(): void
}

export interface TranscriptionService {
  /** Begins a session, whose first word is the server's. */
  open(client: TranscriptionClient): TranscriptionSession
}

/** Transcribes while somebody speaks. All state is the session's. */
export function transcriptionService({ openai }: { readonly openai: Transcriber }): TranscriptionService {
  return { open: client => new Session(openai, client) }
}

type Transcriber = Pick<OpenAi, 'transcribe'>

class Session implements TranscriptionSession {
  readonly #openai: Transcriber
  readonly #client: TranscriptionClient
  readonly #connectionId = randomUUID()
  readonly #leaving = new AbortController()
  #recording = new Recording(MAX_RECORDING_BYTES)
  /** Of this recording and of those before it that are still being transcribed. */
  #heldBytes = 0
  #waiting = 0
  #work = Promise.resolve()

  constructor(openai: Transcriber, client: TranscriptionClient) {
    this.#openai = openai
    this.#client = client
    const message = 'Connected to the transcription service'
    client.send({ type: 'connection', connectionId: this.#connectionId, message })
  }

  handle(frame: ClientFrame): void {
    if (frame.type === 'audio_chunk') return this.#add(Buffer.from(frame.audioData, 'base64'))
    if (this.#waiting >= MAX_WAITING) return this.#client.overrun()
    return frame.type === 'start_recording' ? this.#start(frame.consultationId) : this.#stop()
  }

  end(): void {
    this.#leaving.abort()
    this.#recording = new Recording(0)
  }

  #start(consultationId: unknown): void {
    const previous = this.#recording
    this.#recording = new Recording(MAX_RECORDING_BYTES)
    this.#inTurn(() => {
      this.#heldBytes -= previous.bytes
      this.#client.send({ type: 'recording_started', consultationId })
    })
  }

  #add(chunk: Buffer): void {
    const recording = this.#recording
    if (recording.isFull) return
    const refusal = this.#refusalOf(chunk)
    if (refusal !== undefined) {
      recording.isFull = true
      return this.#client.send({ type: 'error', message: refusal, timestamp: now() })
    }
    this.#heldBytes += chunk.length
    const part = recording.add(chunk)
    if (part !== undefined) this.#inTurn(() => this.#transcribePart(recording, part))
  }

  #refusalOf({ length }: Buffer): string | undefined {
    if (this.#recording.bytes + length > MAX_RECORDING_BYTES) {
      const megabytes = MAX_RECORDING_BYTES / 1_000_000
      return `Recording too long: no more than ${megabytes} MB of audio can be transcribed. Stop it and start another.`
    }
    if (this.#heldBytes + length > MAX_HELD_BYTES || this.#waiting >= MAX_WAITING_PARTS) {
      return 'Transcription is too far behind to take more audio. Stop the recording and start another later.'
    }
    return undefined
  }

  #stop(): void {
    const recording = this.#recording
    const { bytes, isEmpty } = recording
    this.#inTurn(async () => {
      const text = isEmpty ? '' : await this.#transcribe(recording, recording.upTo(bytes))
      if (text !== undefined) {
        this.#client.send({ type: 'transcript', text, timestamp: now(), isPartial: false, isFinal: true })
      }
      this.#client.send({ type: 'recording_stopped', connectionId: this.#connectionId })
    })
  }

  async #transcribePart(recording: Recording, part: Span): Promise<void> {
    const text = await this.#transcribe(recording, recording.part(part))
    if (text === undefined) return
    recording.text = `${recording.text} ${text}`.trim()
    this.#client.send({ type: 'transcript', text: recording.text, timestamp: now(), isPartial: true })
  }

  async #transcribe(recording: Recording, audio: Buffer): Promise<string | undefined> {
    const { signal } = this.#leaving
    try {
      return await this.#openai.transcribe(audio, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      this.#client.failed(error)
      const message = 'Transcription temporarily unavailable'
      if (!recording.hasFailed) this.#client.send({ type: 'error', message, timestamp: now() })
      recording.hasFailed = true
      return undefined
    }
  }

  /** Answers and transcriptions keep the order of the frames that ask for them. */
  #inTurn(task: () => void | Promise<void>): void {
    this.#waiting += 1
    this.#work = this.#work.then(() => {
      this.#waiting -= 1
      return this.#leaving.signal.aborted ? undefined : task()
    })
  }
}

function now(): string {
  return new Date().toISOString()
}
