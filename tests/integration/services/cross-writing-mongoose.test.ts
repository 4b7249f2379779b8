import { randomUUID } from 'node:crypto'
import { hash } from '@node-rs/bcrypt'
import mongoose, { Types } from 'mongoose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bsonTypes } from '../../contract/documents.ts'
import { BlackToken, Consultation, Note, Prompt, Transcript, User } from '../../support/legacy/models.ts'
import { addNote, type Clinic, givenClinic, idOf, start, type Started } from './clinic.ts'
import { type Answer, startNative } from './support.ts'

const USER = {
  _id: 'objectId',
  username: 'string',
  email: 'string',
  password: 'string',
  role: 'string',
  prompts: 'array',
  notes: 'array',
  transcripts: 'array',
  createdAt: 'date',
  __v: 'int'
}
const CONSULTATION = {
  _id: 'objectId',
  clinician: 'objectId',
  patient: 'object',
  transcript: 'objectId',
  notes: 'array',
  started_at: 'date',
  status: 'string',
  __v: 'int'
}
const TRANSCRIPT = {
  _id: 'objectId',
  clinician: 'objectId',
  consultation: 'objectId',
  transcript_text: 'string',
  created_at: 'date',
  __v: 'int'
}
const NOTE = {
  _id: 'objectId',
  clinician: 'objectId',
  transcript: 'objectId',
  consultation: 'objectId',
  body: 'string',
  created_at: 'date'
}
const PROMPT = {
  _id: 'objectId',
  prompt_name: 'string',
  prompt_text: 'string',
  is_shareable: 'bool',
  is_deleted: 'bool',
  clinician: 'objectId',
  transcript_ids: 'array',
  created_at: 'date',
  __v: 'int'
}

let clinic: Clinic

// The legacy's own models on the native services' database.
beforeEach(async () => {
  clinic = await givenClinic({ revocationStalenessMs: 0 })
  await mongoose.connect(clinic.uri, { autoIndex: false, autoCreate: false })
})

afterEach(() => mongoose.disconnect())

type Change = readonly [method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object]

async function change(...[method, path, body]: Change): Promise<unknown> {
  const answer = await clinic.call(method, path, { token: clinic.ann.token, body })
  expect({ method, path, status: answer.status }).toEqual({ method, path, status: expect.toBeOneOf([200, 201]) })
  return answer.body
}

function read(path: string, token = clinic.ann.token): Promise<Answer> {
  return clinic.call('GET', path, { token })
}

const annId = () => new Types.ObjectId(clinic.ann.id)

const typesOf = (collection: Parameters<typeof bsonTypes>[1], id: string) => bsonTypes(clinic.db, collection, id)

/** As the legacy starts one. */
async function startLikeLegacy() {
  const clinician = annId()
  const consultation = await new Consultation({ clinician, patient: { name: 'P' } }).save()
  const transcript = await new Transcript({ clinician, consultation: consultation.id }).save()
  consultation.transcript = transcript.id
  await consultation.save()
  return { consultation, transcript }
}

/** Of a Mongoose document. */
interface Judged {
  readonly schema: { path(name: string): unknown }
  validateSync(): unknown
  toObject(): object
}

/** Mongoose finds nothing wrong with the document, and nothing in it that its schema does not have. */
function expectWhole(document: Judged): void {
  expect(document.validateSync()).toBeUndefined()
  const { schema } = document
  expect(Object.keys(document.toObject()).filter(name => schema.path(name) === undefined)).toEqual([])
}

