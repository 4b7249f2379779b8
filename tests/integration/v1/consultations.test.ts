import { expect, onTestFinished, test } from 'vitest'
import { fail } from '../../support/http-stub.ts'
import { answer, startOpenAiStub } from '../../support/openai-stub.ts'
import { givenUser, type Native, type Person, randomId, startNative } from '../services/support.ts'
import { dataOf, pageOf, refusal, wrongFields } from './support.ts'

const SHORT = { name: 'Short', text: 'In three sentences.' }

async function given(): Promise<
  Native & { ann: Person; bob: Person; openai: Awaited<ReturnType<typeof startOpenAiStub>> }
> {
  const openai = await startOpenAiStub()
  onTestFinished(() => openai.close())
  const native = await startNative({ openai: { baseUrl: openai.url, apiKey: 'k', maxRetries: 0 } })
  return { ...native, openai, ann: await givenUser(native.db), bob: await givenUser(native.db) }
}

const idOf = (document: Record<string, unknown>) => String(document['id'])

test('a consultation, from its start to its end', async () => {
  const { call, ann, openai } = await given()
  const { token } = ann
  const clinician = { id: ann.id, username: ann.username, email: ann.email }
  const patient = { name: 'P', allergies: ['nuts'] }
  const begun = await call('POST', '/api/v1/consultations', { token, body: { patient } })
  const started = dataOf(begun, 201)
  expect(started).toEqual({
    id: expect.any(String),
    status: 'active',
    patient,
    clinician,
    notes: [],
    transcript: {
      id: expect.any(String),
      consultationId: started['id'],
      text: '',
      summary: null,
      promptId: null,
      createdAt: expect.any(String),
      updatedAt: null
    },
    prompt: null,
    soapSummary: null,
    summarizedAt: null,
    startedAt: expect.any(String),
    endedAt: null
  })
  const path = `/api/v1/consultations/${idOf(started)}`
  expect(begun.headers['location']).toBe(path)
  expect(dataOf(await call('GET', path, { token }))).toEqual(started)

  const transcript = dataOf(await call('GET', `${path}/transcript`, { token }))
  const transcriptPath = `/api/v1/transcripts/${idOf(transcript)}`
  const heard = dataOf(await call('PATCH', transcriptPath, { token, body: { text: 'I cough.' } }))
  expect(heard).toEqual({ ...transcript, text: 'I cough.' })
  expect(dataOf(await call('GET', transcriptPath, { token }))).toEqual(heard)

  const prompt = dataOf(await call('POST', '/api/v1/prompts', { token, body: SHORT }), 201)
  await call('PUT', `${transcriptPath}/prompt`, { token, body: { promptId: prompt['id'] } })
  openai.behave(answer('A cough.'), answer('[{"term":"Cough","possible_snomed":"49727002"}]'))
  const ended = dataOf(await call('POST', `${path}/end`, { token, body: { promptId: prompt['id'] } }))
  expect(ended).toEqual({
    transcript: { ...heard, summary: 'A cough.', promptId: prompt['id'], updatedAt: expect.any(String) },
    highlights: [{ term: 'Cough', snomed: '49727002' }]
  })

  const note = dataOf(await call('POST', `${path}/notes`, { token, body: { body: 'Sleeps badly.' } }), 201)
  const read = dataOf(await call('GET', path, { token }))
  expect(read).toEqual({
    ...started,
    status: 'ended',
    notes: [{ id: note['id'], body: 'Sleeps badly.', clinician }],
    transcript: ended['transcript'],
    prompt: { id: prompt['id'], ...SHORT },
    endedAt: expect.any(String)
  })
  const { items } = pageOf(await call('GET', '/api/v1/consultations', { token }))
  const { prompt: _, ...listed } = read
  expect(items).toEqual([listed])
})

