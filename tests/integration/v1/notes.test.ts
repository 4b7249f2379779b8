import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { givenUser, randomId, startNative } from '../services/support.ts'
import { dataOf, pageOf, refusal, wrongFields } from './support.ts'

async function given() {
  const native = await startNative()
  const [ann, bob] = [await givenUser(native.db), await givenUser(native.db)]
  const started = dataOf(await native.call('POST', '/api/v1/consultations', { token: ann.token, body: {} }), 201)
  return { ...native, ann, bob, token: ann.token, consultation: String(started['id']), started }
}

test('a note is written, read, changed and deleted', async () => {
  const { call, db, ann, token, consultation, started } = await given()
  const list = `/api/v1/consultations/${consultation}/notes`
  const written = await call('POST', list, { token, body: { body: 'Sleeps badly.' } })
  const note = dataOf(written, 201)
  expect(note).toEqual({
    id: expect.any(String),
    consultationId: consultation,
    transcriptId: expect.any(String),
    body: 'Sleeps badly.',
    clinician: { id: ann.id, username: ann.username, email: ann.email },
    createdAt: expect.any(String),
    updatedAt: null
  })
  expect(started['transcript']).toMatchObject({ id: note['transcriptId'] })
  const path = `/api/v1/notes/${String(note['id'])}`
  expect(written.headers['location']).toBe(path)
  expect(dataOf(await call('GET', path, { token }))).toEqual(note)
  expect(pageOf(await call('GET', list, { token })).items).toEqual([note])

  const changed = dataOf(await call('PATCH', path, { token, body: { body: 'Sleeps well.' } }))
  expect(changed).toEqual({ ...note, body: 'Sleeps well.', updatedAt: expect.any(String) })

  expect(await call('DELETE', path, { token })).toMatchObject({ status: 204, text: '' })
  expect(pageOf(await call('GET', list, { token })).items).toEqual([])
  expect(await db.collection('consultations').findOne()).toMatchObject({ notes: [] })
  for (const method of ['GET', 'DELETE'] as const) {
    expect(await call(method, path, { token })).toMatchObject(refusal(404, 'not_found'))
  }
})

test("another's note is as if it did not exist, but for the list of an own consultation", async () => {
  const { call, db, bob, token, consultation } = await given()
  const { insertedId } = await db.collection('notes').insertOne({
    clinician: new ObjectId(bob.id),
    transcript: new ObjectId(),
    consultation: new ObjectId(consultation),
    body: 'By Bob.',
    created_at: new Date()
  })
  for (const id of [insertedId.toHexString(), randomId(), 'malformed']) {
    const path = `/api/v1/notes/${id}`
    expect(await call('GET', path, { token })).toMatchObject(refusal(404, 'not_found'))
    expect(await call('PATCH', path, { token, body: { body: 'x' } })).toMatchObject(refusal(404, 'not_found'))
    expect(await call('DELETE', path, { token })).toMatchObject(refusal(404, 'not_found'))
  }
  const { items } = pageOf(await call('GET', `/api/v1/consultations/${consultation}/notes`, { token }))
  expect(items).toMatchObject([{ body: 'By Bob.', clinician: { id: bob.id } }])
})

test.each([
  [{}, ['/body']],
  [{ body: '' }, ['/body']],
  [{ body: null }, ['/body']],
  [{ body: 'b', created_at: 'x' }, ['/created_at']]
])('a change to %j is 422', async (body, paths) => {
  const { call, token, consultation } = await given()
  const list = `/api/v1/consultations/${consultation}/notes`
  const note = dataOf(await call('POST', list, { token, body: { body: 'Sleeps badly.' } }), 201)
  const path = `/api/v1/notes/${String(note['id'])}`
  expect(wrongFields(await call('PATCH', path, { token, body }))).toEqual(paths)
  expect(dataOf(await call('GET', path, { token }))).toEqual(note)
})
