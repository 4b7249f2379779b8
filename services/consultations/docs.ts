import type { RouteDocs } from '../platform/openapi.ts'

const startedAt = '2026-01-02T03:04:05.678Z'
const endedAt = '2026-01-02T03:24:05.678Z'
const id = '65f0c0ffee65f0c0ffee65f3'
const summary = 'Cough for three days, chest clear.'
const patient = { name: 'P', age: 41 }
const clinicianId = '65f0c0ffee65f0c0ffee65f0'
const names = { username: 'Ann', email: 'ann@example.org' }
const clinician = { _id: clinicianId, ...names }
const noteId = '65f0c0ffee65f0c0ffee65f4'
const note = { _id: noteId, body: 'Sleeps badly.', clinician }
const promptId = '65f0c0ffee65f0c0ffee65f1'
const prompt = {
  _id: promptId,
  prompt_name: 'Short',
  prompt_text: 'Summarise in three sentences.'
}
const transcriptId = '65f0c0ffee65f0c0ffee65f2'
const transcript = {
  _id: transcriptId,
  clinician: clinicianId,
  consultation: id,
  transcript_text: 'I cough.',
  created_at: startedAt,
  __v: 0
}
const summarised = { ...transcript, summary, updated_at: endedAt, prompt_used: promptId }
const consultation = { _id: id, patient, status: 'active', started_at: startedAt, __v: 0 }
const started = { ...consultation, clinician: clinicianId, notes: [], transcript: transcriptId }
const ended = { ...consultation, clinician, notes: [note], status: 'ended', ended_at: endedAt }
const highlight = { term: 'Cough', possible_snomed: '49727002' }

const v1Clinician = { id: clinicianId, ...names }
const v1Transcript = {
  id: transcriptId,
  consultationId: id,
  text: transcript.transcript_text,
  summary,
  promptId,
  createdAt: startedAt,
  updatedAt: endedAt
}
const v1Active = {
  id,
  status: 'active',
  patient,
  clinician: v1Clinician,
  notes: [],
  transcript: { ...v1Transcript, text: '', summary: null, promptId: null, updatedAt: null },
  soapSummary: null,
  summarizedAt: null,
  startedAt,
  endedAt: null
}
const v1Ended = {
  ...v1Active,
  status: 'ended',
  notes: [{ id: noteId, body: note.body, clinician: v1Clinician }],
  transcript: v1Transcript,
  endedAt
}
const v1Prompt = { id: promptId, name: prompt.prompt_name, text: prompt.prompt_text }

const ending = `OpenAI summarises the transcript as the prompt asks, and names what of it is worth coding. What it does not
give usably is left out, and the consultation ends all the same. Ending it again makes another summary.`

export const consultationDocs: RouteDocs = {
  'POST /api/consultation/start': {
    operationId: 'legacyStartConsultation',
    summary: 'Start a consultation, with an empty transcript',
    body: { patient_data: patient },
    answers: {
      200: {
        description: 'Both',
        example: { msg: 'Consultation started', data: { consultation: started, transcript } }
      }
    }
  },
  'POST /api/consultation/:id/end': {
    operationId: 'legacyEndConsultation',
    summary: 'End an own consultation, with a summary',
    description: ending,
    body: { prompt_used: promptId },
    answers: {
      200: {
        description: 'The transcript with its summary',
        example: {
          msg: 'Consultation ended successfully',
          transcript: summarised,
          summary,
          highlights: [highlight]
        }
      },
      404: 'There is no such consultation, transcript or prompt'
    }
  },
  'GET /api/consultation/:id': {
    operationId: 'legacyGetConsultation',
    summary: 'An own consultation',
    answers: {
      200: {
        description: 'The consultation, with whoever and whatever it refers to',
        example: { consultation: { ...ended, transcript: { ...summarised, prompt_used: prompt } } }
      },
      404: 'There is no such consultation'
    }
  },
  'GET /api/consultation/': {
    operationId: 'legacyListConsultations',
    summary: 'Own consultations, newest first',
    answers: {
      200: { description: 'All of them', example: { consultations: [{ ...ended, transcript: summarised }] } }
    }
  },

  'GET /api/v1/consultations': {
    operationId: 'listConsultations',
    summary: 'Own consultations, newest first',
    answers: { 200: { description: 'A page', example: { data: [v1Ended], page: { limit: 20, nextCursor: null } } } }
  },
  'POST /api/v1/consultations': {
    operationId: 'startConsultation',
    summary: 'Start a consultation, with an empty transcript',
    body: { patient },
    answers: { 201: { description: 'The consultation', example: { data: { ...v1Active, prompt: null } } } }
  },
  'GET /api/v1/consultations/:id': {
    operationId: 'getConsultation',
    summary: 'An own consultation',
    answers: { 200: { description: 'The consultation', example: { data: { ...v1Ended, prompt: v1Prompt } } } }
  },
  'POST /api/v1/consultations/:id/end': {
    operationId: 'endConsultation',
    summary: 'End an own consultation, with a summary',
    description: ending,
    body: { promptId },
    answers: {
      200: {
        description: 'The transcript with its summary',
        example: {
          data: {
            transcript: v1Transcript,
            highlights: [{ term: highlight.term, snomed: highlight.possible_snomed }]
          }
        }
      },
      404: '`not_found`: there is no such consultation, transcript or prompt'
    }
  }
}
