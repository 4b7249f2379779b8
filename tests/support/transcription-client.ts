import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface TranscriptionClientOptions {
  readonly path?: string
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** A frontend that talks to `/transcription-stream`. */
export interface TranscriptionClient {
  readonly socket: WebSocket
  /** Of the 101. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Sends a text, bytes, or anything else as JSON. */
  send(...frames: readonly unknown[]): void
  /** The next frame as it came, with `TIME` and `ID` for what is another each time. Rejects when the connection closes before. */
  next(): Promise<string>
  /** All frames until nothing that was sent before is left to answer. */
  settled(): Promise<string[]>
  /** The code and the reason. */
  readonly closed: Promise<[number, string]>
}

/** Connects to an origin, and reads the greeting. */
export async function transcriptionClient(
  origin: string,
  { path = '/transcription-stream', token, headers }: TranscriptionClientOptions = {}
): Promise<TranscriptionClient> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, {
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers }
  })
  const frames = new Frames(socket)
  const upgraded = once(socket, 'upgrade')
  await once(socket, 'open')
  const [answer] = await upgraded
  const send = (...all: readonly unknown[]) => {
    for (const each of all) socket.send(typeof each === 'string' || Buffer.isBuffer(each) ? each : JSON.stringify(each))
  }
  let fences = 0
  return {
    socket,
    headers: answer.headers,
    closed: frames.closed,
    send,
    next: () => frames.next(),
    async settled() {
      const fence = { type: 'start_recording', consultationId: `fence ${++fences}` }
      send(fence)
      const last = JSON.stringify({ ...fence, type: 'recording_started' })
      const before: string[] = []
      for (let frame = await frames.next(); frame !== last; frame = await frames.next()) before.push(frame)
      return before
    }
  }
}

class Frames {
  readonly closed: Promise<[number, string]>
  readonly #arrived: string[] = []
  #end: Error | undefined
  #wanted: PromiseWithResolvers<string> | undefined

  constructor(socket: WebSocket) {
    const { promise, resolve } = Promise.withResolvers<[number, string]>()
    this.closed = promise
    socket.on('message', data => {
      this.#arrived.push(withoutChance(Buffer.isBuffer(data) ? data.toString() : ''))
      this.#deliver()
    })
    socket.once('close', (code, reason) => {
      resolve([code, String(reason)])
      this.#end = new Error(`closed with ${code} instead of a frame`)
      this.#deliver()
    })
  }

  next(): Promise<string> {
    this.#wanted = Promise.withResolvers()
    const { promise } = this.#wanted
    this.#deliver()
    return promise
  }

  #deliver(): void {
    if (this.#wanted === undefined) return
    const frame = this.#arrived.shift()
    if (frame !== undefined) this.#wanted.resolve(frame)
    else if (this.#end !== undefined) this.#wanted.reject(this.#end)
    else return
    this.#wanted = undefined
  }
}

function withoutChance(frame: string): string {
  return frame
    .replace(/"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/, '"timestamp":"TIME"')
    .replace(/"connectionId":"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"/, '"connectionId":"ID"')
}

/** A frame with audio. */
export function chunk(audio: string | Buffer): object {
  return { type: 'audio_chunk', audioData: Buffer.from(audio).toString('base64') }
}
