import { writeFile } from 'node:fs/promises'
import jwt from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'

const CLINICIANS = 50
const CONSULTATIONS = 1_000
const NOTES_EACH = 5
const PROMPTS_EACH = 4
const MINUTE_MS = 60_000
const BODY = 'Seen today. Symptoms eased since the last visit; plan unchanged, review in four weeks. '.repeat(3)
const TRANSCRIPT = 'Good morning, how have you been since we last met? Better, thank you. '.repeat(20)

/** A request by somebody who may ask it. */
export interface ReadRequest {
  readonly path: string
  readonly token: string
}

/** One route that reads, with requests of it that differ. */
export interface ReadRoute {
  /** Of the routing configuration. */
  readonly id: string
  readonly requests: readonly ReadRequest[]
}

/**
 * Fills the database, 50 clinicians, 1,000 consultations of theirs with a transcript and 5 notes each, 4 prompts a
 * clinician of which one is shared, and says what can be read of it.
 */
export async function fillClinic(db: Db, jwtSecret: string): Promise<ReadRoute[]> {
  const users = Array.from({ length: CLINICIANS }, (_, index) => ({
    _id: new ObjectId(),
    username: `Clinician ${index}`,
    email: `clinician.${index}@bench.example`,
    password: '',
    role: 'clinician',
    prompts: [],
    notes: [],
    transcripts: [],
    createdAt: new Date(),
    __v: 0
  }))
  const clinicians = users.map(({ _id }) => _id)
  const prompts = clinicians.flatMap((clinician, seconds) =>
    Array.from({ length: PROMPTS_EACH }, (_, index) => ({
      _id: new ObjectId(),
      prompt_name: `Prompt ${index}`,
      prompt_text: 'Summarise the consultation as a SOAP note.',
      is_shareable: index === 0,
      is_deleted: false,
      clinician,
      transcript_ids: [],
      // Each at a moment of its own: neither side says how it orders those of one.
      created_at: new Date(Date.now() - index * MINUTE_MS - seconds * 1000),
      __v: 0
    }))
  )
  const shared = prompts.filter(({ is_shareable }) => is_shareable).map(({ _id }) => _id)
  const consultations = Array.from({ length: CONSULTATIONS }, (_, index) => ({
    _id: new ObjectId(),
    clinician: clinicians[index % CLINICIANS],
    transcript: new ObjectId(),
    patient: { name: `Patient ${index}` },
    notes: Array.from({ length: NOTES_EACH }, () => new ObjectId()),
    started_at: new Date(Date.now() - index * MINUTE_MS),
    status: 'active',
    __v: 0
  }))
  const transcripts = consultations.map(({ _id: consultation, clinician, transcript }, index) => ({
    _id: transcript,
    clinician,
    consultation,
    transcript_text: TRANSCRIPT,
    prompt_used: shared[index % CLINICIANS],
    created_at: new Date(),
    __v: 0
  }))
  const notes = consultations.flatMap(({ _id: consultation, clinician, transcript, notes: ids }) =>
    ids.map((_id, age) => ({
      _id,
      clinician,
      transcript,
      consultation,
      body: BODY,
      created_at: new Date(Date.now() - age * MINUTE_MS)
    }))
  )
  for (const [name, documents] of Object.entries({ users, prompts, consultations, transcripts, notes })) {
    await db.collection<object>(name).insertMany(documents)
  }

  const tokens = users.map(({ _id, username }) =>
    jwt.sign({ userID: _id.toHexString(), author: username }, jwtSecret, { expiresIn: '1h' })
  )
  const byEach = (path: (index: number) => string) => tokens.map((token, index) => ({ path: path(index), token }))
  const ofEach = (path: (consultation: string) => string) =>
    consultations.map(({ _id }, index) => ({ path: path(_id.toHexString()), token: tokens[index % CLINICIANS] ?? '' }))
  return [
    // First: memory is compared for this one, and what was read before would stay in it.
    { id: 'notes.list', requests: ofEach(id => `/api/notes/${id}`) },
    { id: 'users.check-email', requests: byEach(index => `/users/checkEmail?email=clinician.${index}@bench.example`) },
    { id: 'users.profile', requests: byEach(() => '/users/profile') },
    { id: 'consultations.list', requests: byEach(() => '/api/consultation/') },
    { id: 'consultations.get', requests: ofEach(id => `/api/consultation/${id}`) },
    { id: 'transcripts.get', requests: ofEach(id => `/api/transcript/${id}`) },
    { id: 'prompts.list', requests: byEach(() => '/api/prompts/') },
    {
      id: 'ai.clinical-codes',
      requests: byEach(index => `/api/ai/search/clinicalcodes?name=asthma%20${index}`)
    }
  ]
}

/** As `lua/requests.lua` reads them. */
export async function writeRequests(file: string, requests: readonly ReadRequest[]): Promise<void> {
  await writeFile(file, requests.map(({ path, token }) => `${path} ${token}\n`).join(''))
}