test('a failing OpenAI does not keep a consultation from ending', async () => {
  const { call, ann, openai } = await given()
  const { token } = ann
  const started = dataOf(await call('POST', '/api/v1/consultations', { token, body: {} }), 201)
  expect(started['patient']).toBeNull()
  const { id: promptId } = dataOf(await call('POST', '/api/v1/prompts', { token, body: SHORT }), 201)
  openai.behave(fail(500))
  const ended = await call('POST', `/api/v1/consultations/${idOf(started)}/end`, { token, body: { promptId } })
  expect(dataOf(ended)).toMatchObject({ transcript: { summary: 'Summary not generated' }, highlights: [] })
})

test("another's consultation and transcript are as if they did not exist", async () => {
  const { call, db, ann, bob } = await given()
  const started = dataOf(await call('POST', '/api/v1/consultations', { token: ann.token, body: { patient: {} } }), 201)
  const { id: promptId } = dataOf(
    await call('POST', '/api/v1/prompts', { token: ann.token, body: { ...SHORT, isShareable: true } }),
    201
  )
  const transcript = dataOf(
    await call('GET', `/api/v1/consultations/${idOf(started)}/transcript`, { token: ann.token })
  )
  const before = await Promise.all([
    db.collection('consultations').find().toArray(),
    db.collection('transcripts').find().toArray()
  ])
  for (const [id, transcriptId] of [
    [idOf(started), idOf(transcript)],
    [randomId(), randomId()],
    ['malformed', '1']
  ]) {
    for (const [method, path, body] of [
      ['GET', `/api/v1/consultations/${id}`],
      ['POST', `/api/v1/consultations/${id}/end`, { promptId }],
      ['GET', `/api/v1/consultations/${id}/transcript`],
      ['GET', `/api/v1/consultations/${id}/notes`],
      ['POST', `/api/v1/consultations/${id}/notes`, { body: 'Mine.' }],
      ['GET', `/api/v1/transcripts/${transcriptId}`],
      ['PATCH', `/api/v1/transcripts/${transcriptId}`, { text: 'Mine.' }]
    ] as const) {
      expect(await call(method, path, { token: bob.token, body })).toMatchObject(refusal(404, 'not_found'))
    }
  }
  expect(pageOf(await call('GET', '/api/v1/consultations', { token: bob.token })).items).toEqual([])
  const after = await Promise.all([
    db.collection('consultations').find().toArray(),
    db.collection('transcripts').find().toArray()
  ])
  expect(after).toEqual(before)
})

test('a prompt that the caller may not use does not end a consultation', async () => {
  const { call, ann, bob } = await given()
  const started = dataOf(await call('POST', '/api/v1/consultations', { token: bob.token, body: {} }), 201)
  const hidden = dataOf(await call('POST', '/api/v1/prompts', { token: ann.token, body: SHORT }), 201)
  const path = `/api/v1/consultations/${idOf(started)}`
  for (const promptId of [hidden['id'], randomId(), 'malformed']) {
    const ended = await call('POST', `${path}/end`, { token: bob.token, body: { promptId } })
    expect(ended).toMatchObject(refusal(404, 'not_found'))
  }
  expect(dataOf(await call('GET', path, { token: bob.token }))).toMatchObject({ status: 'active', endedAt: null })
})

test.each([
  ['POST', '', [], ['']],
  ['POST', '', { patient: {}, clinician: 'x' }, ['/clinician']],
  ['POST', '/:id/end', {}, ['/promptId']],
  ['POST', '/:id/end', { promptId: { $gt: '' } }, ['/promptId']],
  ['POST', '/:id/notes', {}, ['/body']],
  ['POST', '/:id/notes', { body: ' ' }, ['/body']],
  ['POST', '/:id/notes', { body: 'b', clinician: 'x' }, ['/clinician']]
] as const)('%s /consultations%s with %j is 422', async (method, path, body, paths) => {
  const { call, ann } = await given()
  const { token } = ann
  const started = dataOf(await call('POST', '/api/v1/consultations', { token, body: {} }), 201)
  const answered = await call(method, `/api/v1/consultations${path.replace(':id', idOf(started))}`, { token, body })
  expect(wrongFields(answered)).toEqual(paths)
})
