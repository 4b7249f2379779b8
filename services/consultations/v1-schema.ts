import { type Static, Type } from '@sinclair/typebox'
import { V1Note } from '../notes/v1-schema.ts'
import { orNull, Timestamp } from '../platform/schema.ts'
import { V1UsedPrompt, v1UsedPrompt } from '../prompts/v1-schema.ts'
import { V1Transcript, v1Transcript } from '../transcripts/v1-schema.ts'
import { V1Clinician, v1Clinician } from '../users/v1-schema.ts'
import { Consultation, type ExpandedConsultation, type ListedConsultation } from './schema.ts'

const strict = { additionalProperties: false }

export const V1Consultation = Type.Object(
  {
    id: Type.String(),
    status: Consultation.properties.status,
    patient: Type.Unknown({ description: 'Whatever the client keeps of the patient; null when nothing.' }),
    clinician: orNull(V1Clinician),
    notes: Type.Array(Type.Pick(V1Note, ['id', 'body', 'clinician'], { title: 'NoteText' })),
    transcript: orNull(V1Transcript),
    soapSummary: orNull(Type.String()),
    summarizedAt: orNull(Timestamp),
    startedAt: Timestamp,
    endedAt: orNull(Timestamp)
  },
  { title: 'Consultation' }
)
export type V1Consultation = Static<typeof V1Consultation>

/** One by itself also shows the prompt that its transcript names. */
export const V1ConsultationDetail = Type.Object(
  { ...V1Consultation.properties, prompt: orNull(V1UsedPrompt) },
  { title: 'ConsultationDetail' }
)
export type V1ConsultationDetail = Static<typeof V1ConsultationDetail>

export const V1ConsultationAnswer = Type.Object({ data: V1ConsultationDetail })
export const V1ConsultationParams = Type.Object({ id: Type.String({ description: 'Of the consultation' }) })
export const V1Start = Type.Object({ patient: Type.Optional(V1Consultation.properties.patient) }, strict)
export const V1End = Type.Object({ promptId: Type.String() }, strict)

export const V1EndAnswer = Type.Object({
  data: Type.Object({
    transcript: V1Transcript,
    highlights: Type.Array(
      Type.Object({ term: Type.String(), snomed: Type.String({ description: 'A code that it may have.' }) })
    )
  })
})

export function v1Consultation(consultation: ListedConsultation): V1Consultation {
  const { transcript } = consultation
  return { ...common(consultation), transcript: transcript ? v1Transcript(transcript) : null }
}

export function v1ConsultationDetail(consultation: ExpandedConsultation): V1ConsultationDetail {
  const { transcript } = consultation
  const prompt = transcript?.prompt_used ? v1UsedPrompt(transcript.prompt_used) : null
  return {
    ...common(consultation),
    transcript: transcript ? v1Transcript({ ...transcript, prompt_used: prompt?.id ?? null }) : null,
    prompt
  }
}

function common(consultation: Omit<ListedConsultation, 'transcript'>): Omit<V1Consultation, 'transcript'> {
  const { _id, status, patient, clinician, notes, soapSummary, lastSummarizedAt, started_at, ended_at } = consultation
  return {
    id: _id,
    status,
    patient: patient ?? null,
    clinician: v1Clinician(clinician),
    notes: notes.map(({ _id: noteId, body, clinician: author }) => ({
      id: noteId,
      body,
      clinician: v1Clinician(author)
    })),
    soapSummary: soapSummary ?? null,
    summarizedAt: lastSummarizedAt ?? null,
    startedAt: started_at,
    endedAt: ended_at ?? null
  }
}
