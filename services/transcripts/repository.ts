import type { Db, IndexDescription, ObjectId, WithId } from 'mongodb'
import { batchLoader } from '../platform/batch-loader.ts'
import { byId, objectId, plain } from '../platform/documents.ts'
import { parseObjectId } from '../platform/object-id.ts'
import type { Transaction } from '../platform/transactions.ts'
import type { Transcript } from './schema.ts'

interface TranscriptDocument {
  clinician: ObjectId
  consultation: ObjectId
  transcript_text: string
  created_at: Date
  /** Mongoose's version key. */
  __v: number
  summary?: string
  updated_at?: Date
  prompt_used?: ObjectId | null
}

export interface NewTranscript {
  readonly _id: string
  readonly clinician: string
  readonly consultation: string
  readonly created_at: Date
}

/** Ids are texts; a malformed one names nothing. Look-ups at the same time share a round trip. */
export interface TranscriptRepository {
  find(id: string): Promise<Transcript | undefined>
  /** The clinician's transcript of a consultation. */
  ofConsultation(clinician: string, consultationId: string): Promise<Transcript | undefined>
  /** By id, those that there are, in a round trip of its own. */
  withIds(ids: readonly string[]): Promise<ReadonlyMap<string, Transcript>>
  /** An empty transcript. */
  add(transcript: NewTranscript, transaction?: Transaction): Promise<Transcript>
  /** Undefined when the clinician has no such transcript; so for all below. */
  setText(clinician: string, id: string, text: string): Promise<Transcript | undefined>
  /** Sets `updated_at` too. */
  setSummary(
    clinician: string,
    id: string,
    summary: string,
    updatedAt: Date,
    transaction?: Transaction
  ): Promise<Transcript | undefined>
  linkPrompt(clinician: string, id: string, promptId: string): Promise<Transcript | undefined>
}

export const TRANSCRIPTS = 'transcripts'
export const TRANSCRIPT_INDEXES: readonly IndexDescription[] = [{ key: { consultation: 1 } }]

/** One reply holds whatever fits its 16 MB, so that a batch needs no second command. */
const BATCH_SIZE = 10_000

export function transcriptRepository(db: Db): TranscriptRepository {
  const transcripts = db.collection<TranscriptDocument>(TRANSCRIPTS)

  const loadAll = async (ids: readonly string[]): Promise<ReadonlyMap<string, Transcript>> => {
    const found = await transcripts.find({ _id: { $in: ids.map(objectId) } }, { batchSize: BATCH_SIZE }).toArray()
    return byId(found.map(toTranscript))
  }
  const load = batchLoader(loadAll)

  const loadOfConsultation = batchLoader<string, Transcript[]>(async ids => {
    const found = await transcripts
      .find({ consultation: { $in: ids.map(objectId) } }, { batchSize: BATCH_SIZE })
      .toArray()
    return Map.groupBy(found.map(toTranscript), ({ consultation }) => consultation)
  })

  async function find(id: string): Promise<Transcript | undefined> {
    const key = parseObjectId(id)?.toHexString()
    return key === undefined ? undefined : load(key)
  }

  async function change(
    clinician: string,
    id: string,
    fields: Partial<TranscriptDocument>,
    transaction: Transaction = {}
  ): Promise<Transcript | undefined> {
    const own = parseObjectId(id)
    if (own === undefined) return undefined
    const filter = { _id: own, clinician: objectId(clinician) }
    const changed = await transcripts.findOneAndUpdate(
      filter,
      { $set: fields },
      { ...transaction, returnDocument: 'after' }
    )
    return changed === null ? undefined : toTranscript(changed)
  }

  return {
    find,

    async ofConsultation(clinician, consultationId) {
      const key = parseObjectId(consultationId)?.toHexString()
      const found = key === undefined ? undefined : await loadOfConsultation(key)
      return found?.find(transcript => transcript.clinician === clinician)
    },

    // A list is a batch by itself: several in one command would only keep each other waiting.
    async withIds(texts) {
      const ids = new Set(texts.flatMap(text => parseObjectId(text)?.toHexString() ?? []))
      return ids.size === 0 ? new Map() : loadAll([...ids])
    },

    async add({ _id, clinician, consultation, created_at }, transaction) {
      const owners = { clinician: objectId(clinician), consultation: objectId(consultation) }
      const rest = { created_at, __v: 0 }
      await transcripts.insertOne({ _id: objectId(_id), ...owners, transcript_text: '', ...rest }, transaction)
      // The id in the middle, where Mongoose has it in the answer to a creation.
      return { clinician, consultation, transcript_text: '', _id, ...rest }
    },

    setText: (clinician, id, text) => change(clinician, id, { transcript_text: text }),

    setSummary: (clinician, id, summary, updatedAt, transaction) =>
      change(clinician, id, { summary, updated_at: updatedAt }, transaction),

    linkPrompt: (clinician, id, promptId) => change(clinician, id, { prompt_used: objectId(promptId) })
  }
}

/** A text that is missing is empty, as Mongoose has it. */
function toTranscript(document: WithId<TranscriptDocument>): Transcript {
  const transcript = plain(document)
  transcript.transcript_text ??= ''
  return transcript
}
