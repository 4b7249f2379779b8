import { type Static, Type } from '@sinclair/typebox'
import { orNull, Timestamp } from '../platform/schema.ts'
import { V1Clinician, v1Clinician } from '../users/v1-schema.ts'
import type { ExpandedNote } from './schema.ts'

const NoteText = Type.String({ pattern: '\\S', description: 'Not blank' })

export const V1Note = Type.Object(
  {
    id: Type.String(),
    consultationId: Type.String(),
    transcriptId: Type.String(),
    body: Type.String(),
    clinician: orNull(V1Clinician),
    createdAt: Timestamp,
    updatedAt: orNull(Timestamp)
  },
  { title: 'Note' }
)
export type V1Note = Static<typeof V1Note>

export const V1NoteAnswer = Type.Object({ data: V1Note })
export const V1NoteParams = Type.Object({ id: Type.String({ description: 'Of the note' }) })
export const V1NoteBody = Type.Object({ body: NoteText }, { additionalProperties: false })

export function v1Note({
  _id,
  consultation,
  transcript,
  body,
  clinician,
  created_at,
  updated_at
}: ExpandedNote): V1Note {
  return {
    id: _id,
    consultationId: consultation,
    transcriptId: transcript,
    body,
    clinician: v1Clinician(clinician),
    createdAt: created_at,
    updatedAt: updated_at ?? null
  }
}
