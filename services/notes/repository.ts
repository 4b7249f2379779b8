import { type Db, type IndexDescription, ObjectId, type WithId } from 'mongodb'
import { batchLoader } from '../platform/batch-loader.ts'
import { parseObjectId } from '../platform/object-id.ts'
import type { NewNote, Note } from './schema.ts'

/** Notes carry no version key of Mongoose's. */
interface NoteDocument {
  clinician: ObjectId
  transcript: ObjectId
  consultation: ObjectId
  body: string
  created_at: Date
  updated_at?: Date
}

interface ConsultationDocument {
  clinician: ObjectId
  notes: ObjectId[]
}

/** Ids are texts; a malformed one names nothing. Look-ups by consultation at the same time share a round trip. */
export interface NoteRepository {
  /** Whose consultation it is. */
  clinicianOf(consultationId: string): Promise<string | undefined>
  /** The consultation's notes, newest first. */
  ofConsultation(consultationId: string): Promise<readonly Note[]>
  find(noteId: string): Promise<Note | undefined>
  /** Undefined when the consultation is not the clinician's. */
  add(clinician: string, consultationId: string, note: NewNote): Promise<Note | undefined>
  /** Sets `updated_at`, and the body if there is one. Undefined when there is no such note of the clinician's. */
  change(clinician: string, noteId: string, body: string | undefined): Promise<Note | undefined>
  remove(note: Note): Promise<void>
}

export const NOTES = 'notes'
export const NOTE_INDEXES: readonly IndexDescription[] = [{ key: { consultation: 1, created_at: -1 } }]

/** One reply holds whatever fits its 16 MB, so that a batch needs no second command. */
const BATCH_SIZE = 10_000

export function noteRepository(db: Db): NoteRepository {
  const notes = db.collection<NoteDocument>(NOTES)
  const consultations = db.collection<ConsultationDocument>('consultations')

  const loadClinician = batchLoader<string, string>(async ids => {
    const found = await consultations
      .find({ _id: { $in: ids.map(fromHex) } }, { projection: { clinician: 1 }, batchSize: BATCH_SIZE })
      .toArray()
    return new Map(found.map(({ _id, clinician }) => [_id.toHexString(), clinician.toHexString()]))
  })

  const loadNotes = batchLoader<string, Note[]>(async ids => {
    const found = await notes
      .find({ consultation: { $in: ids.map(fromHex) } }, { batchSize: BATCH_SIZE })
      .sort({ consultation: 1, created_at: -1 })
      .toArray()
    return Map.groupBy(found.map(toNote), ({ consultation }) => consultation)
  })

  return {
    async clinicianOf(consultationId) {
      const id = parseObjectId(consultationId)
      return id && loadClinician(id.toHexString())
    },

    async ofConsultation(consultationId) {
      const id = parseObjectId(consultationId)
      return (id && (await loadNotes(id.toHexString()))) ?? []
    },

    async find(noteId) {
      const id = parseObjectId(noteId)
      const found = id && (await notes.findOne({ _id: id }))
      return found ? toNote(found) : undefined
    },

    async add(clinician, consultationId, { body, transcriptId }) {
      const consultation = parseObjectId(consultationId)
      if (consultation === undefined) return undefined
      const id = new ObjectId()
      const note = {
        _id: id,
        clinician: fromHex(clinician),
        transcript: fromHex(transcriptId),
        consultation,
        body,
        created_at: new Date()
      }
      // The reference first: a crash before the note is there leaves an id that names nothing, which every reader
      // drops, and a client that was told nothing and writes it again. The other way round a note would stand in the
      // list and be missing from the consultation, and the second try would double it.
      const { matchedCount } = await consultations.updateOne(
        { _id: consultation, clinician: note.clinician },
        { $push: { notes: id } }
      )
      if (matchedCount === 0) return undefined
      await notes.insertOne(note)
      return toNote(note)
    },

    async change(clinician, noteId, body) {
      const id = parseObjectId(noteId)
      if (id === undefined) return undefined
      const changed = await notes.findOneAndUpdate(
        { _id: id, clinician: fromHex(clinician) },
        { $set: { updated_at: new Date(), ...(body !== undefined && { body }) } },
        { returnDocument: 'after' }
      )
      return changed === null ? undefined : toNote(changed)
    },

    async remove({ _id, consultation }) {
      const id = fromHex(_id)
      // The reference first: a crash before the note is gone leaves a note that can be deleted again, and then is whole.
      await consultations.updateOne({ _id: fromHex(consultation) }, { $pull: { notes: id } })
      await notes.deleteOne({ _id: id })
    }
  }
}

function fromHex(id: string): ObjectId {
  return ObjectId.createFromHexString(id)
}

function toNote({
  _id,
  clinician,
  transcript,
  consultation,
  body,
  created_at,
  updated_at
}: WithId<NoteDocument>): Note {
  return {
    _id: _id.toHexString(),
    clinician: clinician.toHexString(),
    transcript: transcript.toHexString(),
    consultation: consultation.toHexString(),
    body,
    created_at,
    ...(updated_at !== undefined && { updated_at })
  }
}
