import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import { OpenAiFailure } from '../platform/openai.ts'
import { readFrame, type ServerFrame } from './schema.ts'
import type { TranscriptionService } from './service.ts'

/** A client that asks and does not read is let go when this much waits for it. */
const MAX_UNREAD_BYTES = 1024 * 1024

const POLICY_VIOLATION = 1008

/** One connection, from its first frame to its last. */
export function serveTranscription(service: TranscriptionService, socket: WebSocket, log: FastifyBaseLogger): void {
  const send = (frame: ServerFrame) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate()
    else socket.send(JSON.stringify(frame))
  }
  const session = service.open({
    send,
    failed(error) {
      const reason = error instanceof OpenAiFailure ? error.message : 'an unexpected error'
      log.error({ reason }, 'a transcription failed')
    },
    overrun: () => socket.close(POLICY_VIOLATION, 'too many frames are waiting')
  })
  socket.on('message', data => {
    if (socket.readyState !== socket.OPEN) return
    const frame = readFrame(Buffer.isBuffer(data) ? data.toString() : '')
    if (frame === 'malformed') send({ type: 'error', message: 'Invalid message format' })
    else if (frame !== 'ignored') session.handle(frame)
  })
  socket.once('close', () => session.end())
}
