import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'

const ClientFrame = Type.Union([
  /** The consultation is not looked up, only said back: any JSON. */
  Type.Object({ type: Type.Literal('start_recording'), consultationId: Type.Optional(Type.Unknown()) }),
  /** Base64 of WebM; the first chunk of a recording is its header. */
  Type.Object({ type: Type.Literal('audio_chunk'), audioData: Type.String({ minLength: 1 }) }),
  Type.Object({ type: Type.Literal('stop_recording') })
])
export type ClientFrame = Static<typeof ClientFrame>

const Timestamp = Type.String({ format: 'date-time' })

/** What the server says, fields in the order in which they are sent. */
export const ServerFrame = Type.Union([
  Type.Object({ type: Type.Literal('connection'), connectionId: Type.String(), message: Type.String() }),
  Type.Object({ type: Type.Literal('recording_started'), consultationId: Type.Optional(Type.Unknown()) }),
  /** All that was said so far. */
  Type.Object({
    type: Type.Literal('transcript'),
    text: Type.String(),
    timestamp: Timestamp,
    isPartial: Type.Literal(true)
  }),
  Type.Object({
    type: Type.Literal('transcript'),
    text: Type.String(),
    timestamp: Timestamp,
    isPartial: Type.Literal(false),
    isFinal: Type.Literal(true)
  }),
  Type.Object({ type: Type.Literal('recording_stopped'), connectionId: Type.String() }),
  Type.Object({ type: Type.Literal('error'), message: Type.String(), timestamp: Type.Optional(Timestamp) })
])
export type ServerFrame = Static<typeof ServerFrame>

/** In characters; only audio is longer. */
const MAX_COMMAND_LENGTH = 1024

const clientFrame = TypeCompiler.Compile(ClientFrame)
const anyFrame = TypeCompiler.Compile(
  Type.Object({ type: Type.Optional(Type.Unknown()), audioData: Type.Optional(Type.Unknown()) })
)

/**
 * The frame that a message holds. `ignored` is JSON that the legacy takes without a word, such as an unknown type or a
 * chunk without audio; `malformed` is no JSON, or what would end the legacy's process.
 */
export function readFrame(message: string): ClientFrame | 'ignored' | 'malformed' {
  const value = parsed(message)
  if (value === undefined || value === null) return 'malformed'
  if (clientFrame.Check(value)) {
    return value.type !== 'audio_chunk' && message.length > MAX_COMMAND_LENGTH ? 'malformed' : value
  }
  return anyFrame.Check(value) && value.type === 'audio_chunk' && Boolean(value.audioData) ? 'malformed' : 'ignored'
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
