import { type Db, ObjectId } from 'mongodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startLegacy } from '../../support/legacy.ts'
import {
  type Answer,
  caller,
  givenUser,
  JWT_SECRET,
  type Native,
  randomId,
  signedToken,
  startNative
} from './support.ts'

const MISSING = { status: 404, body: { msg: 'Prompt not found or not accessible' } }
const TRANSCRIPT_MISSING = { status: 404, body: { msg: 'Transcript not found' } }
const INVALID = { status: 422, body: { error: 'validation' } }
const ID = expect.stringMatching(/^[0-9a-f]{24}$/)
const DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

async function given() {
  const native = await startNative()
  const [ann, bob] = [await givenUser(native.db), await givenUser(native.db)]
  return { ...native, ann, bob, prompts: native.db.collection('prompts') }
}

async function givenPrompt(call: Native['call'], token: string, fields: object = {}): Promise<string> {
  const body = { prompt_name: 'name', prompt_text: 'text', ...fields }
  return idOf(await call('POST', '/api/prompts', { token, body }))
}

function idOf(answer: Answer): string {
  return String(dataOf(answer)['_id'])
}

function dataOf({ body }: Answer): Record<string, unknown> {
  return Object(Object(body).data)
}

function listOf({ body }: Answer): Record<string, unknown>[] {
  return Object(body).prompts
}

/** Of each, in an order that says nothing. */
const texts = (prompts: object[]) => prompts.map(prompt => JSON.stringify(prompt)).sort()
const createdAt = (prompt: Record<string, unknown>) => prompt['created_at']

async function givenTranscript(db: Db, clinician: string): Promise<string> {
  const { insertedId } = await db.collection('transcripts').insertOne({
    clinician: new ObjectId(clinician),
    consultation: new ObjectId(),
    transcript_text: 'what was said',
    created_at: new Date('2026-01-02T03:04:05.678Z'),
    __v: 0
  })
  return insertedId.toHexString()
}

describe('POST /api/prompts', () => {
  it('stores the prompt as Mongoose does, and answers with it', async () => {
    const { call, prompts, ann } = await given()
    const body = { prompt_name: ' n ', prompt_text: ' t ', is_shareable: true, is_deleted: true, clinician: randomId() }
    const answer = await call('POST', '/api/prompts/', { token: ann.token, body })
    expect(answer).toMatchObject({ status: 201, body: { msg: 'Prompt created successfully' } })
    const data = dataOf(answer)
    expect(data).toEqual({
      prompt_name: ' n ',
      prompt_text: ' t ',
      is_shareable: true,
      is_deleted: false,
      clinician: ann.id,
      transcript_ids: [],
      _id: ID,
      created_at: DATE,
      __v: 0
    })
    const stored = await prompts.findOne({ _id: new ObjectId(idOf(answer)) })
    expect(stored).toEqual({
      ...data,
      _id: new ObjectId(idOf(answer)),
      clinician: new ObjectId(ann.id),
      created_at: new Date(String(data['created_at']))
    })
  })

  it('is not shareable unless it says so', async () => {
    const { call, ann } = await given()
    const answer = await call('POST', '/api/prompts', {
      token: ann.token,
      body: { prompt_name: 'n', prompt_text: 't' }
    })
    expect(dataOf(answer)['is_shareable']).toBe(false)
  })

  it('stores nothing of what is invalid, and says where it is', async () => {
    const { call, prompts, ann } = await given()
    const answer = await call('POST', '/api/prompts', { token: ann.token, body: { prompt_name: { $gt: '' } } })
    expect(answer.status).toBe(422)
    expect(Object(answer.body).details).toEqual([
      { path: '/prompt_text', message: expect.any(String) },
      { path: '/prompt_name', message: expect.any(String) }
    ])
    expect(await prompts.countDocuments()).toBe(0)
  })
})

function minute(index: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, index))
}

