import { type Db, ObjectId } from 'mongodb'
import { expect, onTestFinished } from 'vitest'
import type { PlatformOptions } from '../../../services/index.ts'
import { startLegacy } from '../../support/legacy.ts'
import { type OpenAiStub, startOpenAiStub } from '../../support/openai-stub.ts'
import { type Answer, caller, givenUser, JWT_SECRET, type Native, type Person, startNative } from './support.ts'

export interface Clinic extends Native {
  readonly openai: OpenAiStub
  readonly ann: Person
  readonly bob: Person
}

/** The native services with an OpenAI of their own, and two clinicians. */
export async function givenClinic(options: Partial<PlatformOptions> = {}): Promise<Clinic> {
  const openai = await startOpenAiStub()
  onTestFinished(() => openai.close())
  const native = await startNative({ openai: { baseUrl: openai.url, apiKey: 'a key', maxRetries: 0 }, ...options })
  return { ...native, openai, ann: await givenUser(native.db), bob: await givenUser(native.db) }
}

/** The stand-in for the legacy backend beside it, on the same database and OpenAI. */
export async function givenLegacy({ uri, openai }: Clinic): Promise<Native['call']> {
  const legacy = await startLegacy({ mongodbUri: uri, jwtSecret: JWT_SECRET, env: { OPENAI_BASE_URL: openai.url } })
  onTestFinished(() => legacy.stop())
  return caller(legacy.url)
}

export interface Started {
  readonly consultation: string
  readonly transcript: string
}

export async function start(
  call: Native['call'],
  { token }: Person,
  patient: unknown = { name: 'P' }
): Promise<Started> {
  const answer = await call('POST', '/api/consultation/start', { token, body: { patient_data: patient } })
  expect(answer).toMatchObject({ status: 200, body: { msg: 'Consultation started' } })
  const { consultation, transcript } = Object(answer.body).data
  return { consultation: idOf(consultation), transcript: idOf(transcript) }
}

/** As the legacy creates one. */
export async function givenPrompt(db: Db, clinician: Person, fields: object = {}): Promise<string> {
  const { insertedId } = await db.collection('prompts').insertOne({
    prompt_name: 'brief',
    prompt_text: 'Be brief.',
    is_shareable: false,
    is_deleted: false,
    clinician: new ObjectId(clinician.id),
    transcript_ids: [],
    created_at: new Date(),
    __v: 0,
    ...fields
  })
  return insertedId.toHexString()
}

export async function addNote(call: Native['call'], { token }: Person, of: Started, body = 'a note'): Promise<string> {
  const path = `/api/notes/${of.consultation}`
  const answer = await call('POST', path, { token, body: { body, transcriptId: of.transcript } })
  expect(answer.status).toBe(201)
  return idOf(Object(answer.body).note)
}

export function idOf(document: unknown): string {
  const { _id: id } = Object(document)
  return String(id)
}

/** What both sides must have in common to the last byte. */
export function essence({ status, headers, text }: Answer) {
  return { status, type: headers['content-type'], etag: headers['etag'], text }
}
