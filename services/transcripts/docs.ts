import type { RouteDocs } from '../platform/openapi.ts'

const createdAt = '2026-01-02T03:04:05.678Z'
const id = '65f0c0ffee65f0c0ffee65f2'
const legacyTranscript = {
  _id: id,
  clinician: '65f0c0ffee65f0c0ffee65f0',
  consultation: '65f0c0ffee65f0c0ffee65f3',
  transcript_text: 'Good morning.',
  created_at: createdAt,
  __v: 0
}
const transcript = {
  id,
  consultationId: legacyTranscript.consultation,
  text: legacyTranscript.transcript_text,
  summary: null,
  promptId: null,
  createdAt,
  updatedAt: null
}

export const transcriptDocs: RouteDocs = {
  'POST /api/transcript/update-text': {
    operationId: 'legacyUpdateTranscriptText',
    summary: 'Replace the text of an own transcript',
    body: { transcript_id: id, transcript_text: 'Good morning.' },
    answers: {
      200: {
        description: 'The transcript as it is now; null when the caller has no such transcript',
        example: { msg: 'Transcript updated', data: legacyTranscript }
      },
      400: 'A field is missing or empty, or the request body is not valid JSON'
    }
  },
  'GET /api/transcript/:consultation_id': {
    operationId: 'legacyGetTranscript',
    summary: 'The transcript of an own consultation',
    answers: {
      200: { description: 'The transcript; null when the caller has none there', example: legacyTranscript }
    }
  },

  'GET /api/v1/consultations/:id/transcript': {
    operationId: 'getConsultationTranscript',
    summary: 'The transcript of an own consultation',
    answers: { 200: { description: 'The transcript', example: { data: transcript } } }
  },
  'GET /api/v1/transcripts/:id': {
    operationId: 'getTranscript',
    summary: 'An own transcript',
    answers: { 200: { description: 'The transcript', example: { data: transcript } } }
  },
  'PATCH /api/v1/transcripts/:id': {
    operationId: 'updateTranscript',
    summary: 'Replace the text of an own transcript',
    body: { text: 'Good morning.' },
    answers: { 200: { description: 'The transcript as it is now', example: { data: transcript } } }
  }
}
