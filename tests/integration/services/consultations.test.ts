import { type CommandStartedEvent, ObjectId } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { connectDatabase } from '../../../services/index.ts'
import { addNote, essence, givenClinic, givenLegacy, givenPrompt, idOf, start } from './clinic.ts'
import { freshUri, givenConsultation, randomId } from './support.ts'

const START = '/api/consultation/start'
const MISSING = { status: 404, text: '{"msg":"Consultation not found or invalid"}' }
const INVALID = { status: 422, body: { error: 'validation' } }
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

/** In the order in which they are stored. */
function types(fields: readonly [string, unknown][]): unknown[] {
  return fields.map(([name, value]) => [name, value?.constructor.name])
}

describe('POST /api/consultation/start', () => {
  it('stores a consultation and its empty transcript, each with the other’s id', async () => {
    const { call, db, ann } = await givenClinic()
    const patient = { name: 'P', age: 70.5, allergies: ['nuts', null, {}], gp: null, 'a.b': { $gt: '' } }
    const answer = await call('POST', START, {
      token: ann.token,
      body: { patient_data: patient, clinician: randomId() }
    })
    const { consultation, transcript } = Object(answer.body).data
    expect(answer).toMatchObject({ status: 200, body: { msg: 'Consultation started' } })
    const clinician = ann.id
    expect(consultation).toEqual({
      _id: idOf(consultation),
      clinician,
      patient,
      notes: [],
      status: 'active',
      started_at: TIME,
      __v: 0,
      transcript: idOf(transcript)
    })
    expect(transcript).toEqual({
      _id: idOf(transcript),
      clinician,
      consultation: idOf(consultation),
      transcript_text: '',
      created_at: TIME,
      __v: 0
    })
    const owner = new ObjectId(clinician)
    const [consultationId, transcriptId] = [new ObjectId(idOf(consultation)), new ObjectId(idOf(transcript))]
    expect(await db.collection('consultations').find().toArray()).toEqual([
      {
        ...consultation,
        _id: consultationId,
        clinician: owner,
        started_at: new Date(consultation.started_at),
        transcript: transcriptId
      }
    ])
    expect(await db.collection('transcripts').find().toArray()).toEqual([
      {
        ...transcript,
        _id: transcriptId,
        clinician: owner,
        consultation: consultationId,
        created_at: new Date(transcript.created_at)
      }
    ])
  })

  it('keeps of a patient what the legacy keeps, to the byte but for ids and times', async () => {
    const clinic = await givenClinic()
    const { call, db, ann } = clinic
    const backends = [await givenLegacy(clinic), call]
    const nested = {
      name: 'P',
      empty: {},
      deep: { empty: { empty: {} }, kept: 1 },
      list: [{}, { empty: {} }, null, [[]]]
    }
    for (const patient_data of [nested, {}, { only: { empty: {} } }, [], null, '', 'a text', 0, false]) {
      const texts: string[] = []
      for (const backend of backends) {
        const { text } = await backend('POST', START, { token: ann.token, body: { patient_data } })
        texts.push(text.replaceAll(/[0-9a-f]{24}|\d{4}-[^"]+Z/g, '…'))
      }
      expect(texts[1]).toBe(texts[0])
      const stored = (await db.collection('consultations').find().toArray()).slice(-2)
      const [theirs = [], ours = []] = stored.map(document => Object.entries(document))
      expect(types(ours)).toEqual(types(theirs))
      expect(stored[0]?.['patient']).toEqual(stored[1]?.['patient'])
    }
  })

  it('starts one without a patient, and refuses a body that is none', async () => {
    const { call, db, ann } = await givenClinic()
    const answer = await call('POST', START, { token: ann.token, body: {} })
    expect(answer.status).toBe(200)
    expect(Object(answer.body).data.consultation).not.toHaveProperty('patient')
    const plain = { token: ann.token, body: 'patient_data=x', headers: { 'content-type': 'text/plain' } }
    expect(await call('POST', START, plain)).toMatchObject(INVALID)
    expect(await call('POST', START, { body: {} })).toMatchObject({ status: 401 })
    expect(await db.collection('consultations').countDocuments()).toBe(1)
  })
})

/** Consultations in every state that a database of the legacy's may have, and who may see them. */
async function givenHistory() {
  const clinic = await givenClinic()
  const { call, db, ann, bob } = clinic
  const legacy = await givenLegacy(clinic)
  const consultations = db.collection('consultations')
  const ended = await start(call, ann)
  await addNote(call, ann, ended, 'first')
  await addNote(legacy, ann, ended, 'second')
  const prompt = await givenPrompt(db, bob, { is_shareable: true, is_deleted: true })
  await call('POST', `/api/consultation/${ended.consultation}/end`, {
    token: ann.token,
    body: { prompt_used: await givenPrompt(db, ann) }
  })
  const used = { $set: { prompt_used: new ObjectId(prompt) } }
  await db.collection('transcripts').updateOne({ _id: new ObjectId(ended.transcript) }, used)
  const theirs = await start(legacy, ann, { name: 'Q' })
  await addNote(call, ann, theirs)

  // Of another's hand, of nobody's any more, and one that is no more itself.
  const note = (clinician: string, body: string) => ({
    _id: new ObjectId(),
    clinician: new ObjectId(clinician),
    transcript: new ObjectId(theirs.transcript),
    consultation: new ObjectId(theirs.consultation),
    body,
    created_at: new Date(0)
  })
  const strangers = [note(bob.id, 'by another'), note(randomId(), 'by nobody')]
  await db.collection('notes').insertMany(strangers)
  await consultations.updateOne(
    { _id: new ObjectId(theirs.consultation) },
    { $push: { notes: { $each: [...strangers.map(({ _id: id }) => id), new ObjectId()] } } as object }
  )
  await db
    .collection('transcripts')
    .updateOne({ _id: new ObjectId(theirs.transcript) }, { $set: { prompt_used: new ObjectId() } })

  // The transcript is no more, was never there, is null; its prompt is null; and fields of a summary.
  const bare = await givenConsultation(db, ann.id)
  const without = await givenConsultation(db, ann.id)
  await consultations.updateOne({ _id: new ObjectId(without) }, { $unset: { transcript: 1 } })
  const none = await givenConsultation(db, ann.id)
  await consultations.updateOne({ _id: new ObjectId(none) }, { $set: { transcript: null, ended_at: null } })
  const summarised = await start(call, ann)
  await db
    .collection('transcripts')
    .updateOne({ _id: new ObjectId(summarised.transcript) }, { $set: { prompt_used: null } })
  await consultations.updateOne(
    { _id: new ObjectId(summarised.consultation) },
    { $set: { soapSummary: 'S', lastSummarizedAt: new Date() } }
  )
  await start(call, bob)
  const own = [ended.consultation, theirs.consultation, bare, without, none, summarised.consultation]
  return { ...clinic, legacy, own }
}

describe('GET /api/consultation', () => {
  it('lists and shows consultations as the legacy does, to the byte', async () => {
    const { call, legacy, own, ann } = await givenHistory()
    for (const path of ['/api/consultation/', '/api/consultation', ...own.map(id => `/api/consultation/${id}`)]) {
      const [theirs, ours] = [await legacy('GET', path, ann), await call('GET', path, ann)]
      expect(theirs.status).toBe(200)
      expect(essence(ours)).toEqual(essence(theirs))
    }
  })

  it('puts whoever and whatever is referred to in place of the ids', async () => {
    const { call, own, ann, bob } = await givenHistory()
    const { body } = await call('GET', `/api/consultation/${own[0]}`, ann)
    const clinician = { _id: ann.id, username: ann.username, email: ann.email }
    const prompt_used = { _id: expect.any(String), prompt_name: 'brief', prompt_text: 'Be brief.' }
    expect(body).toMatchObject({
      consultation: {
        _id: own[0],
        status: 'ended',
        clinician,
        notes: [
          { _id: expect.any(String), body: 'first', clinician },
          { _id: expect.any(String), body: 'second', clinician }
        ],
        transcript: { consultation: own[0], clinician: ann.id, prompt_used }
      }
    })
    const list = Object((await call('GET', '/api/consultation/', ann)).body).consultations
    expect(list.map(idOf)).toEqual(own.toReversed())
    expect(list.at(-1).transcript.prompt_used).toEqual(expect.stringMatching(/^[0-9a-f]{24}$/))
    expect(
      list.at(-2).notes.map((note: { body: string; clinician: unknown }) => [note.body, idOf(note.clinician)])
    ).toEqual([
      ['a note', ann.id],
      ['by another', bob.id],
      ['by nobody', 'undefined']
    ])
  })

  it('shows and lists nothing of another’s', async () => {
    const { call, ann, bob } = await givenClinic()
    const { consultation } = await start(call, ann)
    for (const id of [consultation, randomId(), 'x', 'start']) {
      expect(await call('GET', `/api/consultation/${id}`, bob)).toMatchObject(MISSING)
    }
    expect(await call('GET', '/api/consultation/', bob)).toMatchObject({ status: 200, text: '{"consultations":[]}' })
    expect((await call('GET', '/api/consultation/', {})).status).toBe(401)
  })

  it('costs as many commands for a long list as for a short one', async () => {
    const database = await connectDatabase(`${await freshUri()}&monitorCommands=true`)
    const { call, db, ann } = await givenClinic({ database })
    const commands: string[] = []
    const count = async () => {
      commands.length = 0
      expect((await call('GET', '/api/consultation/', ann)).status).toBe(200)
      return commands.toSorted()
    }
    for (let notes = 0; notes < 2; notes++) {
      const started = await start(call, ann)
      await addNote(call, ann, started)
    }
    db.client.on('commandStarted', ({ commandName, command }: CommandStartedEvent) => {
      commands.push(`${commandName} ${String(command[commandName])}`)
    })
    const short = await count()
    for (let times = 0; times < 20; times++) await addNote(call, ann, await start(call, ann))
    expect(short.filter(name => name !== 'find blacktokens')).toEqual([
      'find consultations',
      'find notes',
      'find transcripts',
      'find users'
    ])
    expect((await count()).filter(name => name !== 'find blacktokens')).toEqual(
      short.filter(name => name !== 'find blacktokens')
    )
  })
})
