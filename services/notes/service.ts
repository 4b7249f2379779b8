import type { ConsultationRepository } from '../consultations/repository.ts'
import { newId } from '../platform/documents.ts'
import type { Slice } from '../platform/slices.ts'
import type { Transactions } from '../platform/transactions.ts'
import { cliniciansOf } from '../users/clinicians.ts'
import type { UserRepository } from '../users/repository.ts'
import type { NoteRepository } from './repository.ts'
import type { ExpandedNote, NewNote, Note } from './schema.ts'

/** Consultations and notes of others are as if they did not exist, but for a note's own author check. */
export interface NoteService {
  /** Whether the caller may write notes on this consultation: it is theirs. */
  isOwnConsultation(caller: string, consultationId: string): Promise<boolean>
  /** The notes of the caller's consultation, newest first, whoever wrote them; none for any other consultation. */
  list(caller: string, consultationId: string): Promise<ExpandedNote[]>
  /** A part of the same list. Undefined when the consultation is not the caller's. */
  page(caller: string, consultationId: string, slice: Slice): Promise<ExpandedNote[] | undefined>
  /** A note of the caller's own. */
  read(caller: string, noteId: string): Promise<Note | undefined>
  /** With its author. */
  expand(note: Note): Promise<ExpandedNote>
  /** As `add`, on the transcript that the consultation has. */
  write(caller: string, consultationId: string, body: string): Promise<Note | undefined>
  /** Undefined when the consultation is not the caller's. */
  add(caller: string, consultationId: string, note: NewNote): Promise<Note | undefined>
  access(caller: string, noteId: string): Promise<Access>
  /** Changes the text, if there is one. Undefined when the caller has no such note (any more). */
  change(caller: string, noteId: string, body: string | undefined): Promise<Note | undefined>
  remove(caller: string, noteId: string): Promise<Access>
}

export type Access = 'granted' | 'missing' | 'denied'

interface Dependencies {
  readonly notes: NoteRepository
  readonly consultations: Pick<ConsultationRepository, 'find' | 'clinicianOf' | 'addNote' | 'removeNote'>
  readonly users: Pick<UserRepository, 'byId'>
  readonly transactions: Transactions
}

export function noteService({ notes, consultations, users, transactions }: Dependencies): NoteService {
  const isOwnConsultation = async (caller: string, id: string) => (await consultations.clinicianOf(id)) === caller

  async function expanded(list: readonly Note[]): Promise<ExpandedNote[]> {
    const authors = await cliniciansOf(
      users,
      list.map(({ clinician }) => clinician)
    )
    return list.map(note => ({ ...note, clinician: authors.get(note.clinician) ?? null }))
  }

  async function add(caller: string, consultationId: string, { body, transcriptId }: NewNote) {
    const id = newId()
    const consultation = consultationId.toLowerCase()
    const fields = { clinician: caller, transcript: transcriptId.toLowerCase(), consultation, body }
    const created_at = new Date()
    return transactions.run(async transaction => {
      // The reference first: until the note is there too it names nothing, which every reader drops, and a client
      // that was told nothing writes the note again. The other way round the note would stand in the list and be
      // missing from its consultation, and the second try would double it.
      if (!(await consultations.addNote(caller, consultation, id, transaction))) return undefined
      await notes.add({ _id: id, ...fields, created_at }, transaction)
      // The id in the middle, where Mongoose has it in the answer to a creation.
      return { ...fields, _id: id, created_at }
    }, consultation)
  }

  return {
    isOwnConsultation,

    async read(caller, noteId) {
      const note = await notes.find(noteId)
      return note?.clinician === caller ? note : undefined
    },

    async expand(note) {
      const authors = await cliniciansOf(users, [note.clinician])
      return { ...note, clinician: authors.get(note.clinician) ?? null }
    },

    async write(caller, consultationId, body) {
      const consultation = await consultations.find(consultationId)
      if (consultation?.clinician !== caller || !consultation.transcript) return undefined
      return add(caller, consultationId, { body, transcriptId: consultation.transcript })
    },

    async list(caller, consultationId) {
      // Both at once, for the round trip: the notes go nowhere when the consultation turns out to be another's.
      const [own, list] = await Promise.all([
        isOwnConsultation(caller, consultationId),
        notes.ofConsultation(consultationId)
      ])
      return own ? expanded(list) : []
    },

    async page(caller, consultationId, slice) {
      if (!(await isOwnConsultation(caller, consultationId))) return undefined
      return expanded(await notes.sliceOfConsultation(consultationId, slice))
    },

    add,

    access: async (caller, noteId) => accessTo(await notes.find(noteId), caller),

    change: (caller, noteId, body) => notes.change(caller, noteId, body),

    async remove(caller, noteId) {
      const note = await notes.find(noteId)
      const access = accessTo(note, caller)
      if (note === undefined || access !== 'granted') return access
      const { _id: id, consultation } = note
      await transactions.run(async transaction => {
        // The note first: what is then left of it is a reference that names nothing, which every reader drops. The
        // other way round a reader could find it in the list and not in its consultation.
        await notes.remove(id, transaction)
        await consultations.removeNote(consultation, id, transaction)
      }, consultation)
      return access
    }
  }
}

function accessTo(note: Note | undefined, caller: string): Access {
  if (note === undefined) return 'missing'
  return note.clinician === caller ? 'granted' : 'denied'
}
