import mongoose, { Schema } from 'mongoose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { givenUser, randomId, signedToken, startNative } from './support.ts'

const ref = { type: Schema.Types.ObjectId }

/** The legacy's models of what these services write. */
async function givenMongoose(uri: string) {
  const connection = await mongoose.createConnection(uri).asPromise()
  onTestFinished(() => connection.close())
  const User = connection.model(
    'User',
    new Schema({
      username: { type: String, required: true, trim: true },
      email: { type: String, required: true, unique: true, lowercase: true },
      password: { type: String, required: true },
      role: { type: String, enum: ['patient', 'clinician'], required: true },
      prompts: [ref],
      notes: [ref],
      transcripts: [ref],
      createdAt: { type: Date, default: Date.now }
    })
  )
  const Consultation = connection.model(
    'Consultation',
    new Schema({ clinician: { ...ref, ref: 'User' }, notes: [{ ...ref, ref: 'Note' }], status: String })
  )
  const Note = connection.model(
    'Note',
    new Schema(
      {
        clinician: { ...ref, ref: 'User', required: true },
        transcript: { ...ref, required: true },
        consultation: { ...ref, ref: 'Consultation', required: true },
        body: { type: String, required: true },
        created_at: { type: Date, default: Date.now },
        updated_at: Date
      },
      { versionKey: false }
    )
  )
  return { User, Consultation, Note }
}

describe('one database, two drivers', () => {
  it('users that we write are Mongoose’s to read, change and delete', async () => {
    const { call, uri } = await startNative()
    const { User } = await givenMongoose(uri)
    const account = { username: 'Ann', email: 'ann@example.org', password: 'a long password', role: 'clinician' }
    await call('POST', '/users/register', { body: account })

    const user = await User.findOne({ email: 'Ann@example.org' }).orFail()
    expect(user.toJSON()).toMatchObject({
      username: 'Ann',
      role: 'clinician',
      __v: 0,
      prompts: [],
      notes: [],
      transcripts: []
    })
    user.notes.push(new mongoose.Types.ObjectId())
    user.username = 'Ann B'
    await user.save()
    expect((await User.findById(user.id))?.get('__v')).toBe(1)
    const token = signedToken({ userID: user.id })
    expect(await call('GET', '/users/profile', { token })).toMatchObject({ body: { data: { name: 'Ann B' } } })
    await user.deleteOne()
    expect((await call('GET', '/users/profile', { token })).status).toBe(404)
  })

  it('users that Mongoose writes are ours to read', async () => {
    const { call, uri } = await startNative()
    const { User } = await givenMongoose(uri)
    const user = await User.create({ username: ' Ann ', email: 'Ann@Example.org', password: 'x', role: 'patient' })
    expect(await call('GET', '/users/checkEmail?email=ANN@example.org')).toMatchObject({ body: { available: false } })
    expect(await call('GET', '/users/profile', { token: signedToken({ userID: user.id }) })).toMatchObject({
      status: 200,
      body: {
        data: { name: 'Ann', email: 'ann@example.org', role: 'patient', createdAt: user.createdAt.toISOString() }
      }
    })
  })

  it('notes that we write are Mongoose’s to read, populate, change and delete', async () => {
    const { call, db, uri } = await startNative()
    const { Consultation, Note } = await givenMongoose(uri)
    const ann = await givenUser(db)
    const consultation = await Consultation.create({ clinician: ann.id, notes: [], status: 'active' })
    const path = `/api/notes/${consultation.id}`
    await call('POST', path, { token: ann.token, body: { body: 'ours', transcriptId: randomId() } })

    const populated = await Consultation.findById(consultation.id).populate('notes').orFail()
    expect(populated.notes).toHaveLength(1)
    const note = await Note.findOne({ consultation: consultation.id }).populate('clinician', 'username email').orFail()
    expect(note.toJSON()).toMatchObject({ body: 'ours', clinician: { username: ann.username, email: ann.email } })
    expect(note.toJSON()).not.toHaveProperty('__v')
    note.body = 'theirs'
    await note.save()
    expect(await call('GET', path, { token: ann.token })).toMatchObject({
      body: { count: 1, notes: [{ body: 'theirs' }] }
    })
    await note.deleteOne()
    expect(await call('GET', path, { token: ann.token })).toMatchObject({ body: { count: 0 } })
  })

  it('notes that Mongoose writes are ours to read, change and delete', async () => {
    const { call, db, uri } = await startNative()
    const { Consultation, Note } = await givenMongoose(uri)
    const ann = await givenUser(db)
    const consultation = await Consultation.create({ clinician: ann.id, notes: [], status: 'active' })
    const fields = { clinician: ann.id, transcript: randomId(), consultation: consultation.id, body: 'theirs' }
    const note = await Note.create(fields)
    consultation.notes.push(note.id)
    await consultation.save()

    const { token } = ann
    const listed = await call('GET', `/api/notes/${consultation.id}`, { token })
    const found = await Note.find({ consultation: consultation.id }).populate('clinician', 'username email')
    expect(listed.body).toEqual({ count: 1, notes: JSON.parse(JSON.stringify(found)) })
    await call('PATCH', `/api/notes/${note.id}`, { token, body: { body: 'ours' } })
    const changed = await Note.findById(note.id).orFail()
    expect(changed.body).toBe('ours')
    expect(changed.updated_at).toBeInstanceOf(Date)
    await call('DELETE', `/api/notes/${note.id}`, { token })
    expect(await Note.countDocuments()).toBe(0)
    expect((await Consultation.findById(consultation.id).orFail()).notes).toHaveLength(0)
  })

  it('drops the reference of a note that was never written, as its readers do', async () => {
    const { db, uri } = await startNative()
    const { Consultation } = await givenMongoose(uri)
    const { id } = await givenUser(db)
    const { id: consultation } = await Consultation.create({ clinician: id, notes: [randomId()], status: 'active' })
    expect((await Consultation.findById(consultation).populate('notes').orFail()).notes).toHaveLength(0)
  })
})
