import type { Db, Filter, IndexDescription, ObjectId, WithId } from 'mongodb'
import { batchLoader } from '../platform/batch-loader.ts'
import { byId, objectId, plain } from '../platform/documents.ts'
import { parseObjectId } from '../platform/object-id.ts'
import { type Slice, sliceStages } from '../platform/slices.ts'
import type { Transaction } from '../platform/transactions.ts'
import type { Note, NoteText } from './schema.ts'

/** Notes carry no version key of Mongoose's. */
interface NoteDocument {
  clinician: ObjectId
  transcript: ObjectId
  consultation: ObjectId
  body: string
  created_at: Date
  updated_at?: Date
}

/** Ids are texts; a malformed one names nothing. Look-ups at the same time share a round trip. */
export interface NoteRepository {
  /** The consultation's notes, newest first. */
  ofConsultation(consultationId: string): Promise<readonly Note[]>
  /** A part of the same list. */
  sliceOfConsultation(consultationId: string, slice: Slice): Promise<readonly Note[]>
  /** The notes that the lists name, by id, those that there are; possibly among others. */
  textsOf(lists: readonly NoteList[]): Promise<ReadonlyMap<string, NoteText>>
  find(noteId: string): Promise<Note | undefined>
  add(note: Note, transaction?: Transaction): Promise<void>
  /** Sets `updated_at`, and the body if there is one. Undefined when there is no such note of the clinician's. */
  change(clinician: string, noteId: string, body: string | undefined): Promise<Note | undefined>
  remove(noteId: string, transaction?: Transaction): Promise<void>
}

/** A consultation with the ids of its notes. */
export interface NoteList {
  readonly _id: string
  readonly notes: readonly string[]
}

export const NOTES = 'notes'
export const NOTE_INDEXES: readonly IndexDescription[] = [{ key: { consultation: 1, created_at: -1, _id: -1 } }]

/** One reply holds whatever fits its 16 MB, so that a batch needs no second command. */
const BATCH_SIZE = 10_000

export function noteRepository(db: Db): NoteRepository {
  const notes = db.collection<NoteDocument>(NOTES)

  const loadOfConsultation = batchLoader<string, Note[]>(async ids => {
    const found = await notes
      .find({ consultation: { $in: ids.map(objectId) } }, { batchSize: BATCH_SIZE })
      .sort({ consultation: 1, created_at: -1 })
      .toArray()
    return Map.groupBy(
      found.map(document => plain(document)),
      ({ consultation }) => consultation
    )
  })

  const findTexts = async (filter: Filter<NoteDocument>): Promise<Map<string, NoteText>> => {
    const found = await notes.find(filter, { batchSize: BATCH_SIZE }).toArray()
    return byId(
      found.map(document => {
        const { _id, clinician, body } = plain(document)
        return { _id, clinician, body }
      })
    )
  }

  // By consultation rather than by id: that is a fraction of the keys. An id that it does not have is looked for by itself.
  const loadTexts = async (lists: readonly NoteList[]): Promise<ReadonlyMap<string, NoteText>> => {
    const texts = await findTexts({ consultation: { $in: lists.map(({ _id }) => objectId(_id)) } })
    const others = lists.flatMap(({ notes: ids }) => ids.filter(id => !texts.has(id)))
    if (others.length === 0) return texts
    return new Map([...texts, ...(await findTexts({ _id: { $in: others.map(objectId) } }))])
  }

  const loadTextsOfOne = batchLoader<NoteList, ReadonlyMap<string, NoteText>>(async lists => {
    const texts = await loadTexts(lists)
    return new Map(lists.map(list => [list, texts]))
  })

  return {
    async ofConsultation(consultationId) {
      const key = parseObjectId(consultationId)?.toHexString()
      return (key !== undefined && (await loadOfConsultation(key))) || []
    },

    async sliceOfConsultation(consultationId, slice) {
      const consultation = parseObjectId(consultationId)
      if (consultation === undefined) return []
      const found = await notes
        .aggregate<WithId<NoteDocument>>(sliceStages({ consultation }, 'created_at', slice))
        .toArray()
      return found.map(document => plain(document))
    },

    async textsOf(lists) {
      const [first, ...others] = lists.filter(({ notes: ids }) => ids.length > 0)
      if (first === undefined) return new Map()
      // Several are a batch by themselves: with others in one command they would only keep each other waiting.
      return others.length > 0 ? loadTexts([first, ...others]) : ((await loadTextsOfOne(first)) ?? new Map())
    },

    async find(noteId) {
      const id = parseObjectId(noteId)
      const found = id && (await notes.findOne({ _id: id }))
      return found ? plain(found) : undefined
    },

    async add({ _id, clinician, transcript, consultation, ...rest }, transaction) {
      await notes.insertOne(
        {
          _id: objectId(_id),
          clinician: objectId(clinician),
          transcript: objectId(transcript),
          consultation: objectId(consultation),
          ...rest
        },
        transaction
      )
    },

    async change(clinician, noteId, body) {
      const id = parseObjectId(noteId)
      if (id === undefined) return undefined
      const changed = await notes.findOneAndUpdate(
        { _id: id, clinician: objectId(clinician) },
        { $set: { updated_at: new Date(), ...(body !== undefined && { body }) } },
        { returnDocument: 'after' }
      )
      return changed === null ? undefined : plain(changed)
    },

    async remove(noteId, transaction) {
      await notes.deleteOne({ _id: objectId(noteId) }, transaction)
    }
  }
}
