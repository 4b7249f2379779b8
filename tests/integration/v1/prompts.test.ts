import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { givenUser, type Native, type Person, randomId, startNative } from '../services/support.ts'
import { dataOf, pageOf, refusal, wrongFields } from './support.ts'

const SHORT = { name: 'Short', text: 'In three sentences.' }

async function given(): Promise<Native & { ann: Person; bob: Person }> {
  const native = await startNative()
  return { ...native, ann: await givenUser(native.db), bob: await givenUser(native.db) }
}

test('a prompt is made, read, changed and deleted', async () => {
  const { call, ann } = await given()
  const created = await call('POST', '/api/v1/prompts', { token: ann.token, body: SHORT })
  const prompt = dataOf(created, 201)
  expect(prompt).toEqual({
    id: expect.any(String),
    ...SHORT,
    isShareable: false,
    clinicianId: ann.id,
    createdAt: expect.any(String),
    updatedAt: null
  })
  const path = `/api/v1/prompts/${String(prompt['id'])}`
  expect(created.headers['location']).toBe(path)
  expect(dataOf(await call('GET', path, { token: ann.token }))).toEqual(prompt)

  const changed = dataOf(await call('PATCH', path, { token: ann.token, body: { name: 'Shorter', isShareable: true } }))
  expect(changed).toEqual({ ...prompt, name: 'Shorter', isShareable: true, updatedAt: expect.any(String) })

  expect(await call('DELETE', path, { token: ann.token })).toMatchObject({ status: 204, text: '' })
  for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
    const body = method === 'PATCH' ? { name: 'x' } : undefined
    expect(await call(method, path, { token: ann.token, body })).toMatchObject(refusal(404, 'not_found'))
  }
})

test("another's prompt is read when it is shareable, and changed never", async () => {
  const { call, ann, bob } = await given()
  const make = async (isShareable: boolean) =>
    String(
      dataOf(await call('POST', '/api/v1/prompts', { token: ann.token, body: { ...SHORT, isShareable } }), 201)['id']
    )
  const [shared, hidden] = [await make(true), await make(false)]
  const { token } = bob
  expect(await call('GET', `/api/v1/prompts/${shared}`, { token })).toMatchObject({ status: 200 })
  expect(await call('GET', `/api/v1/prompts/${hidden}`, { token })).toMatchObject(refusal(404, 'not_found'))
  for (const id of [shared, hidden]) {
    const change = await call('PATCH', `/api/v1/prompts/${id}`, { token, body: { name: 'mine' } })
    expect(change).toMatchObject(refusal(404, 'not_found'))
    expect(await call('DELETE', `/api/v1/prompts/${id}`, { token })).toMatchObject(refusal(404, 'not_found'))
  }
  const { items } = pageOf(await call('GET', '/api/v1/prompts', { token }))
  expect(items.map(({ id }) => id)).toEqual([shared])
})

test.each(['malformed', '1234', randomId()])('the id %s names nothing', async id => {
  const { call, ann } = await given()
  for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
    const body = method === 'PATCH' ? { name: 'x' } : undefined
    expect(await call(method, `/api/v1/prompts/${id}`, { token: ann.token, body })).toMatchObject(
      refusal(404, 'not_found')
    )
  }
})

test.each([
  ['POST', {}, ['/name', '/text']],
  ['POST', { ...SHORT, text: '' }, ['/text']],
  ['POST', { ...SHORT, isShareable: 'yes' }, ['/isShareable']],
  ['POST', { ...SHORT, clinicianId: randomId() }, ['/clinicianId']],
  ['PATCH', {}, ['']],
  ['PATCH', { name: null }, ['/name']],
  ['PATCH', { is_shareable: true }, ['/is_shareable']]
] as const)('%s %j is 422', async (method, body, paths) => {
  const { call, db, ann } = await given()
  const { token } = ann
  const id = String(dataOf(await call('POST', '/api/v1/prompts', { token, body: SHORT }), 201)['id'])
  const before = await db.collection('prompts').find().toArray()
  const answer = await call(method, method === 'POST' ? '/api/v1/prompts' : `/api/v1/prompts/${id}`, { token, body })
  expect(wrongFields(answer)).toEqual(paths)
  expect(await db.collection('prompts').find().toArray()).toEqual(before)
})

test('a prompt becomes the one of an own transcript', async () => {
  const { call, db, ann, bob } = await given()
  const { token } = ann
  const promptId = String(dataOf(await call('POST', '/api/v1/prompts', { token, body: SHORT }), 201)['id'])
  const id = new ObjectId()
  const transcript = {
    _id: id,
    clinician: new ObjectId(ann.id),
    consultation: new ObjectId(),
    transcript_text: 'Good morning.',
    created_at: new Date(),
    __v: 0
  }
  await db.collection('transcripts').insertOne(transcript)
  const path = `/api/v1/transcripts/${id.toHexString()}/prompt`
  expect(dataOf(await call('PUT', path, { token, body: { promptId } }))).toMatchObject({
    text: 'Good morning.',
    promptId
  })

  for (const body of [{ promptId: randomId() }, { promptId: 'malformed' }]) {
    expect(await call('PUT', path, { token, body })).toMatchObject(refusal(404, 'not_found'))
  }
  expect(await call('PUT', '/api/v1/transcripts/1/prompt', { token, body: { promptId } })).toMatchObject(
    refusal(404, 'not_found')
  )
  expect(await call('PUT', path, { token: bob.token, body: { promptId } })).toMatchObject(refusal(404, 'not_found'))
  expect(wrongFields(await call('PUT', path, { token, body: {} }))).toEqual(['/promptId'])
})

test('what a legacy update left without a name or a share is still shown', async () => {
  const { call, db, ann } = await given()
  const { insertedId } = await db.collection('prompts').insertOne({
    prompt_name: null,
    prompt_text: null,
    is_shareable: null,
    is_deleted: false,
    clinician: new ObjectId(ann.id),
    transcript_ids: [],
    created_at: new Date(),
    __v: 0
  })
  const answer = await call('GET', `/api/v1/prompts/${insertedId.toHexString()}`, { token: ann.token })
  expect(dataOf(answer)).toMatchObject({ name: null, text: null, isShareable: false })
})
