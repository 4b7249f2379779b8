import { type Static, Type } from '@sinclair/typebox'
import { orNull, Timestamp } from '../platform/schema.ts'

export const Transcript = Type.Object({
  _id: Type.String(),
  clinician: Type.String(),
  consultation: Type.String(),
  transcript_text: Type.String(),
  summary: Type.Optional(Type.String()),
  prompt_used: Type.Optional(orNull(Type.String())),
  created_at: Timestamp,
  updated_at: Type.Optional(Timestamp),
  /** Mongoose's version key. */
  __v: Type.Optional(Type.Integer())
})
export type Transcript = Static<typeof Transcript>

export const TextUpdate = Type.Object({ transcript_id: Type.String(), transcript_text: Type.String() })
export type TextUpdate = Static<typeof TextUpdate>

// Any text: a malformed id is a document that does not exist, not invalid input.
export const ConsultationParams = Type.Object({ consultation_id: Type.String() })

/** Null: none of the caller's. */
export const TranscriptOrNone = orNull(Transcript)
export const TextUpdateAnswer = Type.Object({ msg: Type.String(), data: TranscriptOrNone })
