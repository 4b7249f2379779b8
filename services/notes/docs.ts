import type { RouteDocs } from '../platform/openapi.ts'

const noteId = '65f0c0ffee65f0c0ffee65f4'
const clinicianId = '65f0c0ffee65f0c0ffee65f0'
const names = { username: 'Ann', email: 'ann@example.org' }
const clinician = { _id: clinicianId, ...names }
const createdAt = '2026-01-02T03:04:05.678Z'
const body = 'Sleeps badly.'
const legacyNote = {
  clinician: clinicianId,
  transcript: '65f0c0ffee65f0c0ffee65f2',
  consultation: '65f0c0ffee65f0c0ffee65f3',
  body,
  _id: noteId,
  created_at: createdAt
}
const note = {
  id: noteId,
  consultationId: legacyNote.consultation,
  transcriptId: legacyNote.transcript,
  body,
  clinician: { id: clinicianId, ...names },
  createdAt,
  updatedAt: null
}

const theirs = "The note is another clinician's"
const noNote = 'There is no such note'

export const noteDocs: RouteDocs = {
  'GET /api/notes/:id': {
    operationId: 'legacyListNotes',
    summary: 'The notes of an own consultation, newest first',
    description: "`id` is the consultation's. Of any other consultation there are none.",
    answers: { 200: { description: 'All of them', example: { count: 1, notes: [{ ...legacyNote, clinician }] } } }
  },
  'POST /api/notes/:id': {
    operationId: 'legacyAddNote',
    summary: 'Write a note on an own consultation',
    description: "`id` is the consultation's.",
    body: { body, transcriptId: legacyNote.transcript },
    answers: {
      201: { description: 'The note', example: { msg: 'Note added successfully.', note: legacyNote } },
      400: '`body` is missing or empty, or the request body is not valid JSON',
      404: 'There is no such consultation'
    }
  },
  'PATCH /api/notes/:id': {
    operationId: 'legacyUpdateNote',
    summary: 'Change an own note',
    description: "`id` is the note's. An empty `body` keeps the text.",
    body: { body },
    answers: {
      200: {
        description: 'The note as it is now',
        example: { msg: 'Note updated.', note: { ...legacyNote, updated_at: createdAt } }
      },
      403: theirs,
      404: noNote
    }
  },
  'DELETE /api/notes/:id': {
    operationId: 'legacyDeleteNote',
    summary: 'Delete an own note',
    description: "`id` is the note's.",
    answers: {
      200: { description: 'Deleted', example: { msg: 'Note deleted successfully.' } },
      403: theirs,
      404: noNote
    }
  },

  'GET /api/v1/consultations/:id/notes': {
    operationId: 'listNotes',
    summary: 'The notes of an own consultation, newest first',
    answers: { 200: { description: 'A page', example: { data: [note], page: { limit: 20, nextCursor: null } } } }
  },
  'POST /api/v1/consultations/:id/notes': {
    operationId: 'addNote',
    summary: 'Write a note on an own consultation',
    body: { body },
    answers: { 201: { description: 'The note', example: { data: note } } }
  },
  'GET /api/v1/notes/:id': {
    operationId: 'getNote',
    summary: 'An own note',
    answers: { 200: { description: 'The note', example: { data: note } } }
  },
  'PATCH /api/v1/notes/:id': {
    operationId: 'updateNote',
    summary: 'Change an own note',
    body: { body },
    answers: { 200: { description: 'The note as it is now', example: { data: { ...note, updatedAt: createdAt } } } }
  },
  'DELETE /api/v1/notes/:id': {
    operationId: 'deleteNote',
    summary: 'Delete an own note',
    answers: { 204: 'Deleted' }
  }
}
