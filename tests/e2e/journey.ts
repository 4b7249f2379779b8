import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { ID, ISO } from '../contract/answers.ts'
import { textAt, valueAt } from '../contract/client.ts'
import { type Expected, type Frontend, frontend, type FrontendOptions, type Side } from './frontend.ts'

const CODES = [{ term: 'Headache', possible_snomed: '25064002' }]
/** What the stand-in for OpenAI is to say when it is asked for codes. */
export const HIGHLIGHTS = JSON.stringify(CODES)

/** What it is to say of a text otherwise. */
export function summaryOf(instruction: string, text: string): string {
  return `${instruction} ${text}`
}

/** What a clinician has done, and with whom. */
export interface Walked extends Visit {
  /** Who answered, request by request. */
  readonly servedBy: readonly Side[]
  readonly notes: Notes
  readonly noteDeletedBy: Side
  /** Missing where the legacy was asked, which never finds a transcript. */
  readonly soapSummary: string | undefined
}

interface Person {
  /** In every text of theirs, so that what gets mixed up is seen. */
  readonly who: string
  readonly id: string
  readonly username: string
  readonly email: string
  readonly token: string
}

interface Prompt {
  readonly id: string
  readonly prompt_name: string
  readonly prompt_text: string
}

interface Visit {
  readonly person: Person
  readonly prompt: Prompt
  readonly patient: object
  readonly consultation: string
  readonly transcript: string
  /** What was said. */
  readonly text: string
}

export interface Note {
  readonly id: string
  readonly body: string
  readonly changed: boolean
}

/** In the order of writing. */
type Notes = readonly [first: Note, second: Note]

/** A clinician's day: everything that the frontend can do, each step on what the ones before have left. */
export async function journey(options: FrontendOptions): Promise<Walked> {
  const ui = frontend(options)
  const person = await arrive(ui)
  const prompt = await writePrompt(ui, person)
  const visit = await consult(ui, person, prompt)
  const notes = await writeNotes(ui, visit)
  await end(ui, visit, notes)
  const soapSummary = await askOnTheSide(ui, visit, notes)
  const noteDeletedBy = await tidyUp(ui, visit, notes, soapSummary)
  await leave(ui, person)
  return { ...visit, servedBy: ui.servedBy, notes, noteDeletedBy, soapSummary }
}

async function arrive(ui: Frontend): Promise<Person> {
  const who = randomUUID()
  const [username, email, password] = [`Clinician ${who}`, `${who}@example.org`, `the password of ${who}`]
  const available = (is: boolean) => ui.send('GET', `/users/users/checkEmail?email=${email}`, [200, { available: is }])
  await ui.send('GET', '/', [200, { msg: 'welcome to the server' }])
  await available(true)
  const registration = { username: ` ${username} `, email: email.toUpperCase(), password, role: 'clinician' }
  await ui.send('POST', '/users/register', [200, { msg: 'User has been registered' }], registration)
  await available(false)

  const loggedIn = { msg: 'login successful', token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) }
  const token = textAt(await ui.send('POST', '/users/login', [200, loggedIn], { email, password }), 'token')
  const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(payload).toMatchObject({ userID: ID, author: username })
  const person = { who, id: String(valueAt(payload, 'userID')), username, email, token }
  ui.logIn(token)
  await ui.send('GET', '/users/profile', profileOf(person))
  return person
}

function profileOf({ username, email }: Person): Expected {
  return [200, { success: true, data: { name: username, email, role: 'clinician', createdAt: ISO } }]
}

async function writePrompt(ui: Frontend, person: Person): Promise<Prompt> {
  const written = { prompt_name: `Prompt of ${person.who}`, prompt_text: `As ${person.who} wants it:` }
  const { _id, created_at, __v, ...rest } = promptOf(person, { id: '', ...written })
  const data = { ...rest, _id: ID, created_at, __v }
  const expected: Expected = [201, { msg: 'Prompt created successfully', data }]
  const made = await ui.send('POST', '/api/prompts/', expected, { ...written, is_shareable: false })
  const prompt = { id: textAt(made, 'data', '_id'), ...written }
  expect(await ownPrompts(ui, person)).toEqual([promptOf(person, prompt)])
  return prompt
}

function promptOf(person: Person, { id, prompt_name, prompt_text }: Prompt) {
  const fields = { prompt_name, prompt_text, is_shareable: false, is_deleted: false, clinician: person.id }
  return { _id: id, ...fields, transcript_ids: [], created_at: ISO, __v: 0 }
}