describe('what is written natively, Mongoose reads, changes, saves and deletes:', () => {
  let started: Started
  beforeEach(async () => {
    started = await start(clinic.call, clinic.ann)
  })

  test('a user', async () => {
    const body = { username: 'Eve', email: `${randomUUID()}@example.org`, password: 'a long password', role: 'patient' }
    await change('POST', '/users/register', body)
    const token = String(Object(await change('POST', '/users/login', body)).token)
    const user = await User.findOne({ email: body.email }).orFail()
    expectWhole(user)
    expect(await typesOf('users', user.id)).toEqual(USER)

    user.username = ' Eva '
    user.role = 'clinician'
    await user.save()
    expect(await read('/users/profile', token)).toMatchObject({ body: { data: { name: 'Eva', role: 'clinician' } } })
    expect(await typesOf('users', user.id)).toEqual(USER)
    await user.deleteOne()
    expect(await read('/users/profile', token)).toMatchObject({ status: 404 })
    expect(await read(`/users/checkEmail?email=${body.email}`)).toMatchObject({ body: { available: true } })
  })

  test('a consultation', async () => {
    const path = `/api/consultation/${started.consultation}`
    const consultation = await Consultation.findById(started.consultation).orFail()
    expectWhole(consultation)
    expect(await typesOf('consultations', consultation.id)).toEqual(CONSULTATION)

    consultation.patient = { name: 'Q' }
    consultation.status = 'ended'
    consultation.ended_at = new Date('2026-01-02T03:04:05.678Z')
    await consultation.save()
    expect(await read(path)).toMatchObject({
      body: { consultation: { patient: { name: 'Q' }, status: 'ended', ended_at: '2026-01-02T03:04:05.678Z', __v: 0 } }
    })
    expect(await typesOf('consultations', consultation.id)).toEqual({ ...CONSULTATION, ended_at: 'date' })
    await consultation.deleteOne()
    expect(await read(path)).toMatchObject({ status: 404 })
    expect(await read('/api/consultation/')).toMatchObject({ body: { consultations: [] } })
  })

  test('the version of a consultation, by which nobody writes over what they have not read', async () => {
    await addNote(clinic.call, clinic.ann, started)
    const early = await Consultation.findById(started.consultation).orFail()
    const late = await Consultation.findById(started.consultation).orFail()
    await early.set('notes', []).save()
    const { body } = await read(`/api/consultation/${started.consultation}`)
    expect(body).toMatchObject({ consultation: { notes: [], __v: 1 } })
    expect(await typesOf('consultations', started.consultation)).toEqual(CONSULTATION)
    await expect(late.set('notes', [new Types.ObjectId()]).save()).rejects.toThrow(mongoose.Error.VersionError)
  })

  test('a transcript', async () => {
    const said = { transcript_id: started.transcript, transcript_text: 'It hurts.' }
    await change('POST', '/api/transcript/update-text', said)
    const transcript = await Transcript.findById(started.transcript).orFail()
    expectWhole(transcript)
    expect(await typesOf('transcripts', transcript.id)).toEqual(TRANSCRIPT)

    transcript.transcript_text += ' A lot.'
    transcript.summary = 'Pain.'
    transcript.updated_at = new Date('2026-01-02T03:04:05.678Z')
    await transcript.save()
    expect(await read(`/api/transcript/${started.consultation}`)).toMatchObject({
      body: { transcript_text: 'It hurts. A lot.', summary: 'Pain.', updated_at: '2026-01-02T03:04:05.678Z', __v: 0 }
    })
    await transcript.deleteOne()
    expect(await read(`/api/transcript/${started.consultation}`)).toMatchObject({ status: 200, body: null })
    expect(await read(`/api/consultation/${started.consultation}`)).toMatchObject({
      body: { consultation: { transcript: null } }
    })
  })

  test('a note', async () => {
    const note = await Note.findById(await addNote(clinic.call, clinic.ann, started)).orFail()
    expectWhole(note)
    expect(await typesOf('notes', note.id)).toEqual(NOTE)

    note.body = 'theirs'
    note.updated_at = new Date('2026-01-02T03:04:05.678Z')
    await note.save()
    expect(await read(`/api/notes/${started.consultation}`)).toMatchObject({
      body: { count: 1, notes: [{ body: 'theirs', updated_at: '2026-01-02T03:04:05.678Z' }] }
    })
    expect(await typesOf('notes', note.id)).toEqual({ ...NOTE, updated_at: 'date' })
    await note.deleteOne()
    expect(await read(`/api/notes/${started.consultation}`)).toMatchObject({ body: { count: 0 } })
    expect(await read(`/api/consultation/${started.consultation}`)).toMatchObject({
      body: { consultation: { notes: [] } }
    })
  })

  test('a prompt', async () => {
    const made = await change('POST', '/api/prompts', { prompt_name: 'n', prompt_text: 't' })
    const prompt = await Prompt.findById(idOf(Object(made).data)).orFail()
    expectWhole(prompt)
    expect(await typesOf('prompts', prompt.id)).toEqual(PROMPT)

    prompt.prompt_text = 'theirs'
    prompt.is_shareable = true
    prompt.transcript_ids.push(new Types.ObjectId(started.transcript))
    await prompt.save()
    expect(await read('/api/prompts/', clinic.bob.token)).toMatchObject({
      body: {
        prompts: [{ prompt_text: 'theirs', is_shareable: true, transcript_ids: [started.transcript], __v: 1 }]
      }
    })
    expect(await typesOf('prompts', prompt.id)).toEqual(PROMPT)
    await prompt.deleteOne()
    expect(await read('/api/prompts/')).toMatchObject({ body: { prompts: [] } })
  })

  test('a logged out token', async () => {
    const { token } = clinic.ann
    await change('POST', '/users/logout')
    const entry = await BlackToken.findOne({ blackToken: token }).orFail()
    expect(entry.validateSync()).toBeUndefined()
    // What the legacy does not know of: by it the collection cleans itself.
    expect(await typesOf('blacktokens', entry.id)).toEqual({ _id: 'objectId', blackToken: 'string', expiresAt: 'date' })

    entry.blackToken = clinic.bob.token
    await entry.save()
    expect(await read('/users/profile', clinic.bob.token)).toMatchObject({ status: 401 })
    const replica = await startNative({ uri: clinic.uri })
    expect(await replica.call('GET', '/users/profile', { token })).toMatchObject({ status: 200 })
    await entry.deleteOne()
    expect(await clinic.db.collection('blacktokens').countDocuments()).toBe(0)
  })
})

