import { type Db, ObjectId } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { givenConsultation, givenUser, type Native, randomId, startNative } from './support.ts'

const CONSULTATION_MISSING = { status: 404, body: { msg: 'Consultation not found.' } }
const NOTE_MISSING = { status: 404, body: { msg: 'Note not found.' } }
const BODY_REQUIRED = { status: 400, body: { msg: 'Note body is required.' } }
const NOT_AUTHORIZED = { status: 403, body: { msg: 'Not authorized.' } }

async function given() {
  const native = await startNative()
  const ann = await givenUser(native.db)
  const bob = await givenUser(native.db)
  return { ...native, ann, bob, consultation: await givenConsultation(native.db, ann.id) }
}

async function givenNote(call: Native['call'], consultation: string, token: string, body = 'text'): Promise<string> {
  const answer = await call('POST', `/api/notes/${consultation}`, { token, body: { body, transcriptId: randomId() } })
  expect(answer.status).toBe(201)
  return idOf(Object(answer.body).note)
}

function idOf({ _id: id }: { _id: unknown }): string {
  return String(id)
}

async function notesOf(db: Db, consultation: string): Promise<string[]> {
  const found = await db.collection('consultations').findOne({ _id: new ObjectId(consultation) })
  return (found?.['notes'] ?? []).map(String)
}

describe('POST /api/notes/:consultationId', () => {
  it('stores a note without a version key and appends its id to the consultation', async () => {
    const { call, db, ann, consultation } = await given()
    const transcriptId = randomId()
    const first = await givenNote(call, consultation, ann.token)
    const answer = await call('POST', `/api/notes/${consultation}`, {
      token: ann.token,
      body: { body: ' b ', transcriptId }
    })
    expect(answer).toMatchObject({ status: 201, body: { msg: 'Note added successfully.' } })
    const { note } = Object(answer.body)
    expect(note).toEqual({
      _id: expect.stringMatching(/^[0-9a-f]{24}$/),
      clinician: ann.id,
      transcript: transcriptId,
      consultation,
      body: ' b ',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    })
    const second = idOf(note)
    expect(await db.collection('notes').findOne({ _id: new ObjectId(second) })).toEqual({
      _id: new ObjectId(second),
      clinician: new ObjectId(ann.id),
      transcript: new ObjectId(transcriptId),
      consultation: new ObjectId(consultation),
      body: ' b ',
      created_at: new Date(note.created_at)
    })
    expect(await notesOf(db, consultation)).toEqual([first, second])
  })

  it('checks body, consultation and the rest in the order of the legacy', async () => {
    const { call, db, ann, bob, consultation } = await given()
    const transcriptId = randomId()
    const add = (id: string, body: unknown, { token } = ann) => call('POST', `/api/notes/${id}`, { token, body })

    for (const body of ['', null, 0, false, undefined]) {
      expect(await add(consultation, { body, transcriptId })).toMatchObject(BODY_REQUIRED)
      expect(await add('x', { body })).toMatchObject(BODY_REQUIRED)
    }
    expect(await add(consultation, undefined)).toMatchObject(BODY_REQUIRED)
    for (const id of [randomId(), 'x', 'a'.repeat(25), 'twelve-bytes']) {
      expect(await add(id, { body: 'x', transcriptId })).toMatchObject(CONSULTATION_MISSING)
      expect(await add(id, { body: {} })).toMatchObject(CONSULTATION_MISSING)
    }
    expect(await add(consultation, { body: 'x', transcriptId }, bob)).toMatchObject(CONSULTATION_MISSING)
    const wrong: [object, string][] = [
      [{ body: 'x' }, '/transcriptId'],
      [{ body: 'x', transcriptId: 'x' }, '/transcriptId'],
      [{ body: 'x', transcriptId: { $gt: '' } }, '/transcriptId'],
      [{ body: { $gt: '' }, transcriptId }, '/body'],
      [{ body: ['x'], transcriptId }, '/body']
    ]
    for (const [body, path] of wrong) {
      expect(await add(consultation, body)).toMatchObject({
        status: 422,
        body: { error: 'validation', details: [{ path }] }
      })
    }
    expect(await db.collection('notes').countDocuments()).toBe(0)
    expect(await notesOf(db, consultation)).toEqual([])
  })

  it('casts numbers to text, as Mongoose does', async () => {
    const { call, ann, consultation } = await given()
    const body = { body: 12.5, transcriptId: randomId() }
    const answer = await call('POST', `/api/notes/${consultation}`, { token: ann.token, body })
    expect(answer).toMatchObject({ status: 201, body: { note: { body: '12.5' } } })
  })

  it('loses none of many at once', async () => {
    const { call, db, ann, consultation } = await given()
    const ids = await Promise.all(Array.from({ length: 20 }, () => givenNote(call, consultation, ann.token)))
    expect((await notesOf(db, consultation)).toSorted()).toEqual(ids.toSorted())
  })
})

function at(minute: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, minute))
}

