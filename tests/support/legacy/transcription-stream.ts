import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Chat, transcription } from './openai.ts'

const CHUNKS_A_PART = 8

interface Frame {
  type?: string
  consultationId?: string
  audioData?: string
}

/** Live transcription on `/transcription-stream` of the server. */
export function transcriptionStream(server: Server, openai: Chat): void {
  const sockets = new WebSocketServer({ server, path: '/transcription-stream' })
  sockets.on('connection', socket => serve(socket, openai))
}

function serve(socket: WebSocket, openai: Chat): void {
  const connectionId = randomUUID()
  const send = (frame: object) => socket.send(JSON.stringify(frame))
  let recording = newRecording()
  let queue = Promise.resolve()

  async function transcribe(chunks: Buffer[]): Promise<string | undefined> {
    try {
      return await transcription(openai, Buffer.concat([...recording.header, ...chunks]))
    } catch {
      if (!recording.failed) {
        send({ type: 'error', message: 'Transcription temporarily unavailable', timestamp: new Date() })
      }
      recording.failed = true
      return undefined
    }
  }

  async function addChunk(audio: Buffer): Promise<void> {
    if (recording.header.length === 0) {
      recording.header.push(audio)
      return
    }
    recording.chunks.push(audio)
    if (recording.chunks.length % CHUNKS_A_PART !== 0) return
    const text = await transcribe(recording.chunks.slice(-CHUNKS_A_PART))
    if (text === undefined) return
    recording.text = `${recording.text} ${text}`.trim()
    send({ type: 'transcript', text: recording.text, timestamp: new Date(), isPartial: true })
  }

  async function stop(): Promise<void> {
    const { header, chunks } = recording
    const text = header.length === 0 ? '' : await transcribe(chunks)
    if (text !== undefined) send({ type: 'transcript', text, timestamp: new Date(), isPartial: false, isFinal: true })
    send({ type: 'recording_stopped', connectionId })
  }

  async function handle({ type, consultationId, audioData }: Frame): Promise<void> {
    if (type === 'start_recording') {
      recording = newRecording()
      send({ type: 'recording_started', consultationId })
    } else if (type === 'audio_chunk' && audioData) {
      await addChunk(Buffer.from(audioData, 'base64'))
    } else if (type === 'stop_recording') {
      await stop()
    }
  }

  socket.on('message', data => {
    let frame: Frame
    try {
      frame = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '')
    } catch {
      send({ type: 'error', message: 'Invalid message format' })
      return
    }
    queue = queue.then(() => handle(frame))
  })

  send({ type: 'connection', connectionId, message: 'Connected to the transcription service' })
}

function newRecording() {
  const header: Buffer[] = []
  const chunks: Buffer[] = []
  return { header, chunks, text: '', failed: false }
}
