import { ObjectId } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import { addNote, type Clinic, givenClinic, start, type Started } from './clinic.ts'

let clinic: Clinic
let started: Started

beforeEach(async () => {
  clinic = await givenClinic()
  started = await start(clinic.call, clinic.ann)
})

const read = (path: string) => clinic.call('GET', path, { token: clinic.ann.token })

describe('what refers to a clinician who is no more says so,', () => {
  beforeEach(async () => {
    await addNote(clinic.call, clinic.ann, started)
    await clinic.db.collection('users').deleteOne({ _id: new ObjectId(clinic.ann.id) })
  })

  test('on the legacy surface', async () => {
    expect(await read(`/api/consultation/${started.consultation}`)).toMatchObject({
      status: 200,
      body: { consultation: { clinician: null, notes: [{ clinician: null }] } }
    })
    expect(await read('/api/consultation/')).toMatchObject({
      body: { consultations: [{ clinician: null, notes: [{ clinician: null }] }] }
    })
    expect(await read(`/api/notes/${started.consultation}`)).toMatchObject({ body: { notes: [{ clinician: null }] } })
  })

  test('under /api/v1', async () => {
    const own = `/api/v1/consultations/${started.consultation}`
    expect(await read(own)).toMatchObject({
      status: 200,
      body: { data: { clinician: null, notes: [{ clinician: null }] } }
    })
    expect(await read(`${own}/notes`)).toMatchObject({ body: { data: [{ clinician: null }] } })
    const another = await clinic.call('POST', `${own}/notes`, { token: clinic.ann.token, body: { body: 'another' } })
    expect(another).toMatchObject({ status: 201, body: { data: { clinician: null } } })
  })
})

test.each([
  ['deleted', async () => void (await clinic.db.collection('transcripts').deleteMany({}))],
  [
    'never written',
    async () => void (await clinic.db.collection('consultations').updateMany({}, { $unset: { transcript: 1 } }))
  ]
])('a consultation whose transcript was %s has none under /api/v1, and cannot be ended', async (_how, lose) => {
  await lose()
  const own = `/api/v1/consultations/${started.consultation}`
  expect(await read(own)).toMatchObject({ status: 200, body: { data: { transcript: null, prompt: null } } })
  const body = { promptId: new ObjectId().toHexString() }
  expect(await clinic.call('POST', `${own}/end`, { token: clinic.ann.token, body })).toMatchObject({
    status: 404,
    body: { error: { code: 'not_found' } }
  })
})