async function ownPrompts(ui: Frontend, { id }: Person): Promise<unknown[]> {
  const answer = await ui.send('GET', '/api/prompts/', [200, { prompts: expect.any(Array) }])
  const prompts = valueAt(answer.body, 'prompts')
  if (!Array.isArray(prompts)) throw new Error('expected a list of prompts')
  const [own, others] = [true, false].map(is => prompts.filter(each => (valueAt(each, 'clinician') === id) === is))
  // Whatever they share meanwhile.
  for (const each of others ?? []) expect(each).toMatchObject({ is_shareable: true, is_deleted: false })
  return own ?? []
}

/** What is said is heard, shown, and kept. */
async function consult(ui: Frontend, person: Person, prompt: Prompt): Promise<Visit> {
  const { who, id: clinician } = person
  const patient = { name: `Patient of ${who}`, age: 42, allergies: ['nuts'] }
  const rest = { notes: [], status: 'active', _id: ID, started_at: ISO, __v: 0, transcript: ID }
  const empty = { clinician, consultation: ID, transcript_text: '', _id: ID, created_at: ISO, __v: 0 }
  const data = { consultation: { clinician, patient, ...rest }, transcript: empty }
  const expected: Expected = [200, { msg: 'Consultation started', data }]
  const started = await ui.send('POST', '/api/consultation/start', expected, { patient_data: patient })
  const consultation = textAt(started, 'data', 'consultation', '_id')
  const transcript = textAt(started, 'data', 'consultation', 'transcript')
  expect(started.body).toMatchObject({ data: { transcript: { _id: transcript, consultation } } })

  const text = await ui.record(consultation, `${who}: `, [
    'My head hurts, and has for days.',
    'Worse at night, and I feel sick.'
  ])
  const visit = { person, prompt, patient, consultation, transcript, text }
  const heard = transcriptOf(visit)
  const update = { transcript_id: transcript, transcript_text: text }
  await ui.send('POST', '/api/transcript/update-text', [200, { msg: 'Transcript updated', data: heard }], update)
  await ui.send('GET', `/api/transcript/${consultation}`, [200, heard])
  const linked = { msg: 'Prompt linked to transcript successfully', data: { ...heard, prompt_used: prompt.id } }
  await ui.send('PATCH', `/api/prompts/${prompt.id}/add-prompt/${transcript}`, [200, linked])
  return visit
}

function transcriptOf({ person, consultation, transcript, text }: Visit) {
  return { _id: transcript, clinician: person.id, consultation, transcript_text: text, created_at: ISO, __v: 0 }
}

async function writeNotes(ui: Frontend, visit: Visit): Promise<Notes> {
  const { person, consultation, transcript } = visit
  const write = async (body: string): Promise<Note> => {
    const note = { clinician: person.id, transcript, consultation, body, _id: ID, created_at: ISO }
    const expected: Expected = [201, { msg: 'Note added successfully.', note }]
    const added = await ui.send('POST', `/api/notes/${consultation}`, expected, { body, transcriptId: transcript })
    return { id: textAt(added, 'note', '_id'), body, changed: false }
  }
  const first = await write(`${person.who} saw the patient.`)
  const second = await write(`${person.who} is worried.`)
  await listNotes(ui, visit, [first, second])

  const changed = { ...second, body: `${person.who} is not worried.`, changed: true }
  const updated = { msg: 'Note updated.', note: { ...noteOf(visit, changed), clinician: person.id } }
  await ui.send('PATCH', `/api/notes/${second.id}`, [200, updated], { body: changed.body })
  await listNotes(ui, visit, [first, changed])
  return [first, changed]
}

/** @param notes oldest first, as they are not listed */
async function listNotes(ui: Frontend, visit: Visit, notes: readonly Note[]): Promise<void> {
  const list = notes.toReversed().map(note => noteOf(visit, note))
  await ui.send('GET', `/api/notes/${visit.consultation}`, [200, { count: list.length, notes: list }])
}

function noteOf({ person, consultation, transcript }: Visit, { id, body, changed }: Note) {
  const note = { _id: id, clinician: meOf(person), transcript, consultation, body, created_at: ISO }
  return changed ? { ...note, updated_at: ISO } : note
}

function meOf({ id, username, email }: Person) {
  return { _id: id, username, email }
}

