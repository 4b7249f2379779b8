import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { expectAnswer, ID, ISO } from './answers.ts'
import { textAt, valueAt } from './client.ts'
import type { Contract } from './context.ts'
import { bsonTypes } from './documents.ts'

const UNKNOWN = new ObjectId().toHexString()

export function notes(contract: Contract): void {
  const { call, account, consultation, note, stored, differs, storedDiffers, db } = contract

  test('a note is added, stored, and its id appended to the consultation', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const first = await note(ann, { id, transcriptId })
    const answer = await call('POST', `/api/notes/${id}`, {
      token: ann.token,
      body: { body: ' Hüsten 🫁 ', transcriptId, clinician: UNKNOWN, created_at: '2000-01-01T00:00:00.000Z' }
    })
    expectAnswer(answer, 201, {
      msg: 'Note added successfully.',
      note: {
        clinician: ann.id,
        transcript: transcriptId,
        consultation: id,
        body: ' Hüsten 🫁 ',
        _id: ID,
        created_at: ISO
      }
    })

    const noteId = textAt(answer, 'note', '_id')
    const created = new Date(textAt(answer, 'note', 'created_at'))
    expect(created.getFullYear()).toBeGreaterThan(2000)
    expect(await stored('notes', noteId)).toEqual({
      _id: new ObjectId(noteId),
      clinician: new ObjectId(ann.id),
      transcript: new ObjectId(transcriptId),
      consultation: new ObjectId(id),
      body: ' Hüsten 🫁 ',
      created_at: created
    })
    expect(await bsonTypes(db(), 'notes', noteId)).toEqual({
      _id: 'objectId',
      clinician: 'objectId',
      transcript: 'objectId',
      consultation: 'objectId',
      body: 'string',
      created_at: 'date'
    })
    expect(await stored('consultations', id)).toMatchObject({
      notes: [new ObjectId(first), new ObjectId(noteId)],
      __v: 0
    })
  })

  test.for([{}, { body: '' }, { body: null }])('a note %o has no text', async body => {
    const ann = await account()
    const { id } = await consultation(ann)
    for (const consultationId of [id, UNKNOWN, 'malformed']) {
      const answer = await call('POST', `/api/notes/${consultationId}`, { token: ann.token, body })
      expectAnswer(answer, 400, { msg: 'Note body is required.' })
    }
  })

  test('a note on no consultation', async () => {
    const { token } = await account()
    const answer = await call('POST', `/api/notes/${UNKNOWN}`, { token, body: { body: 'x', transcriptId: UNKNOWN } })
    expectAnswer(answer, 404, { msg: 'Consultation not found.' })
  })

  test.for([
    ['notes.create.no-transcript', { body: 'x' }],
    ['notes.create.malformed-transcript', { body: 'x', transcriptId: 'malformed' }]
  ] as const)('difference %s', async ([difference, body]) => {
    const ann = await account()
    const { id } = await consultation(ann)
    await differs(difference, 'POST', `/api/notes/${id}`, { token: ann.token, body })
    expect(await stored('consultations', id)).toMatchObject({ notes: [] })
  })

  test('a note on a malformed consultation id', async () => {
    const { token } = await account()
    const body = { body: 'x', transcriptId: UNKNOWN }
    await differs('notes.create.malformed-id', 'POST', '/api/notes/malformed', { token, body })
  })

  test("a note on another clinician's consultation", async () => {
    const [ann, bob] = await Promise.all([account(), account()])
    const { id, transcriptId } = await consultation(ann)
    const body = { body: 'x', transcriptId }
    await differs('notes.create.not-owner', 'POST', `/api/notes/${id}`, { token: bob.token, body })
  })

  test('the notes of a consultation, newest first, each with its author', async () => {
    const [ann, bob] = await Promise.all([account(), account()])
    const { id, transcriptId } = await consultation(ann)
    const mine = await note(ann, { id, transcriptId }, 'mine')
    const [newestId, oldestId] = [new ObjectId(), new ObjectId()]
    const document = (_id: ObjectId, clinician: string, body: string, created_at: Date) => ({
      _id,
      clinician: new ObjectId(clinician),
      transcript: new ObjectId(transcriptId),
      consultation: new ObjectId(id),
      body,
      created_at
    })
    const newest = document(newestId, bob.id, "bob's", new Date('2999-01-01T00:00:00.001Z'))
    const oldest = document(oldestId, UNKNOWN, 'of an author who is no more', new Date('1999-12-31T23:59:59.999Z'))
    await db()
      .collection('notes')
      .insertMany([oldest, { ...newest, updated_at: new Date('2999-01-02T00:00:00.002Z') }])

    const answer = await call('GET', `/api/notes/${id}`, { token: ann.token })
    const shared = { transcript: transcriptId, consultation: id }
    expectAnswer(answer, 200, {
      count: 3,
      notes: [
        {
          _id: newestId.toHexString(),
          clinician: { _id: bob.id, username: bob.username, email: bob.email },
          ...shared,
          body: "bob's",
          created_at: '2999-01-01T00:00:00.001Z',
          updated_at: '2999-01-02T00:00:00.002Z'
        },
        {
          _id: mine,
          clinician: { _id: ann.id, username: ann.username, email: ann.email },
          ...shared,
          body: 'mine',
          created_at: ISO
        },
        {
          _id: oldestId.toHexString(),
          clinician: null,
          ...shared,
          body: 'of an author who is no more',
          created_at: '1999-12-31T23:59:59.999Z'
        }
      ]
    })
  })

  test('a consultation without notes, and none at all', async () => {
    const ann = await account()
    const { id } = await consultation(ann)
    for (const consultationId of [id, UNKNOWN]) {
      const answer = await call('GET', `/api/notes/${consultationId}`, { token: ann.token })
      expectAnswer(answer, 200, { count: 0, notes: [] })
    }
  })

  test("the notes of another clinician's consultation", async () => {
    const [ann, bob] = await Promise.all([account(), account()])
    const own = await consultation(ann)
    await note(ann, own)
    await differs('notes.list.not-owner', 'GET', `/api/notes/${own.id}`, { token: bob.token })
  })

  test('the notes of a malformed consultation id', async () => {
    const { token } = await account()
    await differs('notes.list.malformed-id', 'GET', '/api/notes/malformed', { token })
  })

  test('a note is changed', async () => {
    const ann = await account()
    const own = await consultation(ann)
    const id = await note(ann, own, 'before')
    const answer = await call('PATCH', `/api/notes/${id}`, {
      token: ann.token,
      body: { body: 'after', clinician: UNKNOWN, consultation: UNKNOWN, created_at: '2000-01-01T00:00:00.000Z' }
    })
    expectAnswer(answer, 200, {
      msg: 'Note updated.',
      note: {
        _id: id,
        clinician: ann.id,
        transcript: own.transcriptId,
        consultation: own.id,
        body: 'after',
        created_at: ISO,
        updated_at: ISO
      }
    })
    expect(await stored('notes', id)).toMatchObject({
      clinician: new ObjectId(ann.id),
      consultation: new ObjectId(own.id),
      body: 'after',
      updated_at: new Date(textAt(answer, 'note', 'updated_at'))
    })
    expect(await bsonTypes(db(), 'notes', id)).toMatchObject({ body: 'string', created_at: 'date', updated_at: 'date' })
    expect(await stored('notes', id)).not.toHaveProperty('__v')
  })

  test.for([{}, { body: '' }, { body: null }])('a change %o keeps the text, and is one', async body => {
    const ann = await account()
    const id = await note(ann, await consultation(ann), 'kept')
    const answer = await call('PATCH', `/api/notes/${id}`, { token: ann.token, body })
    expect(answer).toMatchObject({ status: 200, body: { note: { body: 'kept', updated_at: ISO } } })
    expect(await stored('notes', id)).toMatchObject({ body: 'kept', updated_at: expect.any(Date) })
  })

  test('a change to an object', async () => {
    const ann = await account()
    const id = await note(ann, await consultation(ann), 'kept')
    const body = { body: { $gt: '' } }
    await differs('notes.update.malformed-body', 'PATCH', `/api/notes/${id}`, { token: ann.token, body })
    expect(await stored('notes', id)).toMatchObject({ body: 'kept' })
  })

  test('a note of an object, and requests without a body', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const noteId = await note(ann, { id, transcriptId }, 'kept')
    const body = { body: { $gt: '' }, transcriptId }
    await differs('notes.create.malformed-body', 'POST', `/api/notes/${id}`, { token: ann.token, body })
    await differs('notes.create.no-body', 'POST', `/api/notes/${id}`, { token: ann.token })
    await differs('notes.update.no-body', 'PATCH', `/api/notes/${noteId}`, { token: ann.token })
    expect(await stored('notes', noteId)).toMatchObject({ body: 'kept' })
  })

  test('a note is deleted', async () => {
    const ann = await account()
    const own = await consultation(ann)
    const id = await note(ann, own)
    const answer = await call('DELETE', `/api/notes/${id}`, { token: ann.token })
    expectAnswer(answer, 200, { msg: 'Note deleted successfully.' })
    expect(await stored('notes', id)).toBeNull()
    expect(await call('GET', `/api/notes/${own.id}`, { token: ann.token })).toMatchObject({ body: { count: 0 } })
    storedDiffers('notes.delete.reference', answer, valueAt(await stored('consultations', own.id), 'notes', 'length'))
    expect((await call('DELETE', `/api/notes/${id}`, { token: ann.token })).status).toBe(404)
  })

  const methods = [
    ['PATCH', 'update'],
    ['DELETE', 'delete']
  ] as const
  test.for(methods)('%s of no note', async ([method]) => {
    const { token } = await account()
    const answer = await call(method, `/api/notes/${UNKNOWN}`, { token, body: { body: 'x' } })
    expectAnswer(answer, 404, { msg: 'Note not found.' })
  })

  test.for(methods)("%s of another's note", async ([method]) => {
    const [ann, bob] = await Promise.all([account(), account()])
    const id = await note(ann, await consultation(ann), 'kept')
    const answer = await call(method, `/api/notes/${id}`, { token: bob.token, body: { body: 'x' } })
    expectAnswer(answer, 403, { msg: 'Not authorized.' })
    expect(await stored('notes', id)).toMatchObject({ body: 'kept' })
  })

  test.for(methods)('%s of a malformed note id (notes.%s.malformed-id)', async ([method, name]) => {
    const { token } = await account()
    const request = { token, body: { body: 'x' } }
    await differs(`notes.${name}.malformed-id`, method, '/api/notes/malformed', request)
  })
}
