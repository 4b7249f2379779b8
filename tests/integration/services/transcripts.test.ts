import { ObjectId } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { essence, givenClinic, givenLegacy, givenPrompt, start } from './clinic.ts'
import { randomId } from './support.ts'

const PATH = '/api/transcript/update-text'
const NONE = { status: 200, text: '{"msg":"Transcript updated","data":null}' }
const INVALID = { status: 422, body: { error: 'validation' } }
const MISSING = { status: 400, text: '{"msg":"Missing data"}' }

async function given() {
  const clinic = await givenClinic()
  const started = await start(clinic.call, clinic.ann)
  const textOf = async () => {
    const found = await clinic.db.collection('transcripts').findOne({ _id: new ObjectId(started.transcript) })
    return found?.['transcript_text']
  }
  return { ...clinic, ...started, textOf }
}

describe('POST /api/transcript/update-text', () => {
  it('replaces the text and nothing else', async () => {
    const { call, ann, db, consultation, transcript } = await given()
    const before = await db.collection('transcripts').findOne({})
    const body = {
      transcript_id: transcript,
      transcript_text: ' what was said \u0000 ',
      summary: 'x',
      clinician: randomId()
    }
    const answer = await call('POST', PATH, { token: ann.token, body })
    expect(answer).toMatchObject({ status: 200, body: { msg: 'Transcript updated' } })
    expect(Object(answer.body).data).toEqual({
      _id: transcript,
      clinician: ann.id,
      consultation,
      transcript_text: ' what was said \u0000 ',
      created_at: expect.stringMatching(/Z$/),
      __v: 0
    })
    expect(await db.collection('transcripts').findOne({})).toEqual({
      ...before,
      transcript_text: ' what was said \u0000 '
    })
  })

  it('answers null for another’s, for none and for a malformed id, and changes nothing', async () => {
    const { call, ann, bob, transcript, textOf } = await given()
    const update = (transcript_id: unknown, { token } = ann) =>
      call('POST', PATH, { token, body: { transcript_id, transcript_text: 'new' } })
    expect(await update(transcript, bob)).toMatchObject(NONE)
    for (const id of [randomId(), 'x', `${transcript}0`, 5, true]) expect(await update(id)).toMatchObject(NONE)
    expect(await textOf()).toBe('')
  })

  it('answers 400 for what is missing before 422 for what is wrong', async () => {
    const { call, ann, transcript, textOf } = await given()
    const update = (body: unknown) => call('POST', PATH, { token: ann.token, body })
    for (const nothing of ['', null, 0, false, undefined]) {
      expect(await update({ transcript_id: transcript, transcript_text: nothing })).toMatchObject(MISSING)
      expect(await update({ transcript_id: nothing, transcript_text: ['x'] })).toMatchObject(MISSING)
    }
    for (const body of [undefined, {}, []]) expect(await update(body)).toMatchObject(MISSING)
    for (const wrong of [{ $gt: '' }, ['x'], {}]) {
      expect(await update({ transcript_id: transcript, transcript_text: wrong })).toMatchObject(INVALID)
      expect(await update({ transcript_id: wrong, transcript_text: 'x' })).toMatchObject(INVALID)
    }
    expect(await textOf()).toBe('')
  })

  it('casts numbers to text, as Mongoose does', async () => {
    const { call, ann, transcript, textOf } = await given()
    await call('POST', PATH, { token: ann.token, body: { transcript_id: transcript, transcript_text: 12.5 } })
    expect(await textOf()).toBe('12.5')
  })
})

describe('GET /api/transcript/:consultation_id', () => {
  it('answers the caller’s transcript', async () => {
    const { call, ann, consultation, transcript } = await given()
    const answer = await call('GET', `/api/transcript/${consultation.toUpperCase()}`, { token: ann.token })
    expect(answer).toMatchObject({ status: 200, body: { _id: transcript, consultation, transcript_text: '' } })
  })

  it('answers null as JSON for another’s, for none and for a malformed id', async () => {
    const { call, ann, bob, consultation } = await given()
    for (const [id, { token }] of [
      [consultation, bob],
      [randomId(), ann],
      ['x', ann],
      ['update-text', ann]
    ] as const) {
      const answer = await call('GET', `/api/transcript/${id}`, { token })
      expect(answer).toMatchObject({ status: 200, text: 'null' })
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    }
  })

  it('answers as the legacy does, to the byte', async () => {
    const clinic = await given()
    const { call, db, ann, consultation, transcript } = clinic
    const legacy = await givenLegacy(clinic)
    const other = await start(legacy, ann)
    const missing = randomId()
    // A document of an older legacy, and one with what later ones add.
    await db.collection('transcripts').insertOne({
      clinician: new ObjectId(ann.id),
      consultation: new ObjectId(missing),
      created_at: new Date(),
      old: 1
    })
    const prompt = new ObjectId(await givenPrompt(db, ann))
    await db
      .collection('transcripts')
      .updateOne(
        { _id: new ObjectId(transcript) },
        { $set: { summary: 's', prompt_used: prompt, updated_at: new Date() } }
      )
    await db
      .collection('transcripts')
      .updateOne({ _id: new ObjectId(other.transcript) }, { $set: { prompt_used: null } })

    for (const id of [consultation, other.consultation, randomId()]) {
      const request = ['GET', `/api/transcript/${id}`, { token: ann.token }] as const
      const [theirs, ours] = [await legacy(...request), await call(...request)]
      expect(essence(ours)).toEqual(essence(theirs))
      const headers = { 'if-none-match': String(theirs.headers['etag']) }
      expect(await call('GET', request[1], { token: ann.token, headers })).toMatchObject({ status: 304, text: '' })
    }
    const old = ['GET', `/api/transcript/${missing}`, { token: ann.token }] as const
    expect((await call(...old)).body).toMatchObject({ transcript_text: '', old: 1 })
    for (const id of [transcript, randomId()]) {
      const body = { transcript_id: id, transcript_text: 'new' }
      const [theirs, ours] = [
        await legacy('POST', PATH, { token: ann.token, body }),
        await call('POST', PATH, { token: ann.token, body })
      ]
      expect(essence(ours)).toEqual(essence(theirs))
    }
  })
})
