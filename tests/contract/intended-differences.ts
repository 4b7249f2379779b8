import { type Static, Type } from '@sinclair/typebox'

/** An answer; its body need only hold what stands here. */
const Answer = Type.Object({
  kind: Type.Literal('answer'),
  status: Type.Integer({ minimum: 200, maximum: 599 }),
  body: Type.Optional(Type.Record(Type.String(), Type.Unknown()))
})
/** The client hangs until something times out. */
const Silence = Type.Object({ kind: Type.Literal('silence') })
/** The process ends and the connection with it. */
const Crash = Type.Object({ kind: Type.Literal('crash') })
/** What is found in the database afterwards. */
const Stored = Type.Object({ kind: Type.Literal('stored'), value: Type.Unknown() })

export const Outcome = Type.Union([Answer, Silence, Crash, Stored])
export type Outcome = Static<typeof Outcome>

export const IntendedDifference = Type.Object({
  id: Type.String({ pattern: '^[a-z0-9.-]+$' }),
  route: Type.String(),
  what: Type.String(),
  legacy: Outcome,
  native: Outcome,
  why: Type.String()
})
export type IntendedDifference = Static<typeof IntendedDifference>

const answer = (status: number, body?: Record<string, unknown>): Outcome =>
  body === undefined ? { kind: 'answer', status } : { kind: 'answer', status, body }
const stored = (value: unknown): Outcome => ({ kind: 'stored', value })
const silence: Outcome = { kind: 'silence' }
const crash: Outcome = { kind: 'crash' }

const invalid = answer(422, { error: 'validation' })
const castFailure = answer(500, { msg: 'Server error' })
const registered = answer(200, { msg: 'User has been registered' })
const noNote = answer(404, { msg: 'Note not found.' })
const noConsultation = answer(404, { msg: 'Consultation not found.' })
const loggedOut = answer(401, { msg: 'Session logged out. Please log in again.' })

const EVERY_REQUEST_ANSWERED = 'every request gets an answer'
const LOGOUT_WORKS = 'a logged out token is refused everywhere, from then on'
const OWNERSHIP = "another clinician's documents are as if they did not exist"
const MALFORMED_INPUT = 'malformed input is refused by name, and ends no process'
const PASSWORDS = 'passwords have a least length, and bcrypt reads 72 bytes'

/** Everything in which native answers otherwise than the legacy. What is not listed here and differs is a defect. */
export const intendedDifferences: readonly IntendedDifference[] = [
  {
    id: 'login.wrong-password',
    route: 'POST /users/login',
    what: 'the password is wrong',
    legacy: silence,
    native: answer(401, { msg: 'wrong credentials' }),
    why: EVERY_REQUEST_ANSWERED
  },
  {
    id: 'logout.no-token',
    route: 'POST /users/logout',
    what: 'no token is sent',
    legacy: silence,
    native: answer(401, { msg: 'Please login, no token provided' }),
    why: EVERY_REQUEST_ANSWERED
  },
  {
    id: 'logged-out.profile',
    route: 'GET /users/profile',
    what: 'the token was logged out',
    legacy: answer(200, { success: true }),
    native: loggedOut,
    why: LOGOUT_WORKS
  },
  {
    id: 'logged-out.notes',
    route: 'GET /api/notes/:consultationId',
    what: 'the token was logged out',
    legacy: answer(200, { count: 0 }),
    native: loggedOut,
    why: LOGOUT_WORKS
  },
  {
    id: 'check-email.repeated',
    route: 'GET /users/checkEmail',
    what: 'the query has two emails, both free',
    legacy: answer(200, { available: true }),
    native: invalid,
    why: 'two emails are no email; Mongoose looks for either'
  },
  {
    id: 'register.unknown-role',
    route: 'POST /users/register',
    what: 'the role is neither patient nor clinician',
    legacy: crash,
    native: invalid,
    why: MALFORMED_INPUT
  },
  {
    id: 'register.no-username',
    route: 'POST /users/register',
    what: 'there is no username',
    legacy: crash,
    native: invalid,
    why: MALFORMED_INPUT
  },
  {
    id: 'register.short-password',
    route: 'POST /users/register',
    what: 'the password has 7 characters',
    legacy: registered,
    native: invalid,
    why: PASSWORDS
  },
  {
    id: 'register.long-password',
    route: 'POST /users/register',
    what: 'the password has 73 bytes',
    legacy: registered,
    native: invalid,
    why: PASSWORDS
  },
  {
    id: 'login.no-password',
    route: 'POST /users/login',
    what: 'there is no password',
    legacy: answer(500),
    native: invalid,
    why: MALFORMED_INPUT
  },
  {
    id: 'login.cheap-hash',
    route: 'POST /users/login',
    what: 'the cost of the stored hash, 4 before, after a login where 8 is configured',
    legacy: stored('$2b$04$'),
    native: stored('$2b$08$'),
    why: 'a hash below the configured cost is upgraded at the next login'
  },
  {
    id: 'notes.create.malformed-id',
    route: 'POST /api/notes/:consultationId',
    what: 'the id is no ObjectId',
    legacy: castFailure,
    native: noConsultation,
    why: MALFORMED_INPUT
  },
  {
    id: 'notes.create.no-transcript',
    route: 'POST /api/notes/:consultationId',
    what: 'there is no transcriptId',
    legacy: castFailure,
    native: invalid,
    why: MALFORMED_INPUT
  },
  {
    id: 'notes.create.malformed-transcript',
    route: 'POST /api/notes/:consultationId',
    what: 'transcriptId is no ObjectId',
    legacy: castFailure,
    native: invalid,
    why: MALFORMED_INPUT
  },
  {
    id: 'notes.create.not-owner',
    route: 'POST /api/notes/:consultationId',
    what: "the consultation is another clinician's",
    legacy: answer(201, { msg: 'Note added successfully.' }),
    native: noConsultation,
    why: OWNERSHIP
  },
  {
    id: 'notes.list.not-owner',
    route: 'GET /api/notes/:consultationId',
    what: "the consultation is another clinician's and has one note",
    legacy: answer(200, { count: 1 }),
    native: answer(200, { count: 0, notes: [] }),
    why: OWNERSHIP
  },
  {
    id: 'notes.list.malformed-id',
    route: 'GET /api/notes/:consultationId',
    what: 'the id is no ObjectId',
    legacy: castFailure,
    native: answer(200, { count: 0, notes: [] }),
    why: 'an id that names nothing is a consultation that does not exist, for which this route has no 404'
  },
  {
    id: 'notes.update.malformed-id',
    route: 'PATCH /api/notes/:noteId',
    what: 'the id is no ObjectId',
    legacy: castFailure,
    native: noNote,
    why: MALFORMED_INPUT
  },
  {
    id: 'notes.update.malformed-body',
    route: 'PATCH /api/notes/:noteId',
    what: 'the text is an object',
    legacy: castFailure,
    native: invalid,
    why: MALFORMED_INPUT
  },
  {
    id: 'notes.delete.malformed-id',
    route: 'DELETE /api/notes/:noteId',
    what: 'the id is no ObjectId',
    legacy: castFailure,
    native: noNote,
    why: MALFORMED_INPUT
  },
  {
    id: 'notes.delete.reference',
    route: 'DELETE /api/notes/:noteId',
    what: "how many ids the consultation's notes hold after its only note is deleted",
    legacy: stored(1),
    native: stored(0),
    why: "a deleted note leaves its consultation's notes"
  }
]