describe('GET /api/prompts', () => {
  it("lists the caller's own and everybody's shareable prompts, newest first, without deleted ones", async () => {
    const { call, prompts, ann, bob } = await given()
    const ids: Record<string, string> = {}
    const wanted = [
      ['own', ann, {}],
      ['own, shareable', ann, { is_shareable: true }],
      ["another's", bob, {}],
      ["another's, shareable", bob, { is_shareable: true }],
      ['deleted', ann, {}],
      ["another's, shareable, deleted", bob, { is_shareable: true }]
    ] as const
    for (const [index, [name, owner, fields]] of wanted.entries()) {
      const id = await givenPrompt(call, owner.token, { ...fields, prompt_name: name })
      await prompts.updateOne({ _id: new ObjectId(id) }, { $set: { created_at: minute(index) } })
      if (name.includes('deleted')) await call('DELETE', `/api/prompts/${id}`, { token: owner.token })
      ids[name] = id
    }
    const [mine, others] = await Promise.all(
      [ann, bob].map(async ({ token }) => listOf(await call('GET', '/api/prompts', { token })))
    )
    expect(mine?.map(prompt => prompt['prompt_name'])).toEqual(["another's, shareable", 'own, shareable', 'own'])
    expect(mine?.[2]).toEqual({
      _id: ids['own'],
      prompt_name: 'own',
      prompt_text: 'text',
      is_shareable: false,
      is_deleted: false,
      clinician: ann.id,
      transcript_ids: [],
      created_at: minute(0).toISOString(),
      __v: 0
    })
    expect(others?.map(prompt => prompt['prompt_name'])).toEqual([
      "another's, shareable",
      "another's",
      'own, shareable'
    ])
  })

  it('is empty for somebody who has none', async () => {
    const { call } = await given()
    expect(await call('GET', '/api/prompts/', { token: signedToken() })).toMatchObject({
      status: 200,
      text: '{"prompts":[]}'
    })
  })
})

describe('PATCH /api/prompts/:promptId', () => {
  it('changes what is given, and the time', async () => {
    const { call, prompts, ann } = await given()
    const id = await givenPrompt(call, ann.token)
    const answer = await call('PATCH', `/api/prompts/${id}`, { token: ann.token, body: { prompt_text: 'new' } })
    expect(answer).toMatchObject({
      status: 200,
      body: { msg: 'Prompt updated', data: { _id: id, prompt_name: 'name', prompt_text: 'new', updated_at: DATE } }
    })
    expect(Object.keys(dataOf(answer)).at(-1)).toBe('updated_at')
    const stored = await prompts.findOne({ _id: new ObjectId(id) })
    expect(stored?.['updated_at']).toEqual(new Date(String(dataOf(answer)['updated_at'])))
  })

  it('takes three fields and no other: nobody hands a prompt to another clinician', async () => {
    const { call, prompts, ann, bob } = await given()
    const id = await givenPrompt(call, ann.token)
    const before = await prompts.findOne({ _id: new ObjectId(id) })
    const body = {
      clinician: bob.id,
      is_deleted: 'nonsense',
      created_at: 0,
      transcript_ids: [randomId()],
      __v: 7,
      $set: { prompt_name: 'set' },
      'prompt_name.x': 1
    }
    const answer = await call('PATCH', `/api/prompts/${id}`, { token: ann.token, body })
    expect(answer.status).toBe(200)
    const { updated_at: at, ...after } = Object(await prompts.findOne({ _id: new ObjectId(id) }))
    expect(after).toEqual(before)
    expect(at).toBeInstanceOf(Date)
  })

  it('answers 404 for what is not the own, shareable or not, deleted, unknown or malformed', async () => {
    const { call, prompts, ann, bob } = await given()
    const shareable = await givenPrompt(call, bob.token, { is_shareable: true })
    const deleted = await givenPrompt(call, ann.token)
    await call('DELETE', `/api/prompts/${deleted}`, { token: ann.token })
    const before = await prompts.find().toArray()
    const body = { prompt_name: 'changed' }
    for (const id of [shareable, deleted, randomId(), 'zz', '%20']) {
      expect(await call('PATCH', `/api/prompts/${id}`, { token: ann.token, body })).toMatchObject(MISSING)
    }
    expect(await prompts.find().toArray()).toEqual(before)
  })
})

