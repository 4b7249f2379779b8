import { type Static, Type } from '@sinclair/typebox'
import { orNull, Timestamp } from '../platform/schema.ts'
import type { Transcript } from './schema.ts'

export const V1Transcript = Type.Object(
  {
    id: Type.String(),
    consultationId: Type.String(),
    text: Type.String(),
    summary: orNull(Type.String({ description: 'Made when the consultation ended.' })),
    promptId: orNull(Type.String({ description: 'Of the prompt to summarise with.' })),
    createdAt: Timestamp,
    updatedAt: orNull(Timestamp)
  },
  { title: 'Transcript' }
)
export type V1Transcript = Static<typeof V1Transcript>

export const V1TranscriptAnswer = Type.Object({ data: V1Transcript })
export const V1TranscriptParams = Type.Object({ id: Type.String({ description: 'Of the transcript' }) })
export const V1TranscriptText = Type.Object({ text: Type.String() }, { additionalProperties: false })

export function v1Transcript(transcript: Transcript): V1Transcript {
  const { _id, consultation, transcript_text, summary, prompt_used, created_at, updated_at } = transcript
  return {
    id: _id,
    consultationId: consultation,
    text: transcript_text,
    summary: summary ?? null,
    promptId: prompt_used ?? null,
    createdAt: created_at,
    updatedAt: updated_at ?? null
  }
}