describe('GET /api/notes/:consultationId', () => {
  it('lists the newest first with their authors, whoever wrote them', async () => {
    const { call, db, ann, bob, consultation } = await given()
    const gone = randomId()
    const insert = (author: string, minute: number) => ({
      _id: new ObjectId(),
      clinician: new ObjectId(author),
      transcript: new ObjectId(),
      consultation: new ObjectId(consultation),
      body: `minute ${minute}`,
      created_at: at(minute)
    })
    await db.collection('notes').insertMany([insert(ann.id, 2), insert(bob.id, 3), insert(gone, 1)])
    await db.collection('notes').updateOne({ body: 'minute 3' }, { $set: { updated_at: at(9) } })

    const answer = await call('GET', `/api/notes/${consultation.toUpperCase()}`, { token: ann.token })
    expect(answer).toMatchObject({ status: 200, body: { count: 3 } })
    const { notes } = Object(answer.body)
    expect(notes.map(({ body, clinician }: { body: string; clinician: unknown }) => [body, clinician])).toEqual([
      ['minute 3', { _id: bob.id, username: bob.username, email: bob.email }],
      ['minute 2', { _id: ann.id, username: ann.username, email: ann.email }],
      ['minute 1', null]
    ])
    expect(notes[0].updated_at).toBe(at(9).toISOString())
    expect(notes[1]).not.toHaveProperty('updated_at')
  })

  it('lists nothing of another’s consultation, of none and of a malformed id', async () => {
    const { call, ann, bob, consultation } = await given()
    await givenNote(call, consultation, ann.token)
    for (const id of [consultation, randomId(), 'x']) {
      const answer = await call('GET', `/api/notes/${id}`, { token: bob.token })
      expect(answer).toMatchObject({ status: 200, text: '{"count":0,"notes":[]}' })
    }
  })
})

describe('PATCH /api/notes/:noteId', () => {
  it('changes the text and says when', async () => {
    const { call, db, ann, consultation } = await given()
    const id = await givenNote(call, consultation, ann.token)
    const answer = await call('PATCH', `/api/notes/${id}`, {
      token: ann.token,
      body: { body: 'new', clinician: randomId() }
    })
    expect(answer).toMatchObject({
      status: 200,
      body: { msg: 'Note updated.', note: { _id: id, clinician: ann.id, body: 'new', updated_at: expect.any(String) } }
    })
    expect(await db.collection('notes').findOne({})).toMatchObject({ body: 'new', updated_at: expect.any(Date) })
  })

  it.each(['', null, 0, false, undefined])('keeps the old text for %j, and still says when', async body => {
    const { call, ann, consultation } = await given()
    const id = await givenNote(call, consultation, ann.token, 'old')
    const answer = await call('PATCH', `/api/notes/${id}`, { token: ann.token, body: { body } })
    expect(answer).toMatchObject({ status: 200, body: { note: { body: 'old', updated_at: expect.any(String) } } })
  })

  it('answers 404, 403 and 422, in this order', async () => {
    const { call, db, ann, bob, consultation } = await given()
    const id = await givenNote(call, consultation, ann.token, 'old')
    const change = (noteId: string, body: unknown, { token } = ann) =>
      call('PATCH', `/api/notes/${noteId}`, { token, body })
    for (const missing of [randomId(), 'x']) {
      expect(await change(missing, { body: {} })).toMatchObject(NOTE_MISSING)
      expect(await change(missing, { body: 'new' })).toMatchObject(NOTE_MISSING)
    }
    expect(await change(id, { body: 'new' }, bob)).toMatchObject(NOT_AUTHORIZED)
    expect(await change(id, { body: {} }, bob)).toMatchObject(NOT_AUTHORIZED)
    for (const body of [undefined, [], { body: { $set: 1 } }, { body: ['x'] }]) {
      expect(await change(id, body)).toMatchObject({ status: 422, body: { error: 'validation' } })
    }
    expect(await db.collection('notes').findOne({})).toMatchObject({ body: 'old' })
  })

  it('is not brought down by deep nesting', async () => {
    const { call, ann, consultation } = await given()
    const id = await givenNote(call, consultation, ann.token, 'old')
    const deep = `{"body":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect((await call('PATCH', `/api/notes/${id}`, { token: ann.token, body: deep })).status).toBe(422)
  })
})

describe('DELETE /api/notes/:noteId', () => {
  it('removes the note and its id from the consultation', async () => {
    const { call, db, ann, consultation } = await given()
    const [kept, id] = [await givenNote(call, consultation, ann.token), await givenNote(call, consultation, ann.token)]
    expect(await call('DELETE', `/api/notes/${id}`, { token: ann.token })).toMatchObject({
      status: 200,
      body: { msg: 'Note deleted successfully.' }
    })
    expect(await notesOf(db, consultation)).toEqual([kept])
    expect(await db.collection('notes').countDocuments()).toBe(1)
    expect(await call('DELETE', `/api/notes/${id}`, { token: ann.token })).toMatchObject(NOTE_MISSING)
  })

  it('answers 404 and 403, and removes nothing', async () => {
    const { call, db, ann, bob, consultation } = await given()
    const id = await givenNote(call, consultation, ann.token)
    expect(await call('DELETE', '/api/notes/x', { token: ann.token })).toMatchObject(NOTE_MISSING)
    expect(await call('DELETE', `/api/notes/${id}`, { token: bob.token })).toMatchObject(NOT_AUTHORIZED)
    expect(await notesOf(db, consultation)).toEqual([id])
    expect(await db.collection('notes').countDocuments()).toBe(1)
  })

  it('finishes a deletion that died between its two writes', async () => {
    const { call, db, ann, consultation } = await given()
    const id = await givenNote(call, consultation, ann.token)
    await db.collection('consultations').updateOne({}, { $set: { notes: [] } })
    expect((await call('DELETE', `/api/notes/${id}`, { token: ann.token })).status).toBe(200)
    expect(await db.collection('notes').countDocuments()).toBe(0)
  })
})
