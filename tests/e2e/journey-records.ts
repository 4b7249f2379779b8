import { type Db, ObjectId } from 'mongodb'
import { expect } from 'vitest'
import { summaryOf, type Walked } from './journey.ts'

const DATE = expect.any(Date)

/** Holds everything that is stored against what these clinicians have done, and nothing else. */
export async function expectStored(db: Db, walked: readonly Walked[]): Promise<void> {
  const stored = async (collection: string) => sorted(await db.collection(collection).find().toArray())
  expect(await stored('users')).toEqual(sorted(walked.map(userOf)))
  expect(await stored('consultations')).toEqual(sorted(walked.map(consultationOf)))
  expect(await stored('transcripts')).toEqual(sorted(walked.map(transcriptOf)))
  expect(await stored('notes')).toEqual(sorted(walked.flatMap(notesOf)))
  expect(await stored('prompts')).toEqual(sorted(walked.map(promptOf)))
  const tokens = await db.collection('blacktokens').find().toArray()
  expect(tokens.map(({ blackToken }) => String(blackToken)).toSorted()).toEqual(
    walked.map(({ person }) => person.token).toSorted()
  )
}

function userOf({ person: { id, username, email } }: Walked) {
  return {
    _id: new ObjectId(id),
    username,
    email,
    password: expect.stringMatching(/^\$2b\$08\$/),
    role: 'clinician',
    prompts: [],
    notes: [],
    transcripts: [],
    createdAt: DATE,
    __v: 0
  }
}

function consultationOf({ person, patient, consultation, transcript, notes, noteDeletedBy, soapSummary }: Walked) {
  // The legacy leaves the reference of a note that it deletes.
  const referred = noteDeletedBy === 'native' ? notes.slice(0, -1) : notes
  return {
    _id: new ObjectId(consultation),
    clinician: new ObjectId(person.id),
    patient,
    transcript: new ObjectId(transcript),
    notes: referred.map(({ id }) => new ObjectId(id)),
    started_at: DATE,
    ended_at: DATE,
    status: 'ended',
    __v: 0,
    ...(soapSummary !== undefined && { soapSummary, lastSummarizedAt: DATE })
  }
}

function transcriptOf({ person, consultation, transcript, text, prompt }: Walked) {
  return {
    _id: new ObjectId(transcript),
    clinician: new ObjectId(person.id),
    consultation: new ObjectId(consultation),
    transcript_text: text,
    summary: summaryOf(prompt.prompt_text, text),
    prompt_used: new ObjectId(prompt.id),
    created_at: DATE,
    updated_at: DATE,
    __v: 0
  }
}

/** All but the last, which was deleted. */
function notesOf({ person, consultation, transcript, notes }: Walked) {
  return notes.slice(0, -1).map(({ id, body }) => ({
    _id: new ObjectId(id),
    clinician: new ObjectId(person.id),
    transcript: new ObjectId(transcript),
    consultation: new ObjectId(consultation),
    body,
    created_at: DATE
  }))
}

function promptOf({ person, prompt: { id, ...written } }: Walked) {
  return {
    _id: new ObjectId(id),
    ...written,
    is_shareable: true,
    is_deleted: true,
    clinician: new ObjectId(person.id),
    transcript_ids: [],
    created_at: DATE,
    updated_at: DATE,
    __v: 0
  }
}

function sorted<T extends { readonly _id: unknown }>(documents: readonly T[]): T[] {
  const key = ({ _id: id }: T) => String(id)
  return documents.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}
