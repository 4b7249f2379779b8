import type { Db, IndexDescription, ObjectId, UpdateFilter, WithId } from 'mongodb'
import { batchLoader } from '../platform/batch-loader.ts'
import { byId, objectId, plain } from '../platform/documents.ts'
import { parseObjectId } from '../platform/object-id.ts'
import { type Slice, sliceStages } from '../platform/slices.ts'
import type { Transaction } from '../platform/transactions.ts'
import type { Consultation } from './schema.ts'

interface ConsultationDocument {
  clinician: ObjectId
  patient?: unknown
  notes: ObjectId[]
  status: Consultation['status']
  started_at: Date
  /** Mongoose's version key. */
  __v: number
  transcript?: ObjectId | null
  ended_at?: Date | null
  soapSummary?: string
  lastSummarizedAt?: Date
}

export interface NewConsultation {
  readonly _id: string
  readonly clinician: string
  /** Stored as it is; left out when undefined. */
  readonly patient: unknown
  readonly transcript: string
  readonly started_at: Date
}

/** Ids are texts; a malformed one names nothing. Look-ups at the same time share a round trip. */
export interface ConsultationRepository {
  find(id: string): Promise<Consultation | undefined>
  /** Whose consultation it is. */
  clinicianOf(id: string): Promise<string | undefined>
  /** All of the clinician's, newest first. */
  ofClinician(clinician: string): Promise<readonly Consultation[]>
  /** A part of the same list. */
  sliceOfClinician(clinician: string, slice: Slice): Promise<readonly Consultation[]>
  /** An active consultation without notes. */
  add(consultation: NewConsultation, transaction?: Transaction): Promise<Consultation>
  /** False when the clinician has no such consultation; so for all below. */
  end(clinician: string, id: string, endedAt: Date, transaction?: Transaction): Promise<boolean>
  addNote(clinician: string, id: string, noteId: string, transaction?: Transaction): Promise<boolean>
  storeSoapSummary(clinician: string, id: string, soapSummary: string): Promise<boolean>
  /** Whoever's consultation it is. */
  removeNote(id: string, noteId: string, transaction?: Transaction): Promise<void>
}

export const CONSULTATIONS = 'consultations'
export const CONSULTATION_INDEXES: readonly IndexDescription[] = [{ key: { clinician: 1, started_at: -1, _id: -1 } }]

/** One reply holds whatever fits its 16 MB, so that a batch needs no second command. */
const BATCH_SIZE = 10_000

export function consultationRepository(db: Db): ConsultationRepository {
  const consultations = db.collection<ConsultationDocument>(CONSULTATIONS)

  const load = batchLoader<string, Consultation>(async ids => {
    const found = await consultations.find({ _id: { $in: ids.map(objectId) } }, { batchSize: BATCH_SIZE }).toArray()
    return byId(found.map(toConsultation))
  })

  const loadClinician = batchLoader<string, string>(async ids => {
    const found = await consultations
      .find({ _id: { $in: ids.map(objectId) } }, { projection: { clinician: 1 }, batchSize: BATCH_SIZE })
      .toArray()
    return new Map(found.map(({ _id, clinician }) => [_id.toHexString(), clinician.toHexString()]))
  })

  // Ordered here: a sort costs the database a quarter of the look-up, and all of the list is read anyway.
  const loadOfClinician = batchLoader<string, Consultation[]>(async clinicians => {
    const found = await consultations
      .find({ clinician: { $in: clinicians.map(objectId) } }, { batchSize: BATCH_SIZE })
      .toArray()
    const newestFirst = found.map(toConsultation).sort((a, b) => startOf(b) - startOf(a))
    return Map.groupBy(newestFirst, ({ clinician }) => clinician)
  })

  async function update(
    clinician: string,
    id: string,
    change: UpdateFilter<ConsultationDocument>,
    transaction?: Transaction
  ): Promise<boolean> {
    const own = parseObjectId(id)
    if (own === undefined) return false
    const filter = { _id: own, clinician: objectId(clinician) }
    const { matchedCount } = await consultations.updateOne(filter, change, transaction)
    return matchedCount === 1
  }

  return {
    async find(id) {
      const key = parseObjectId(id)?.toHexString()
      return key === undefined ? undefined : load(key)
    },

    async clinicianOf(id) {
      const key = parseObjectId(id)?.toHexString()
      return key === undefined ? undefined : loadClinician(key)
    },

    ofClinician: async clinician => (await loadOfClinician(clinician)) ?? [],

    async sliceOfClinician(clinician, slice) {
      const found = await consultations
        .aggregate<WithId<ConsultationDocument>>(sliceStages({ clinician: objectId(clinician) }, 'started_at', slice))
        .toArray()
      return found.map(toConsultation)
    },

    async add({ _id, clinician, patient, transcript, started_at }, transaction) {
      const given = patient === undefined ? {} : { patient }
      const rest = { started_at, __v: 0 }
      await consultations.insertOne(
        {
          _id: objectId(_id),
          clinician: objectId(clinician),
          ...given,
          notes: [],
          status: 'active',
          ...rest,
          transcript: objectId(transcript)
        },
        transaction
      )
      // The id in the middle, where Mongoose has it in the answer to a creation.
      return { clinician, ...given, notes: [], status: 'active', _id, ...rest, transcript }
    },

    end: (clinician, id, endedAt, transaction) =>
      update(clinician, id, { $set: { status: 'ended', ended_at: endedAt } }, transaction),

    addNote: (clinician, id, noteId, transaction) =>
      update(clinician, id, { $push: { notes: objectId(noteId) } }, transaction),

    storeSoapSummary: (clinician, id, soapSummary) =>
      update(clinician, id, { $set: { soapSummary, lastSummarizedAt: new Date() } }),

    async removeNote(id, noteId, transaction) {
      await consultations.updateOne({ _id: objectId(id) }, { $pull: { notes: objectId(noteId) } }, transaction)
    }
  }
}

/** One without a start comes last, as MongoDB orders it. */
function startOf({ started_at }: Partial<Consultation>): number {
  return started_at?.getTime() ?? Number.NEGATIVE_INFINITY
}

/** What is missing is as Mongoose has it. */
function toConsultation(document: WithId<ConsultationDocument>): Consultation {
  const consultation = plain(document)
  consultation.notes ??= []
  consultation.status ??= 'active'
  return consultation
}