async function end(ui: Frontend, visit: Visit, notes: Notes): Promise<void> {
  const { prompt, consultation, text } = visit
  const transcript = summarised(visit)
  const summary = summaryOf(prompt.prompt_text, text)
  const ended = { msg: 'Consultation ended successfully', transcript, summary, highlights: CODES }
  await ui.send('POST', `/api/consultation/${consultation}/end`, [200, ended], { prompt_used: prompt.id })
  await ui.send('GET', `/api/transcript/${consultation}`, [200, transcript])
  const listed = { ...endedOf(visit, notes), transcript }
  await ui.send('GET', '/api/consultation/', [200, { consultations: [listed] }])
  await readConsultation(ui, visit, notes, undefined)
}

function summarised(visit: Visit) {
  const { prompt, text } = visit
  const summary = summaryOf(prompt.prompt_text, text)
  return { ...transcriptOf(visit), prompt_used: prompt.id, summary, updated_at: ISO }
}

function endedOf({ person, patient, consultation }: Visit, notes: readonly Note[]) {
  const shown = notes.map(({ id, body }) => ({ _id: id, clinician: meOf(person), body }))
  const fields = { clinician: meOf(person), patient, notes: shown, status: 'ended' }
  return { _id: consultation, ...fields, started_at: ISO, __v: 0, transcript: {}, ended_at: ISO }
}

async function readConsultation(
  ui: Frontend,
  visit: Visit,
  notes: readonly Note[],
  soapSummary: string | undefined
): Promise<void> {
  const { id, ...names } = visit.prompt
  const transcript = { ...summarised(visit), prompt_used: { _id: id, ...names } }
  const asked = soapSummary === undefined ? {} : { soapSummary, lastSummarizedAt: ISO }
  const consultation = { ...endedOf(visit, notes), transcript, ...asked }
  await ui.send('GET', `/api/consultation/${visit.consultation}`, [200, { consultation }])
}

/** Returns the summary that is kept. */
async function askOnTheSide(ui: Frontend, visit: Visit, notes: Notes): Promise<string | undefined> {
  const { person, prompt, consultation, text } = visit
  const query = person.who
  await ui.send('POST', `/api/ai/search?query=${query}`, [200, { query, answer: expect.stringContaining(query) }])
  const images = { prompt: query, images: ['data:image/png;base64,aGVsbG8='] }
  await ui.send('POST', '/api/ai/analyze', [200, { status: 'ok', response: `Seen: ${query}` }], images)
  const code = { name: 'Headache', code: '25064002', url: 'http://snomed.info/sct' }
  await ui.send('GET', '/api/ai/search/clinicalcodes?name=Headache', [200, code])

  const soapSummary = summaryOf(prompt.prompt_text, text)
  const summary = { msg: 'SOAP summary generated successfully', consultationId: consultation, soapSummary }
  const { side } = await ui.send(
    'POST',
    `/api/ai/${consultation}/summarise`,
    by => (by === 'native' ? [200, summary] : [404, { msg: 'No transcripts found for this consultation' }]),
    { usedPrompt: prompt.id }
  )
  const kept = side === 'native' ? soapSummary : undefined
  await readConsultation(ui, visit, notes, kept)
  return kept
}

/** Returns who deleted the second note. */
async function tidyUp(
  ui: Frontend,
  visit: Visit,
  [first, second]: Notes,
  soapSummary: string | undefined
): Promise<Side> {
  const { person, prompt } = visit
  const own = `/api/prompts/${prompt.id}`
  const data = { ...promptOf(person, prompt), is_shareable: true, updated_at: ISO }
  await ui.send('PATCH', own, [200, { msg: 'Prompt updated', data }], { is_shareable: true })
  expect(await ownPrompts(ui, person)).toEqual([data])

  const { side } = await ui.send('DELETE', `/api/notes/${second.id}`, [200, { msg: 'Note deleted successfully.' }])
  await listNotes(ui, visit, [first])
  await readConsultation(ui, visit, [first], soapSummary)
  await ui.send('DELETE', own, [200, { msg: 'Prompt deleted successfully' }])
  expect(await ownPrompts(ui, person)).toEqual([])
  return side
}

async function leave(ui: Frontend, person: Person): Promise<void> {
  await ui.send('POST', '/users/logout', [200, { msg: 'user logged out successfully' }])
  const refused: Expected = [401, { msg: 'Session logged out. Please log in again.' }]
  // The legacy's own log-out has no effect.
  await ui.send('GET', '/users/profile', side => (side === 'native' ? refused : profileOf(person)))
}
