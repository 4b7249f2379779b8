import { writeFile } from 'node:fs/promises'
import jwt from 'jsonwebtoken'
import { type MongoClient, ObjectId } from 'mongodb'

const CLINICIANS = 50
const CONSULTATIONS = 1_000
const NOTES_EACH = 5
const MINUTE_MS = 60_000
const BODY = 'Seen today. Symptoms eased since the last visit; plan unchanged, review in four weeks. '.repeat(3)

/** A request for the notes of a consultation, by its owner. */
export interface NotesRequest {
  readonly path: string
  readonly token: string
}

/** Fills the database: 50 clinicians, 1,000 consultations of theirs, 5 notes on each. */
export async function fillClinic(client: MongoClient, jwtSecret: string): Promise<NotesRequest[]> {
  const db = client.db()
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
  const tokens = users.map(({ _id, username }) =>
    jwt.sign({ userID: _id.toHexString(), author: username }, jwtSecret, { expiresIn: '1h' })
  )
  const clinicians = users.map(({ _id }) => _id)
  const consultations = Array.from({ length: CONSULTATIONS }, (_, index) => ({
    _id: new ObjectId(),
    clinician: clinicians[index % CLINICIANS],
    transcript: new ObjectId(),
    patient: { name: `Patient ${index}` },
    notes: Array.from({ length: NOTES_EACH }, () => new ObjectId()),
    started_at: new Date(),
    status: 'active',
    __v: 0
  }))
  const notes = consultations.flatMap(({ _id, clinician, transcript, notes: ids }) =>
    ids.map((id, age) => ({
      _id: id,
      clinician,
      transcript,
      consultation: _id,
      body: BODY,
      created_at: new Date(Date.now() - age * MINUTE_MS)
    }))
  )
  await db.collection('users').insertMany(users)
  await db.collection('consultations').insertMany(consultations)
  await db.collection('notes').insertMany(notes)
  return consultations.map(({ _id }, index) => ({
    path: `/api/notes/${_id.toHexString()}`,
    token: tokens[index % CLINICIANS] ?? ''
  }))
}

/** As `lua/requests.lua` reads them. */
export async function writeRequests(file: string, requests: readonly NotesRequest[]): Promise<void> {
  await writeFile(file, requests.map(({ path, token }) => `${path} ${token}\n`).join(''))
}
