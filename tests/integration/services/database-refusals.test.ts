import { Long } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { connectDatabase } from '../../../services/index.ts'
import { type Command, givenCommandProxy } from '../../support/command-proxy.ts'
import { idOf } from './clinic.ts'
import { freshUri, givenUser, type Native, type Person, startNative } from './support.ts'

/** What a database answers when there is no such document (any more). */
const NOTHING = {
  find: { ok: 1, cursor: { id: Long.ZERO, ns: 'scribe.any', firstBatch: [] } },
  update: { ok: 1, n: 0, nModified: 0 },
  findAndModify: { ok: 1, value: null, lastErrorObject: { n: 0, updatedExisting: false } }
} as const

interface Refusing extends Native {
  readonly ann: Person
  /** From now on commands are answered like this, those for which it answers nothing by the database. */
  readonly answer: (how: Answering | undefined) => void
}

type Answering = (command: Command) => object | undefined

/** The native services over a database without transactions, whose answers the test may give itself. */
async function givenRefusing(): Promise<Refusing> {
  let how: Answering | undefined
  const onCommand = (command: Command) => how?.(command) ?? 'pass'
  const uri = await givenCommandProxy({ uri: await freshUri(), replicaSet: false, onCommand })
  const native = await startNative({ uri })
  return { ...native, ann: await givenUser(native.db), answer: next => void (how = next) }
}

async function givenNote() {
  const refusing = await givenRefusing()
  const { call, ann } = refusing
  const started = await call('POST', '/api/consultation/start', { token: ann.token, body: { patient_data: 'P' } })
  const { consultation, transcript } = Object(started.body).data
  const path = `/api/notes/${idOf(consultation)}`
  const body = { body: 'first', transcriptId: idOf(transcript) }
  const { note } = Object((await call('POST', path, { token: ann.token, body })).body)
  const own = { token: ann.token, body }
  return {
    ...refusing,
    own,
    path,
    note: `/api/notes/${idOf(note)}`,
    consultation: `/api/consultation/${idOf(consultation)}`
  }
}

describe('a database that', () => {
  test.for([
    ['is not the primary', 10_107],
    ['is recovering', 13_436],
    ['shuts down', 91]
  ] as const)('%s makes requests answer 503', async ([, code]) => {
    const { call, ann, answer } = await givenRefusing()
    answer(({ name }) => (name === 'find' ? { ok: 0, code, errmsg: 'words of the database' } : undefined))
    expect(await call('GET', '/users/profile', ann)).toMatchObject({
      status: 503,
      text: '{"msg":"Service unavailable"}'
    })
    expect(await call('GET', '/api/v1/prompts', ann)).toMatchObject({
      status: 503,
      body: { error: { code: 'unavailable', details: [] } }
    })
  })

  test('fails otherwise makes requests answer 500, without a word of its own', async () => {
    const { call, ann, answer } = await givenRefusing()
    const failure = { ok: 0, code: 8000, errmsg: 'words of the database' }
    answer(({ collection }) => (collection === 'prompts' ? failure : undefined))
    expect(await call('GET', '/api/prompts/', ann)).toMatchObject({
      status: 500,
      text: '{"msg":"Internal server error"}'
    })
    const v1 = await call('GET', '/api/v1/prompts', ann)
    expect(v1).toMatchObject({ status: 500, body: { error: { code: 'internal_error', details: [] } } })
    expect(v1.text).not.toContain('words')
  })

  test('refuses a new user makes the registration fail, not the email taken', async () => {
    const { call, answer } = await givenRefusing()
    const user = { username: 'Ann', email: 'ann@example.org', password: 'a long password', role: 'clinician' }
    answer(({ name }) => (name === 'insert' ? { ok: 0, code: 8000, errmsg: 'words of the database' } : undefined))
    expect(await call('POST', '/users/register', { body: user })).toMatchObject({ status: 500 })
    answer(undefined)
    expect(await call('POST', '/users/register', { body: user })).toMatchObject({ status: 200 })
  })
})

test('the database is the one that the URI names, else scribe', async () => {
  const host = 'mongodb://127.0.0.1:9'
  const uris = [host, `${host}/?directConnection=true`, `${host}/clinic%2Bone?directConnection=true`]
  const databases = await Promise.all(uris.map(uri => connectDatabase(uri)))
  expect(databases.map(({ db }) => db.databaseName)).toEqual(['scribe', 'scribe', 'clinic+one'])
  await Promise.all(databases.map(database => database.close()))
})

describe('what goes while a request is about it:', () => {
  test('the consultation of a new note, which is then not written', async () => {
    const { call, answer, db, path, own } = await givenNote()
    answer(({ name, collection }) => (name === 'update' && collection === 'consultations' ? NOTHING.update : undefined))
    expect(await call('POST', path, own)).toMatchObject({ status: 404, body: { msg: 'Consultation not found.' } })
    answer(undefined)
    expect(await db.collection('notes').countDocuments()).toBe(1)
  })

  test('a note that is changed', async () => {
    const { call, answer, note, own } = await givenNote()
    answer(({ name }) => (name === 'findAndModify' ? NOTHING.findAndModify : undefined))
    expect(await call('PATCH', note, own)).toMatchObject({ status: 404, body: { msg: 'Note not found.' } })
  })

  test.each([1, 2])('the transcript of a consultation that ends, gone at its look-up %i', async nth => {
    const { call, answer, db, consultation, ann } = await givenNote()
    let looked = 0
    answer(({ name, collection }) =>
      name === 'find' && collection === 'transcripts' && ++looked >= nth ? NOTHING.find : undefined
    )
    const body = { prompt_used: '65f0c0ffee65f0c0ffee65f0' }
    expect(await call('POST', `${consultation}/end`, { token: ann.token, body })).toMatchObject({
      status: 404,
      body: { msg: 'Transcript not found' }
    })
    expect(looked).toBe(nth)
    answer(undefined)
    expect(await db.collection('consultations').findOne({})).toMatchObject({ status: 'active' })
  })
})
