import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { answerWith, fail, reset } from '../support/http-stub.ts'
import { answer as completion } from '../support/openai-stub.ts'
import { expectAnswer, ID, ISO } from './answers.ts'
import { textAt } from './client.ts'
import type { Contract } from './context.ts'
import { bsonTypes } from './documents.ts'

const UNKNOWN = new ObjectId().toHexString()
const COUGH = { term: 'Cough', possible_snomed: '49727002' }
const NO_PROMPT = { msg: 'Prompt not found' }

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
  const { call, account, consultation, note, prompt, insert, change, stored, differs, openai, db } = contract

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

  describe('end', () => {
    const end = (token: string, id: string, body?: unknown) =>
      call('POST', `/api/consultation/${id}/end`, { token, body })

    async function ready() {
      const ann = await account()
      const own = await consultation(ann)
      await change('transcripts', own.transcriptId, { transcript_text: 'It hurts.' })
      return { ann, ...own, promptId: await prompt(ann, { prompt_text: 'Be brief.' }) }
    }

    test('summarises as the prompt says, and codes the summary', async () => {
      const { ann, id, transcriptId, promptId } = await ready()
      openai().behave(completion(' In short. \n'), completion(JSON.stringify([COUGH])))
      const before = openai().requests.length
      const answer = await end(ann.token, id, { prompt_used: promptId })
      expectAnswer(answer, 200, {
        msg: 'Consultation ended successfully',
        transcript: {
          _id: transcriptId,
          clinician: ann.id,
          consultation: id,
          transcript_text: 'It hurts.',
          created_at: ISO,
          __v: 0,
          summary: 'In short.',
          updated_at: ISO
        },
        summary: 'In short.',
        highlights: [COUGH]
      })

      const asked = openai().requests.slice(before)
      expect(asked.map(({ path, headers }) => [path, headers.authorization])).toEqual(
        Array.from({ length: 2 }, () => ['/v1/chat/completions', 'Bearer a key of the tests'])
      )
      expect(asked.map(({ json }) => json)).toEqual([
        { model: 'gpt-4o', messages: chat('Be brief.', 'It hurts.') },
        { model: 'gpt-4o', messages: chat(expect.stringMatching(/clinical coding[^]*JSON array/), 'In short.') }
      ])

      const updated_at = new Date(textAt(answer, 'transcript', 'updated_at'))
      expect(await stored('transcripts', transcriptId)).toMatchObject({ summary: 'In short.', updated_at, __v: 0 })
      const ended = await stored('consultations', id)
      expect(ended).toMatchObject({ status: 'ended', ended_at: expect.any(Date), __v: 0 })
      expect(ended).not.toHaveProperty('highlights')
      expect(await bsonTypes(db(), 'transcripts', transcriptId)).toMatchObject({
        summary: 'string',
        updated_at: 'date'
      })
      expect(await bsonTypes(db(), 'consultations', id)).toMatchObject({ status: 'string', ended_at: 'date' })
    })

    test("again, with another's shareable prompt", async () => {
      const { ann, id, transcriptId, promptId } = await ready()
      await end(ann.token, id, { prompt_used: promptId })
      const shared = await prompt(await account(), { is_shareable: true, prompt_text: 'As a poem.' })
      openai().behave(completion('A poem.'), completion('[]'))
      expect((await end(ann.token, id, { prompt_used: shared })).body).toMatchObject({
        transcript: { _id: transcriptId, summary: 'A poem.' },
        summary: 'A poem.',
        highlights: []
      })
    })

    const failures = [
      ['fails', fail(400)],
      ['is cut off', reset],
      ['is no JSON', answerWith('nothing')],
      ['has no choice', answerWith({ choices: [] })]
    ] as const
    test.for(failures)('a first completion that %s', async ([, behaviour]) => {
      const { ann, id, transcriptId, promptId } = await ready()
      openai().behave(behaviour, completion(JSON.stringify([COUGH])))
      expect(await end(ann.token, id, { prompt_used: promptId })).toMatchObject({
        status: 200,
        body: {
          transcript: { summary: 'Summary not generated' },
          summary: 'Summary not generated',
          highlights: [COUGH]
        }
      })
      expect(await stored('transcripts', transcriptId)).toMatchObject({ summary: 'Summary not generated' })
      expect(await stored('consultations', id)).toMatchObject({ status: 'ended' })
    })

    test.for([
      ...failures,
      ['says nothing', completion('')],
      ['says no JSON', completion('I would rather not.')],
      ['says other JSON', completion('{"terms":5}')]
    ] as const)('a second completion that %s', async ([, behaviour]) => {
      const { ann, id, promptId } = await ready()
      openai().behave(completion('S'), behaviour)
      expect(await end(ann.token, id, { prompt_used: promptId })).toMatchObject({
        status: 200,
        body: { summary: 'S', highlights: [] }
      })
    })

    test.for([
      ['fenced-highlights', ['S', `\`\`\`json\n${JSON.stringify([COUGH])}\n\`\`\``]],
      ['odd-highlights', ['S', '[5, {"term":"Cough","possible_snomed":49727002,"more":true}, {"term":"Fever"}]']],
      ['blank-completion', [' \n', '[]']]
    ] as const)('difference %s', async ([name, completions]) => {
      const { ann, id, promptId } = await ready()
      openai().behave(...completions.map(text => completion(text)))
      const call = { token: ann.token, body: { prompt_used: promptId } }
      await differs(`consultations.end.${name}`, 'POST', `/api/consultation/${id}/end`, call)
    })

    test('none', async () => {
      const { ann, promptId } = await ready()
      for (const body of [{ prompt_used: promptId }, {}, undefined]) {
        expectAnswer(await end(ann.token, UNKNOWN, body), 404, { msg: 'Consultation not found' })
      }
    })

    test.for([{}, { transcript: null }, { transcript: new ObjectId() }])('one with %j', async fields => {
      const { ann, promptId } = await ready()
      const started = { clinician: new ObjectId(ann.id), notes: [], status: 'active', started_at: new Date(), __v: 0 }
      const id = await insert('consultations', { ...started, ...fields })
      for (const prompt_used of [promptId, UNKNOWN]) {
        expectAnswer(await end(ann.token, id, { prompt_used }), 404, { msg: 'Transcript not found' })
      }
    })

    test.for([{}, { prompt_used: null }, { prompt_used: UNKNOWN }])('without a prompt: %j', async body => {
      const { ann, id } = await ready()
      expectAnswer(await end(ann.token, id, body), 404, NO_PROMPT)
      expect(await stored('consultations', id)).toMatchObject({ status: 'active' })
    })

    test.for([
      ['no-body', undefined],
      ['malformed-prompt', { prompt_used: 'malformed' }],
      ['operator', { prompt_used: { $ne: null } }]
    ] as const)('difference %s', async ([name, body]) => {
      const { ann, id } = await ready()
      const { side } = await differs(`consultations.end.${name}`, 'POST', `/api/consultation/${id}/end`, {
        token: ann.token,
        body
      })
      if (side === 'native') expect(await stored('consultations', id)).toMatchObject({ status: 'active' })
    })

    test('a malformed id', async () => {
      const { ann, promptId } = await ready()
      await differs('consultations.end.malformed-id', 'POST', '/api/consultation/malformed/end', {
        token: ann.token,
        body: { prompt_used: promptId }
      })
    })

    test("another clinician's", async () => {
      const { ann, promptId } = await ready()
      const { id } = await consultation(await account())
      const before = openai().requests.length
      const call = { token: ann.token, body: { prompt_used: promptId } }
      const { side } = await differs('consultations.end.not-owner', 'POST', `/api/consultation/${id}/end`, call)
      if (side === 'legacy') return
      expect(await stored('consultations', id)).toMatchObject({ status: 'active' })
      expect(openai().requests).toHaveLength(before)
    })

    test("with another clinician's private prompt", async () => {
      const { ann, id } = await ready()
      const body = { prompt_used: await prompt(await account()) }
      const path = `/api/consultation/${id}/end`
      await differs('consultations.end.private-prompt', 'POST', path, { token: ann.token, body })
    })
  })
}

function chat(system: unknown, user: string) {
  return [
    { role: 'system', content: system },
    { role: 'user', content: user }
  ]
}
