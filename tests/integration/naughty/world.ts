import { hash } from '@node-rs/bcrypt'
import { type Db, ObjectId } from 'mongodb'
import mongoose from 'mongoose'
import { expect, onTestFinished } from 'vitest'
import type { PlatformOptions } from '../../../services/index.ts'
import * as models from '../../support/legacy/models.ts'
import { NHS_CREDENTIALS, startNhsStub } from '../../support/nhs-stub.ts'
import { startOpenAiStub } from '../../support/openai-stub.ts'
import { givenUser, type Native, type Person, startNative } from '../services/support.ts'

export interface World extends Native {
  readonly person: Person
  readonly consultation: string
  readonly transcript: string
  readonly note: string
  readonly prompt: string
}

const ENOUGH = 1e9

/** Of the clinician. */
export const PASSWORD = 'a long password'

/** Native services with a clinician who has one of everything, and nothing that limits how often they may try. */
export async function givenWorld(more: Partial<PlatformOptions> = {}): Promise<World> {
  const [openai, nhs] = await Promise.all([startOpenAiStub(), startNhsStub()])
  onTestFinished(async () => void (await Promise.all([openai.close(), nhs.close()])))
  const options: Partial<PlatformOptions> = {
    loginLimits: {
      perAccountAndAddress: ENOUGH,
      perAccount: ENOUGH,
      perAddress: ENOUGH,
      registrationsPerAddress: ENOUGH
    },
    openai: { baseUrl: openai.url, apiKey: 'stub' },
    terminology: { baseUrl: nhs.url, ...NHS_CREDENTIALS },
    ...more
  }
  const native = await startNative(options)
  return { ...native, ...(await givenClinic(native.db)) }
}

async function givenClinic(db: Db) {
  const person = await givenUser(db)
  await db.collection('users').updateOne({}, { $set: { password: await hash(PASSWORD, { cost: 4 }) } })
  const [consultation, transcript, note, prompt] = [new ObjectId(), new ObjectId(), new ObjectId(), new ObjectId()]
  const clinician = new ObjectId(person.id)
  const created_at = new Date('2026-01-02T03:04:05.678Z')
  await db.collection('consultations').insertOne({
    _id: consultation,
    clinician,
    patient: { name: 'P' },
    transcript,
    notes: [note],
    status: 'active',
    started_at: created_at,
    __v: 0
  })
  await db
    .collection('transcripts')
    .insertOne({ _id: transcript, clinician, consultation, transcript_text: 'Good morning.', created_at, __v: 0 })
  await db.collection('notes').insertOne({ _id: note, clinician, transcript, consultation, body: 'x', created_at })
  await db.collection('prompts').insertOne({
    _id: prompt,
    prompt_name: 'SOAP',
    prompt_text: 'Summarise.',
    is_shareable: false,
    is_deleted: false,
    clinician,
    transcript_ids: [],
    created_at,
    __v: 0
  })
  return {
    person,
    consultation: consultation.toHexString(),
    transcript: transcript.toHexString(),
    note: note.toHexString(),
    prompt: prompt.toHexString()
  }
}

/** Everything that is stored. */
export async function contentOf(db: Db): Promise<unknown> {
  const names = Object.values(models).map(({ collection }) => collection.name)
  const contents = await Promise.all(
    names.map(async name => [
      name,
      await db
        .collection(name)
        .find({}, { sort: { _id: 1 } })
        .toArray()
    ])
  )
  return Object.fromEntries(contents)
}

/** Reads every document with the legacy's models, and has them judge it. */
export async function expectReadableByLegacy({ db, uri }: World): Promise<void> {
  const connection = await mongoose.createConnection(uri).asPromise()
  try {
    for (const { modelName, schema, collection } of Object.values(models)) {
      const documents = await connection.model(modelName, schema, collection.name).find()
      expect(documents).toHaveLength(await db.collection(collection.name).countDocuments())
      for (const document of documents) expect(document.validateSync()).toBeUndefined()
    }
  } finally {
    await connection.close()
  }
}