describe('what Mongoose writes is read, changed and deleted natively:', () => {
  test('a user', async () => {
    const email = `${randomUUID()}@Example.org`
    const password = 'a long password'
    const user = await User.create({
      username: ' Eve ',
      email,
      password: await hash(password, { cost: 4 }),
      role: 'patient'
    })
    expect(await read(`/users/checkEmail?email=${email}`)).toMatchObject({ body: { available: false } })
    const costlier = await startNative({ uri: clinic.uri, bcryptCost: 5 })
    const login = await costlier.call('POST', '/users/login', { body: { email, password } })
    expect(login).toMatchObject({ status: 200, body: { msg: 'login successful' } })
    expect(await read('/users/profile', Object(login.body).token)).toMatchObject({
      body: {
        data: { name: 'Eve', email: email.toLowerCase(), role: 'patient', createdAt: user.createdAt.toISOString() }
      }
    })

    const rehashed = await User.findById(user.id).orFail()
    expect(rehashed.password).toMatch(/^\$2b\$05\$/)
    expect({ ...rehashed.toObject(), password: '' }).toEqual({ ...user.toObject(), password: '' })
    expect(await typesOf('users', user.id)).toEqual(USER)
  })

  test('a consultation and its transcript', async () => {
    const { consultation, transcript } = await startLikeLegacy()
    const prompt = await Prompt.create({ prompt_name: 'n', prompt_text: 't', clinician: annId() })
    const path = `/api/consultation/${consultation.id}`
    expect((await read('/api/consultation/')).body).toMatchObject({ consultations: [{ _id: consultation.id }] })
    const said = { transcript_id: transcript.id, transcript_text: 'It hurts.' }
    await change('POST', '/api/transcript/update-text', said)
    await change('PATCH', `/api/prompts/${prompt.id}/add-prompt/${transcript.id}`)
    await change('POST', `${path}/end`, { prompt_used: prompt.id })
    await change('POST', `/api/ai/${consultation.id}/summarise`)

    const ended = await Consultation.findById(consultation.id).orFail()
    expect(ended.validateSync()).toBeUndefined()
    expect(ended).toMatchObject({ status: 'ended', started_at: consultation.started_at, ended_at: expect.any(Date) })
    const summarised = { soapSummary: 'string', lastSummarizedAt: 'date' }
    expect(await typesOf('consultations', ended.id)).toEqual({ ...CONSULTATION, ended_at: 'date', ...summarised })
    const written = await Transcript.findById(transcript.id).populate('prompt_used').orFail()
    expectWhole(written)
    expect(written).toMatchObject({ transcript_text: 'It hurts.', prompt_used: { prompt_name: 'n' } })
    expect(written.summary).toMatch(/Subjective/)
    expect(await typesOf('transcripts', transcript.id)).toEqual({
      ...TRANSCRIPT,
      summary: 'string',
      prompt_used: 'objectId',
      updated_at: 'date'
    })
    await ended.set('status', 'active').save()
    await written.set('summary', 'theirs').save()
    expect(await read(path)).toMatchObject({
      body: { consultation: { status: 'active', transcript: { summary: 'theirs' }, soapSummary: expect.any(String) } }
    })
  })

  test('a note', async () => {
    const { consultation, transcript } = await startLikeLegacy()
    const fields = { clinician: annId(), transcript: transcript.id, consultation: consultation.id }
    const note = await new Note({ ...fields, body: 'theirs' }).save()
    await Consultation.findByIdAndUpdate(consultation.id, { $push: { notes: note.id } })
    expect(await read(`/api/notes/${consultation.id}`)).toMatchObject({
      body: { count: 1, notes: [{ body: 'theirs' }] }
    })

    await change('PATCH', `/api/notes/${note.id}`, { body: 'ours' })
    const changed = await Note.findById(note.id).orFail()
    expectWhole(changed)
    expect(changed.toObject()).toEqual({ ...note.toObject(), body: 'ours', updated_at: expect.any(Date) })
    expect(await typesOf('notes', note.id)).toEqual({ ...NOTE, updated_at: 'date' })
    await change('DELETE', `/api/notes/${note.id}`)
    expect(await Note.findById(note.id)).toBeNull()
    expect((await Consultation.findById(consultation.id).orFail()).notes).toHaveLength(0)
    expect(await typesOf('consultations', consultation.id)).toEqual(CONSULTATION)
  })

  test('a prompt', async () => {
    const prompt = await Prompt.create({ prompt_name: 'n', prompt_text: 't', clinician: annId() })
    expect(await read('/api/prompts/')).toMatchObject({ body: { prompts: [{ _id: prompt.id, prompt_name: 'n' }] } })
    await change('PATCH', `/api/prompts/${prompt.id}`, { prompt_name: 'ours', is_shareable: true })
    const changed = await Prompt.findById(prompt.id).orFail()
    expectWhole(changed)
    const ours = { prompt_name: 'ours', is_shareable: true, updated_at: expect.any(Date) }
    expect(changed.toObject()).toEqual({ ...prompt.toObject(), ...ours })
    expect(await typesOf('prompts', prompt.id)).toEqual({ ...PROMPT, updated_at: 'date' })
    await change('DELETE', `/api/prompts/${prompt.id}`)
    expect(await Prompt.find({ is_deleted: false })).toEqual([])
    expect(await Prompt.countDocuments({ is_deleted: true })).toBe(1)
  })

  test('a logged out token, also one that was good a moment ago', async () => {
    const { token } = clinic.ann
    expect(await read('/users/profile')).toMatchObject({ status: 200 })
    const entry = await new BlackToken({ blackToken: token }).save()
    expect(await typesOf('blacktokens', entry.id)).toEqual({ _id: 'objectId', blackToken: 'string' })
    expect(await read('/users/profile')).toMatchObject({
      status: 401,
      body: { msg: 'Session logged out. Please log in again.' }
    })
  })
})