describe('PATCH /api/prompts/:promptId/add-prompt/:transcriptId', () => {
  it("links an own prompt, and another's shareable one, to the caller's transcript", async () => {
    const { call, db, ann, bob } = await given()
    const transcript = await givenTranscript(db, ann.id)
    const own = await givenPrompt(call, ann.token)
    const shareable = await givenPrompt(call, bob.token, { is_shareable: true })
    for (const prompt of [own, shareable.toUpperCase()]) {
      const answer = await call('PATCH', `/api/prompts/${prompt}/add-prompt/${transcript}`, { token: ann.token })
      expect(answer).toMatchObject({ status: 200, body: { msg: 'Prompt linked to transcript successfully' } })
      expect(dataOf(answer)).toMatchObject({ _id: transcript, transcript_text: 'what was said', clinician: ann.id })
      expect(dataOf(answer)['prompt_used']).toBe(prompt.toLowerCase())
      const stored = await db.collection('transcripts').findOne({ _id: new ObjectId(transcript) })
      expect(stored?.['prompt_used']).toEqual(new ObjectId(prompt))
    }
  })

  it('looks for the prompt first and then for the transcript, and takes only what the caller may use', async () => {
    const { call, db, ann, bob } = await given()
    const [own, others] = [await givenTranscript(db, ann.id), await givenTranscript(db, bob.id)]
    const prompt = await givenPrompt(call, ann.token)
    const secret = await givenPrompt(call, bob.token)
    const link = (promptId: string, transcriptId: string) =>
      call('PATCH', `/api/prompts/${promptId}/add-prompt/${transcriptId}`, { token: ann.token })
    for (const id of [secret, randomId(), 'zz']) expect(await link(id, own)).toMatchObject(MISSING)
    expect(await link(secret, others)).toMatchObject(MISSING)
    for (const id of [others, randomId(), 'zz']) expect(await link(prompt, id)).toMatchObject(TRANSCRIPT_MISSING)
    const transcripts = await db.collection('transcripts').find().toArray()
    expect(transcripts.filter(transcript => 'prompt_used' in transcript)).toEqual([])
  })
})

describe('DELETE /api/prompts/:promptId', () => {
  it('keeps the document, marked, and hides it from then on', async () => {
    const { call, db, prompts, ann } = await given()
    const id = await givenPrompt(call, ann.token, { is_shareable: true })
    const remove = () => call('DELETE', `/api/prompts/${id}`, { token: ann.token })
    expect(await remove()).toMatchObject({ status: 200, body: { msg: 'Prompt deleted successfully' } })
    expect(await prompts.findOne({ _id: new ObjectId(id) })).toMatchObject({
      is_deleted: true,
      prompt_text: 'text',
      updated_at: expect.any(Date)
    })
    expect(await remove()).toMatchObject(MISSING)
    const transcript = await givenTranscript(db, ann.id)
    const path = `/api/prompts/${id}/add-prompt/${transcript}`
    expect(await call('PATCH', path, { token: ann.token })).toMatchObject(MISSING)
  })

  it("leaves another's prompt alone", async () => {
    const { call, prompts, ann, bob } = await given()
    const id = await givenPrompt(call, bob.token, { is_shareable: true })
    for (const each of [id, randomId(), 'zz']) {
      expect(await call('DELETE', `/api/prompts/${each}`, { token: ann.token })).toMatchObject(MISSING)
    }
    expect(await prompts.findOne({ _id: new ObjectId(id) })).toMatchObject({ is_deleted: false })
  })
})

