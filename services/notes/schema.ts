import { type Static, Type } from '@sinclair/typebox'
import { Id, orNull, Timestamp } from '../platform/schema.ts'
import { Clinician } from '../users/schema.ts'

export const Note = Type.Object({
  _id: Type.String(),
  clinician: Type.String(),
  transcript: Type.String(),
  consultation: Type.String(),
  body: Type.String(),
  created_at: Timestamp,
  updated_at: Type.Optional(Timestamp)
})
export type Note = Static<typeof Note>

/** A note with its author; null when the author is no more. */
export const ExpandedNote = Type.Composite([
  Type.Omit(Note, ['clinician']),
  Type.Object({ clinician: orNull(Clinician) })
])
export type ExpandedNote = Static<typeof ExpandedNote>

/** What a consultation shows of its notes. */
export const NoteText = Type.Pick(Note, ['_id', 'clinician', 'body'])
export type NoteText = Static<typeof NoteText>

export const NewNote = Type.Object({ body: Type.String(), transcriptId: Id })
export type NewNote = Static<typeof NewNote>

/** Anything falsy keeps the old text, as in the legacy. */
export const NoteChange = Type.Object({
  body: Type.Optional(Type.Union([Type.String(), Type.Null(), Type.Literal(false), Type.Literal(0)]))
})

// Any text: a malformed id is a document that does not exist, not invalid input.
export const ConsultationParams = Type.Object({ id: Type.String({ description: 'Of the consultation' }) })
export const NoteParams = Type.Object({ id: Type.String({ description: 'Of the note' }) })

export const NoteList = Type.Object({ count: Type.Integer(), notes: Type.Array(ExpandedNote) })
export const NoteAnswer = Type.Object({ msg: Type.String(), note: Note })
