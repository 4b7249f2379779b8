import { type Static, Type } from '@sinclair/typebox'
import { ExpandedNote } from '../notes/schema.ts'
import { Message, orNull, Timestamp } from '../platform/schema.ts'
import { UsedPrompt } from '../prompts/schema.ts'
import { Transcript } from '../transcripts/schema.ts'
import { Clinician } from '../users/schema.ts'

export const Consultation = Type.Object({
  _id: Type.String(),
  clinician: Type.String(),
  patient: Type.Optional(Type.Unknown({ description: 'What the frontend keeps of the patient' })),
  notes: Type.Array(Type.String()),
  status: Type.Union([Type.Literal('active'), Type.Literal('ended')]),
  started_at: Timestamp,
  ended_at: Type.Optional(orNull(Timestamp)),
  transcript: Type.Optional(orNull(Type.String())),
  soapSummary: Type.Optional(Type.String()),
  lastSummarizedAt: Type.Optional(Timestamp),
  /** Mongoose's version key. */
  __v: Type.Optional(Type.Integer())
})
export type Consultation = Static<typeof Consultation>

/** With whoever and whatever is referred to in place of the ids; null for what is no more. */
export const ListedConsultation = Type.Composite([
  Type.Omit(Consultation, ['clinician', 'notes', 'transcript']),
  Type.Object({
    clinician: orNull(Clinician),
    notes: Type.Array(Type.Pick(ExpandedNote, ['_id', 'body', 'clinician'])),
    transcript: Type.Optional(orNull(Transcript))
  })
])
export type ListedConsultation = Static<typeof ListedConsultation>

/** As listed, and the transcript's prompt in place of its id. */
export const ExpandedConsultation = Type.Composite([
  Type.Omit(ListedConsultation, ['transcript']),
  Type.Object({
    transcript: Type.Optional(
      orNull(
        Type.Composite([
          Type.Omit(Transcript, ['prompt_used']),
          Type.Object({ prompt_used: Type.Optional(orNull(UsedPrompt)) })
        ])
      )
    )
  })
])
export type ExpandedConsultation = Static<typeof ExpandedConsultation>

/** A term of a summary that is worth coding, and the SNOMED CT code that it may have. */
export const Highlight = Type.Object({ term: Type.String(), possible_snomed: Type.String() })
export type Highlight = Static<typeof Highlight>

export const Start = Type.Object({ patient_data: Consultation.properties.patient })
export const End = Type.Object({ prompt_used: Type.Optional(orNull(Type.String())) })

// Any text: a malformed id is a document that does not exist, not invalid input.
export const ConsultationParams = Type.Object({ id: Type.String() })

export const StartAnswer = Type.Object({
  ...Message.properties,
  data: Type.Object({ consultation: Consultation, transcript: Transcript })
})
export const EndAnswer = Type.Object({
  ...Message.properties,
  transcript: Transcript,
  summary: Type.String(),
  highlights: Type.Array(Highlight)
})
export const ConsultationAnswer = Type.Object({ consultation: ExpandedConsultation })
export const ConsultationList = Type.Object({ consultations: Type.Array(ListedConsultation) })
