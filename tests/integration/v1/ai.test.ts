import { ObjectId } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { fail } from '../../support/http-stub.ts'
import { NHS_CREDENTIALS, startNhsStub } from '../../support/nhs-stub.ts'
import { answer, startOpenAiStub } from '../../support/openai-stub.ts'
import { givenConsultation, givenUser, randomId, startNative } from '../services/support.ts'
import { dataOf, refusal, wrongFields } from './support.ts'

async function given() {
  const [openai, nhs] = [await startOpenAiStub(), await startNhsStub()]
  onTestFinished(async () => {
    await openai.close()
    await nhs.close()
  })
  const native = await startNative({
    openai: { baseUrl: openai.url, apiKey: 'k', maxRetries: 0 },
    terminology: { baseUrl: nhs.url, ...NHS_CREDENTIALS }
  })
  const ann = await givenUser(native.db)
  return { ...native, openai, nhs, ann, token: ann.token }
}

test('a question is answered', async () => {
  const { call, openai, token } = await given()
  openai.behave(answer('Rest.'))
  const body = { query: 'What helps?' }
  expect(dataOf(await call('POST', '/api/v1/ai/search', { token, body }))).toEqual({ ...body, answer: 'Rest.' })
  expect((await openai.request(1)).json?.messages.at(-1)).toMatchObject({ content: 'What helps?' })
  for (const wrong of [{}, { query: ' ' }, { query: 7 }]) {
    expect(wrongFields(await call('POST', '/api/v1/ai/search', { token, body: wrong }))).toEqual(['/query'])
  }
})

test('all clinical codes that match are answered, and none is no error', async () => {
  const { call, token } = await given()
  const ask = (query: string) => call('GET', `/api/v1/ai/clinical-codes${query}`, { token })
  const url = 'http://snomed.info/sct'
  expect(await ask('?name=asthma')).toMatchObject({
    status: 200,
    body: {
      data: [
        { name: 'Asthma', code: '195967001', url },
        { name: 'Allergic asthma', code: '389145006', url }
      ]
    }
  })
  expect(await ask('?name=nothing')).toMatchObject({ status: 200, body: { data: [] } })
  for (const query of ['', '?name=', '?name=%20', '?name=a&name=b']) {
    expect(wrongFields(await ask(query))).toEqual(['/name'])
  }
})

test('an own consultation is summarised, and the summary kept', async () => {
  const { call, db, openai, ann, token } = await given()
  const transcript = new ObjectId()
  const consultationId = await givenConsultation(db, ann.id)
  const owners = { clinician: new ObjectId(ann.id), consultation: new ObjectId(consultationId) }
  const rest = { transcript_text: 'I cough.', created_at: new Date(), __v: 0 }
  await db.collection('transcripts').insertOne({ _id: transcript, ...owners, ...rest })
  await db.collection('consultations').updateOne({ _id: owners.consultation }, { $set: { transcript } })
  openai.behave(answer('S: cough'))
  const summarise = (body: object, as = token) => call('POST', '/api/v1/ai/summaries', { token: as, body })

  expect(dataOf(await summarise({ consultationId }))).toEqual({ consultationId, soapSummary: 'S: cough' })
  const stored = await db.collection('consultations').findOne({ _id: owners.consultation })
  expect(stored).toMatchObject({ soapSummary: 'S: cough', lastSummarizedAt: expect.any(Date) })

  const bob = await givenUser(db)
  expect(await summarise({ consultationId }, bob.token)).toMatchObject(refusal(404, 'not_found'))
  for (const id of ['malformed', randomId()]) {
    expect(await summarise({ consultationId: id })).toMatchObject(refusal(404, 'not_found'))
  }
  expect(wrongFields(await summarise({}))).toEqual(['/consultationId'])
  // Without a transcript there is nothing to summarise.
  const bare = await givenConsultation(db, ann.id)
  expect(await summarise({ consultationId: bare })).toMatchObject(refusal(404, 'not_found'))
})

test('images are described', async () => {
  const { call, openai, token } = await given()
  openai.behave(answer('A **rash**.'))
  const analyse = (body: object) => call('POST', '/api/v1/ai/image-analyses', { token, body })
  const images = ['https://images.example.org/a.jpg', 'data:image/png;base64,AAAA']
  expect(dataOf(await analyse({ prompt: 'What is it?', images }))).toEqual({ markdown: 'A **rash**.' })
  expect((await openai.request(1)).json?.messages.at(-1)?.content).toEqual([
    { type: 'text', text: 'What is it?' },
    ...images.map(url => ({ type: 'image_url', image_url: { url } }))
  ])
  expect((await analyse({})).status).toBe(200)
  expect(wrongFields(await analyse({ images: ['file:///etc/passwd', images[0], 7] }))).toEqual([
    '/images/0',
    '/images/2'
  ])
  expect(wrongFields(await analyse({ images: images[0] }))).toEqual(['/images'])
})

test('an upstream that fails is 502, and its words stay here', async () => {
  const { call, openai, nhs, token } = await given()
  openai.behave(fail(500))
  nhs.search.behave(fail(500))
  const answers = [
    await call('POST', '/api/v1/ai/search', { token, body: { query: 'What helps?' } }),
    await call('POST', '/api/v1/ai/image-analyses', { token, body: {} }),
    await call('GET', '/api/v1/ai/clinical-codes?name=asthma', { token })
  ]
  for (const each of answers) {
    expect(each).toMatchObject(refusal(502, 'upstream_unavailable'))
    expect(each.text).not.toContain('words of the upstream')
  }
  openai.behave(fail(413))
  const large = await call('POST', '/api/v1/ai/image-analyses', { token, body: {} })
  expect(large).toMatchObject(refusal(413, 'body_too_large'))
})
