import { randomUUID } from 'node:crypto'
import { type Db, type Document, ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { type Clinic, essence, givenClinic, givenLegacy, givenPrompt, start } from './clinic.ts'
import type { Answer, Native } from './support.ts'

type Call = Native['call']

interface Sides extends Clinic {
  /** Who writes first. */
  readonly writer: Call
  readonly other: Call
}

const directions = ['legacy to native', 'native to legacy'] as const

/** Both sides on one database; what the first writes is for the second to work on. */
async function givenSides(direction: (typeof directions)[number]): Promise<Sides> {
  const clinic = await givenClinic()
  const legacy = await givenLegacy(clinic)
  const [writer, other] = direction === 'native to legacy' ? [clinic.call, legacy] : [legacy, clinic.call]
  return { ...clinic, writer, other }
}

/** An answer of the first side, which the second gives to the byte. */
async function sameOf(
  { writer, other }: Pick<Sides, 'writer' | 'other'>,
  path: string,
  { token }: { readonly token?: string }
): Promise<Answer> {
  const answer = await writer('GET', path, { token })
  expect(essence(await other('GET', path, { token }))).toEqual(essence(answer))
  expect(answer.status).toBe(200)
  return answer
}

const field = (answer: Answer, ...path: string[]): string =>
  String(path.reduce((at: unknown, key) => Object(at)[key], answer.body))

test.for(directions)('users: %s', async direction => {
  const sides = await givenSides(direction)
  const { writer, other } = sides
  const [email, password] = [`${randomUUID()}@Example.org`, 'a long password']
  const user = { username: ' Ann ', email, password, role: 'patient' }
  expect((await writer('POST', '/users/register', { body: user })).status).toBe(200)
  expect(await other('POST', '/users/register', { body: user })).toMatchObject({
    status: 401,
    body: { msg: 'User already exists' }
  })
  expect((await sameOf(sides, `/users/checkEmail?email=${email}`, {})).body).toEqual({ available: false })
  for (const call of [other, writer]) {
    const login = await call('POST', '/users/login', { body: { email, password } })
    expect(login).toMatchObject({ status: 200, body: { msg: 'login successful' } })
    expect((await sameOf(sides, '/users/profile', { token: field(login, 'token') })).body).toMatchObject({
      data: { name: 'Ann', email: email.toLowerCase(), role: 'patient' }
    })
  }
})

test('a hash that native has made dearer is the legacy’s to check', async () => {
  const clinic = await givenClinic({ bcryptCost: 9 })
  const legacy = await givenLegacy(clinic)
  const body = { username: 'Ann', email: `${randomUUID()}@example.org`, password: 'a long password', role: 'clinician' }
  await legacy('POST', '/users/register', { body })
  const cost = async () =>
    (await clinic.db.collection('users').findOne({ email: body.email }))?.['password'].slice(0, 7)
  expect(await cost()).toBe('$2b$08$')
  for (const [call, prefix] of [
    [clinic.call, '$2b$09$'],
    [legacy, '$2b$09$']
  ] as const) {
    expect(await call('POST', '/users/login', { body })).toMatchObject({ body: { msg: 'login successful' } })
    expect(await cost()).toBe(prefix)
  }
})

test.for(directions)('a token that is logged out on the first side is refused natively: %s', async direction => {
  const clinic = await givenClinic({ revocationStalenessMs: 0 })
  const legacy = await givenLegacy(clinic)
  const { token } = clinic.ann
  const profile = (call: Call) => call('GET', '/users/profile', { token })
  expect(await profile(clinic.call)).toMatchObject({ status: 200 })
  const writer = direction === 'native to legacy' ? clinic.call : legacy
  expect(await writer('POST', '/users/logout', { token })).toMatchObject({ status: 200 })
  expect(await profile(clinic.call)).toMatchObject({
    status: 401,
    body: { msg: 'Session logged out. Please log in again.' }
  })
  // It looks for its own entries where there are none, and so for ours.
  expect(await profile(legacy)).toMatchObject({ status: 200 })
  // Both may keep the same token.
  expect(await legacy('POST', '/users/logout', { token })).toMatchObject({ status: 200 })
  expect(await profile(clinic.call)).toMatchObject({ status: 401 })
})

test.for(directions)('consultations and transcripts: %s', async direction => {
  const sides = await givenSides(direction)
  const { writer, other, ann, db } = sides
  const { token } = ann
  const { consultation, transcript } = await start(writer, ann, { name: 'P', age: 42 })
  const alone = `/api/consultation/${consultation}`
  const text = `/api/transcript/${consultation}`
  for (const path of [alone, '/api/consultation/', text]) await sameOf(sides, path, ann)

  const said = { transcript_id: transcript, transcript_text: 'It hurts.' }
  expect((await other('POST', '/api/transcript/update-text', { token, body: said })).status).toBe(200)
  expect((await sameOf(sides, text, ann)).body).toMatchObject({ transcript_text: 'It hurts.' })
  const again = { ...said, transcript_text: 'It hurts a lot.' }
  expect((await writer('POST', '/api/transcript/update-text', { token, body: again })).status).toBe(200)
  expect((await sameOf(sides, text, ann)).body).toMatchObject({ transcript_text: 'It hurts a lot.' })

  const body = { prompt_used: await givenPrompt(db, ann) }
  for (const call of [other, writer]) {
    const ended = await call('POST', `${alone}/end`, { token, body })
    expect(ended).toMatchObject({ status: 200, body: { summary: expect.stringContaining('Subjective') } })
    expect((await sameOf(sides, alone, ann)).body).toMatchObject({
      consultation: { status: 'ended', transcript: { summary: field(ended, 'summary') } }
    })
    await sameOf(sides, '/api/consultation/', ann)
  }
})

test('a summary that native stores stays when the legacy ends the consultation, and is in its answers', async () => {
  const clinic = await givenClinic()
  const legacy = await givenLegacy(clinic)
  const { call, ann, db } = clinic
  const { consultation } = await start(legacy, ann)
  expect((await call('POST', `/api/ai/${consultation}/summarise`, { token: ann.token })).status).toBe(200)
  const body = { prompt_used: await givenPrompt(db, ann) }
  expect((await legacy('POST', `/api/consultation/${consultation}/end`, { token: ann.token, body })).status).toBe(200)
  const { body: read } = await sameOf({ writer: legacy, other: call }, `/api/consultation/${consultation}`, ann)
  expect(read).toMatchObject({
    consultation: {
      status: 'ended',
      soapSummary: expect.stringContaining('Subjective'),
      lastSummarizedAt: expect.any(String)
    }
  })
})

test.for(directions)('notes: %s', async direction => {
  const sides = await givenSides(direction)
  const { writer, other, ann, db } = sides
  const { token } = ann
  const started = await start(writer, ann)
  const path = `/api/notes/${started.consultation}`
  const write = (call: Call, body: string) =>
    call('POST', path, { token, body: { body, transcriptId: started.transcript } })
  const first = await write(writer, 'first')
  const second = await write(other, 'second')
  expect([first.status, second.status]).toEqual([201, 201])
  expect((await sameOf(sides, path, ann)).body).toMatchObject({
    count: 2,
    notes: [{ body: 'second' }, { body: 'first' }]
  })
  await sameOf(sides, `/api/consultation/${started.consultation}`, ann)

  // Each changes and deletes what the other has written.
  for (const [call, added, left] of [
    [other, first, 1],
    [writer, second, 0]
  ] as const) {
    const own = `/api/notes/${field(added, 'note', '_id')}`
    expect(await call('PATCH', own, { token, body: { body: 'changed' } })).toMatchObject({ status: 200 })
    expect((await sameOf(sides, path, ann)).text).toContain('"body":"changed"')
    expect(await call('DELETE', own, { token })).toMatchObject({ status: 200 })
    expect((await sameOf(sides, path, ann)).body).toMatchObject({ count: left })
    // A reference that the legacy leaves behind is none that is read.
    expect((await sameOf(sides, `/api/consultation/${started.consultation}`, ann)).body).toMatchObject({
      consultation: { notes: { length: left } }
    })
  }
  expect(await db.collection('notes').countDocuments()).toBe(0)
})

test.for(directions)('prompts: %s', async direction => {
  const sides = await givenSides(direction)
  const { writer, other, ann, bob, db } = sides
  const { token } = ann
  const started = await start(other, ann)
  const made = await writer('POST', '/api/prompts/', { token, body: { prompt_name: 'n', prompt_text: 't' } })
  const path = `/api/prompts/${field(made, 'data', '_id')}`
  await sameOf(sides, '/api/prompts/', ann)

  const change = (call: Call, body: object) => call('PATCH', path, { token, body })
  expect((await change(other, { prompt_text: 'T', is_shareable: true })).status).toBe(200)
  expect((await sameOf(sides, '/api/prompts/', bob)).body).toMatchObject({
    prompts: [{ prompt_text: 'T', is_shareable: true }]
  })
  expect((await change(writer, { prompt_name: 'N' })).status).toBe(200)
  expect((await sameOf(sides, '/api/prompts/', ann)).body).toMatchObject({
    prompts: [{ prompt_name: 'N', prompt_text: 'T' }]
  })

  const link = await other('PATCH', `${path}/add-prompt/${started.transcript}`, { token })
  expect(link.status).toBe(200)
  expect((await sameOf(sides, `/api/consultation/${started.consultation}`, ann)).body).toMatchObject({
    consultation: { transcript: { prompt_used: { prompt_name: 'N' } } }
  })
  expect((await other('DELETE', path, { token })).status).toBe(200)
  expect((await change(writer, {})).status).toBe(404)
  expect((await sameOf(sides, '/api/prompts/', ann)).body).toEqual({ prompts: [] })
  expect(await db.collection('prompts').countDocuments({ is_deleted: true })).toBe(1)
})

const PATIENT = { name: 'P', age: 42, weight: 70.5, visits: 3e9, allergies: ['nuts', { since: null }], smokes: false }

/** One of everything, changed as far as it can be, by somebody new. */
async function story(call: Call): Promise<{ email: string; token: string; clinician: ObjectId }> {
  const user = { username: 'Ann', email: `${randomUUID()}@example.org`, password: 'a long password', role: 'clinician' }
  await call('POST', '/users/register', { body: user })
  const token = field(await call('POST', '/users/login', { body: user }), 'token')
  const someone = { id: '', username: '', email: user.email, token }
  const { consultation, transcript } = await start(call, someone, PATIENT)
  const path = `/api/notes/${consultation}`
  const note = await call('POST', path, { token, body: { body: 'n', transcriptId: transcript } })
  await call('POST', path, { token, body: { body: 'n', transcriptId: transcript } })
  await call('PATCH', `/api/notes/${field(note, 'note', '_id')}`, { token, body: { body: 'm' } })
  const prompt = await call('POST', '/api/prompts', { token, body: { prompt_name: 'n', prompt_text: 't' } })
  await call('PATCH', `/api/prompts/${field(prompt, 'data', '_id')}`, { token, body: { is_shareable: true } })
  await call('PATCH', `/api/prompts/${field(prompt, 'data', '_id')}/add-prompt/${transcript}`, { token })
  await call('POST', '/api/transcript/update-text', {
    token,
    body: { transcript_id: transcript, transcript_text: 's' }
  })
  const body = { prompt_used: field(prompt, 'data', '_id') }
  const ended = await call('POST', `/api/consultation/${consultation}/end`, { token, body })
  expect(ended.status).toBe(200)
  await call('POST', '/users/logout', { token })
  return { email: user.email, token, clinician: new ObjectId(field(ended, 'transcript', 'clinician')) }
}

/** The fields in their order, each with the BSON type of its value. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (value instanceof Date) return 'Date'
  if (typeof value !== 'object' || value === null) return typeof value === 'object' ? 'null' : typeof value
  if ('_bsontype' in value) return value['_bsontype']
  return Object.entries(value).map(([name, each]) => [name, shapeOf(each)])
}

/** The shapes of what a story has left. */
async function shapesOf(db: Db, { email, token, clinician }: Awaited<ReturnType<typeof story>>) {
  const find = async (collection: string, filter: Document) => {
    // When the entry is no longer needed is not for the legacy to know.
    const options = { promoteValues: false, projection: { expiresAt: 0 } }
    return (await db.collection(collection).find(filter, options).sort({ _id: 1 }).toArray()).map(shapeOf)
  }
  return {
    users: await find('users', { email }),
    consultations: await find('consultations', { clinician }),
    transcripts: await find('transcripts', { clinician }),
    notes: await find('notes', { clinician }),
    prompts: await find('prompts', { clinician }),
    blacktokens: await find('blacktokens', { blackToken: token })
  }
}

test('what both store of the same requests is of one shape: fields, their order, BSON types', async () => {
  const clinic = await givenClinic({ bcryptCost: 8 })
  const legacy = await givenLegacy(clinic)
  const theirs = await shapesOf(clinic.db, await story(legacy))
  expect(await shapesOf(clinic.db, await story(clinic.call))).toEqual(theirs)
  expect(Object.values(theirs).map(list => list.length)).toEqual([1, 1, 1, 2, 1, 1])
  expect(theirs.transcripts[0]).toContainEqual(['__v', 'Int32'])
})
