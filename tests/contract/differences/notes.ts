import { answer, type IntendedDifference, invalid, stored } from './difference.ts'

const failed = answer(500, { msg: 'Server error' })
const noNote = answer(404, { msg: 'Note not found.' })
const noConsultation = answer(404, { msg: 'Consultation not found.' })

export const noteDifferences: readonly IntendedDifference[] = [
  {
    id: 'notes.create.no-body',
    route: 'notes.create',
    what: 'there is no body',
    legacy: failed,
    native: answer(400, { msg: 'Note body is required.' }),
    rule: 'malformed',
    why: 'the route has a 400 of its own for a note without text'
  },
  {
    id: 'notes.create.malformed-body',
    route: 'notes.create',
    what: 'the text is an object',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'notes.create.malformed-id',
    route: 'notes.create',
    what: 'the id is no ObjectId',
    legacy: failed,
    native: noConsultation,
    rule: 'malformed'
  },
  {
    id: 'notes.create.no-transcript',
    route: 'notes.create',
    what: 'there is no transcriptId',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'notes.create.malformed-transcript',
    route: 'notes.create',
    what: 'transcriptId is no ObjectId',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'notes.create.not-owner',
    route: 'notes.create',
    what: "the consultation is another clinician's",
    legacy: answer(201, { msg: 'Note added successfully.' }),
    native: noConsultation,
    rule: 'ownership'
  },
  {
    id: 'notes.list.not-owner',
    route: 'notes.list',
    what: "the consultation is another clinician's and has one note",
    legacy: answer(200, { count: 1 }),
    native: answer(200, { count: 0, notes: [] }),
    fields: ['/count', '/notes'],
    rule: 'ownership',
    why: 'a consultation that does not exist has no notes; this route has no 404'
  },
  {
    id: 'notes.list.malformed-id',
    route: 'notes.list',
    what: 'the id is no ObjectId',
    legacy: failed,
    native: answer(200, { count: 0, notes: [] }),
    rule: 'malformed',
    why: 'an id that names nothing is a consultation that does not exist, for which this route has no 404'
  },
  {
    id: 'notes.update.no-body',
    route: 'notes.update',
    what: 'there is no body',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'notes.update.malformed-id',
    route: 'notes.update',
    what: 'the id is no ObjectId',
    legacy: failed,
    native: noNote,
    rule: 'malformed'
  },
  {
    id: 'notes.update.malformed-body',
    route: 'notes.update',
    what: 'the text is an object',
    legacy: failed,
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'notes.delete.malformed-id',
    route: 'notes.delete',
    what: 'the id is no ObjectId',
    legacy: failed,
    native: noNote,
    rule: 'malformed'
  },
  {
    id: 'notes.delete.reference',
    route: 'notes.delete',
    what: "how many ids the consultation's notes hold after its only note is deleted",
    legacy: stored(1),
    native: stored(0),
    rule: 'noteReference'
  }
]
