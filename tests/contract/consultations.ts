import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { expectAnswer, ID, ISO } from './answers.ts'
import { textAt } from './client.ts'
import type { Contract } from './context.ts'
import { bsonTypes } from './documents.ts'

const UNKNOWN = new ObjectId().toHexString()

/** What the frontend sends of the patient, and what is kept of it: Mongoose drops empty objects. */
const patients = [
  { name: 'Ann Öther', age: 42, allergies: ['nuts', { drug: 'x' }], address: { city: 'Leeds' } },
  'a text',
  5,
  false,
  null,
  [],
  [{}, []],
  { $gt: '', 'a.b': 1 }
].map(patient => [patient, patient] as const)
const emptyPatients = [
  [undefined, undefined],
  [{}, undefined],
  [{ a: {}, b: { c: {} } }, undefined],
  [
    { a: {}, b: [{}, { c: {} }], c: null },
    { b: [{}, {}], c: null }
  ]
] as const

export function consultations(contract: Contract): void {
  const { call, account, consultation, note, prompt, insert, change, stored, differs, db } = contract

  describe('start', () => {
    test.for([...patients, ...emptyPatients])('with the patient %j', async ([patient_data, patient]) => {
      const { id: clinician, token } = await account()
      const answer = await call('POST', '/api/consultation/start', { token, body: { patient_data } })
      const consultationId = textAt(answer, 'data', 'consultation', '_id')
      const transcriptId = textAt(answer, 'data', 'transcript', '_id')
      const kept = patient === undefined ? {} : { patient }
      expectAnswer(answer, 200, {
        msg: 'Consultation started',
        data: {
          consultation: {
            clinician,
            ...kept,
            notes: [],
            status: 'active',
            _id: ID,
            started_at: ISO,
            __v: 0,
            transcript: transcriptId
          },
          transcript: { clinician, consultation: consultationId, transcript_text: '', _id: ID, created_at: ISO, __v: 0 }
        }
      })
      expect(await stored('consultations', consultationId)).toEqual({
        _id: new ObjectId(consultationId),
        clinician: new ObjectId(clinician),
        ...kept,
        notes: [],
        status: 'active',
        started_at: new Date(textAt(answer, 'data', 'consultation', 'started_at')),
        transcript: new ObjectId(transcriptId),
        __v: 0
      })
      expect(await stored('transcripts', transcriptId)).toEqual({
        _id: new ObjectId(transcriptId),
        clinician: new ObjectId(clinician),
        consultation: new ObjectId(consultationId),
        transcript_text: '',
        created_at: new Date(textAt(answer, 'data', 'transcript', 'created_at')),
        __v: 0
      })
    })

    test('the types of what is stored', async () => {
      const { id, transcriptId } = await consultation(await account())
      const ids = { _id: 'objectId', clinician: 'objectId' }
      expect(await bsonTypes(db(), 'consultations', id)).toEqual({
        ...ids,
        patient: 'object',
        notes: 'array',
        status: 'string',
        started_at: 'date',
        transcript: 'objectId',
        __v: 'int'
      })
      expect(await bsonTypes(db(), 'transcripts', transcriptId)).toEqual({
        ...ids,
        consultation: 'objectId',
        transcript_text: 'string',
        created_at: 'date',
        __v: 'int'
      })
    })

    test('fields that a start does not have are not stored', async () => {
      const { id: clinician, token } = await account()
      const body = { patient_data: 'P', clinician: UNKNOWN, status: 'ended', notes: [UNKNOWN], admin: true }
      const answer = await call('POST', '/api/consultation/start', { token, body })
      const found = await stored('consultations', textAt(answer, 'data', 'consultation', '_id'))
      expect(found).toMatchObject({ clinician: new ObjectId(clinician), status: 'active', notes: [] })
      expect(found).not.toHaveProperty('admin')
    })

    test('without a body', async () => {
      const { token } = await account()
      await differs('consultations.start.no-body', 'POST', '/api/consultation/start', { token })
    })
  })

  describe('read', () => {
    test('one with everything, alone and in the list', async () => {
      const [ann, bob] = [await account(), await account()]
      const { id, transcriptId } = await consultation(ann, { name: 'P', age: 42 })
      const mine = await note(ann, { id, transcriptId }, 'mine')
      const clinicianId = new ObjectId(bob.id)
      const others = await insert('notes', {
        clinician: clinicianId,
        transcript: new ObjectId(transcriptId),
        consultation: new ObjectId(id),
        body: "bob's",
        created_at: new Date()
      })
      const promptId = await prompt(bob, { prompt_name: 'n', prompt_text: 't', is_shareable: true })
      const ended = new Date('2026-01-02T03:04:05.006Z')
      await change('transcripts', transcriptId, {
        summary: 'S',
        updated_at: ended,
        prompt_used: new ObjectId(promptId)
      })
      await change('consultations', id, {
        notes: [mine, others].map(each => new ObjectId(each)),
        status: 'ended',
        ended_at: ended,
        soapSummary: 'SOAP',
        lastSummarizedAt: ended
      })

      const clinician = ({ id: _id, username, email }: typeof ann) => ({ _id, username, email })
      const expanded = (prompt_used: unknown) => ({
        _id: id,
        clinician: clinician(ann),
        patient: { name: 'P', age: 42 },
        notes: [
          { _id: mine, clinician: clinician(ann), body: 'mine' },
          { _id: others, clinician: clinician(bob), body: "bob's" }
        ],
        status: 'ended',
        started_at: ISO,
        __v: 0,
        transcript: {
          _id: transcriptId,
          clinician: ann.id,
          consultation: id,
          transcript_text: '',
          created_at: ISO,
          __v: 0,
          summary: 'S',
          updated_at: ended.toISOString(),
          prompt_used
        },
        ended_at: ended.toISOString(),
        soapSummary: 'SOAP',
        lastSummarizedAt: ended.toISOString()
      })
      const alone = await call('GET', `/api/consultation/${id}`, { token: ann.token })
      expectAnswer(alone, 200, {
        consultation: expanded({ _id: promptId, prompt_name: 'n', prompt_text: 't' })
      })
      for (const path of ['/api/consultation', '/api/consultation/']) {
        const list = await call('GET', path, { token: ann.token })
        expectAnswer(list, 200, { consultations: [expanded(promptId)] })
      }
    })

    test('one whose references name nothing any more', async () => {
      const ann = await account()
      const clinician = new ObjectId(ann.id)
      const started_at = new Date()
      const consultationOf = (fields: object) =>
        insert('consultations', { clinician, notes: [], status: 'active', started_at, __v: 0, ...fields })
      const bare = await consultationOf({})
      const dangling = await consultationOf({ notes: [new ObjectId()], transcript: new ObjectId() })
      const author = { _id: ann.id, username: ann.username, email: ann.email }
      const usual = { clinician: author, notes: [], status: 'active', started_at: ISO, __v: 0 }
      const read = async (id: string) => call('GET', `/api/consultation/${id}`, { token: ann.token })
      expectAnswer(await read(bare), 200, { consultation: { _id: bare, ...usual } })
      expectAnswer(await read(dangling), 200, { consultation: { _id: dangling, ...usual, transcript: null } })

      const { id, transcriptId } = await consultation(ann)
      const noteId = await note(ann, { id, transcriptId })
      await change('notes', noteId, { clinician: new ObjectId() })
      await change('transcripts', transcriptId, { prompt_used: new ObjectId() })
      expect((await read(id)).body).toMatchObject({
        consultation: { notes: [{ _id: noteId, clinician: null }], transcript: { prompt_used: null } }
      })
    })

    test('the prompt of a transcript, though it was deleted', async () => {
      const ann = await account()
      const { id, transcriptId } = await consultation(ann)
      const promptId = await prompt(ann, { is_deleted: true })
      await change('transcripts', transcriptId, { prompt_used: new ObjectId(promptId) })
      expect((await call('GET', `/api/consultation/${id}`, { token: ann.token })).body).toMatchObject({
        consultation: { transcript: { prompt_used: { _id: promptId, prompt_name: 'brief', prompt_text: 'Be brief.' } } }
      })
    })

    test('the list is newest first, and of the caller alone', async () => {
      const [ann, bob] = [await account(), await account()]
      const days = ['2026-01-02', '2026-01-03', '2026-01-01']
      const ids = await Promise.all(
        days.map(day =>
          insert('consultations', {
            clinician: new ObjectId(ann.id),
            notes: [],
            status: 'active',
            started_at: new Date(day),
            __v: 0
          })
        )
      )
      await consultation(bob)
      expect((await call('GET', '/api/consultation/', { token: ann.token })).body).toMatchObject({
        consultations: [{ _id: ids[1] }, { _id: ids[0] }, { _id: ids[2] }]
      })
    })

    test('an empty list', async () => {
      const { token } = await account()
      expectAnswer(await call('GET', '/api/consultation/', { token }), 200, { consultations: [] })
    })

    test("none, and another clinician's", async () => {
      const [ann, bob] = [await account(), await account()]
      const { id } = await consultation(bob)
      for (const each of [UNKNOWN, id]) {
        const answer = await call('GET', `/api/consultation/${each}`, { token: ann.token })
        expectAnswer(answer, 404, { msg: 'Consultation not found or invalid' })
      }
    })

    test('a malformed id', async () => {
      const { token } = await account()
      await differs('consultations.get.malformed-id', 'GET', '/api/consultation/malformed', { token })
    })
  })
}