/** The same text for the same answer; a refusal is a 500 there and a 422 here. */
function shape({ status, text, body }: Answer): string {
  if (status === 500 || (status === 422 && Object(body).error === 'validation')) return 'refused'
  return `${status} ${text.replaceAll(/[0-9a-f]{24}/g, 'ID').replaceAll(/\d{4}-[\dT:.-]+Z/g, 'DATE')}`
}

describe('as the legacy', () => {
  const BODIES = [
    { prompt_name: 'a', prompt_text: 'b' },
    { prompt_name: 5, prompt_text: true },
    { prompt_name: ' ', prompt_text: '\u0000"\u{1f600}' },
    ...[true, 'true', 1, '1', 'yes', false, 'false', 0, '0', 'no', null].map(is_shareable => ({
      prompt_name: 'a',
      prompt_text: 'b',
      is_shareable
    })),
    ...['TRUE', 2, '', 'maybe', [], {}, [true]].map(is_shareable => ({
      prompt_name: 'a',
      prompt_text: 'b',
      is_shareable
    })),
    ...['', null, [], ['a'], {}, { a: 1 }, { $gt: '' }].flatMap(wrong => [
      { prompt_name: wrong, prompt_text: 'b' },
      { prompt_name: 'a', prompt_text: wrong }
    ]),
    { prompt_name: 'only' },
    { prompt_text: 'only' },
    {},
    [],
    ['a']
  ]

  it('takes and refuses the same bodies, with the same answer to each that is taken', async () => {
    const { uri, ...native } = await given()
    const standIn = await startLegacy({ mongodbUri: uri, jwtSecret: JWT_SECRET })
    onTestFinished(() => standIn.stop())
    const legacy = caller(standIn.url)
    const token = native.ann.token
    for (const body of BODIES) {
      const created = await Promise.all(
        [legacy, native.call].map(async call => shape(await call('POST', '/api/prompts', { token, body })))
      )
      expect.soft(created[1], `POST ${JSON.stringify(body)}`).toBe(created[0])
      const ids = [await givenPrompt(legacy, token), await givenPrompt(native.call, token)]
      const changed = await Promise.all(
        [legacy, native.call].map(async (call, side) =>
          shape(await call('PATCH', `/api/prompts/${ids[side]}`, { token, body }))
        )
      )
      expect.soft(changed[1], `PATCH ${JSON.stringify(body)}`).toBe(changed[0])
    }
    const form = { token, body: 'prompt_name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    const id = await givenPrompt(native.call, token)
    const path = `/api/prompts/${id}`
    expect(shape(await native.call('PATCH', path, form))).toBe(shape(await legacy('PATCH', path, form)))
    expect(shape(await native.call('POST', '/api/prompts', form))).toBe('refused')
    const lists = await Promise.all([legacy, native.call].map(call => call('GET', '/api/prompts', { token })))
    const [ofLegacy = [], ofNative = []] = lists.map(answer => listOf(answer))
    expect(ofNative.length).toBeGreaterThan(10)
    expect(ofNative.map(createdAt)).toEqual(ofLegacy.map(createdAt))
    // Neither side says which of one millisecond comes first.
    expect(texts(ofNative)).toEqual(texts(ofLegacy))
  })
})

describe('every route', () => {
  it('answers 401 without a token', async () => {
    const { call } = await given()
    const id = randomId()
    for (const [method, path] of [
      ['GET', '/api/prompts'],
      ['POST', '/api/prompts'],
      ['PATCH', `/api/prompts/${id}`],
      ['PATCH', `/api/prompts/${id}/add-prompt/${id}`],
      ['DELETE', `/api/prompts/${id}`]
    ] as const) {
      expect(await call(method, path)).toMatchObject({
        status: 401,
        body: { msg: 'Please login, no token provided' }
      })
    }
  })

  it('refuses what is invalid before it looks for the prompt', async () => {
    const { call, ann } = await given()
    const body = { prompt_name: [] }
    expect(await call('PATCH', `/api/prompts/${randomId()}`, { token: ann.token, body })).toMatchObject(INVALID)
  })
})
