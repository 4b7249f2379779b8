import type { UserRepository } from '../users/repository.ts'
import type { Clinician } from '../users/schema.ts'
import type { NoteRepository } from './repository.ts'
import type { ExpandedNote, NewNote, Note } from './schema.ts'

/** Consultations and notes of others are as if they did not exist, but for a note's own author check. */
export interface NoteService {
  /** Whether the caller may write notes on this consultation: it is theirs. */
  isOwnConsultation(caller: string, consultationId: string): Promise<boolean>
  /** The notes of the caller's consultation, newest first, whoever wrote them; none for any other consultation. */
  list(caller: string, consultationId: string): Promise<ExpandedNote[]>
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
  readonly users: Pick<UserRepository, 'byId'>
}

export function noteService({ notes, users }: Dependencies): NoteService {
  async function authorsOf(list: readonly Note[]): Promise<ReadonlyMap<string, Clinician | null>> {
    const ids = [...new Set(list.map(({ clinician }) => clinician))]
    const authors = await Promise.all(ids.map(id => users.byId(id)))
    return new Map(
      ids.map((id, index) => {
        const author = authors[index]
        return [id, author ? { _id: id, username: author.username, email: author.email } : null]
      })
    )
  }

  return {
    isOwnConsultation: async (caller, consultationId) => (await notes.clinicianOf(consultationId)) === caller,

    async list(caller, consultationId) {
      // Both at once, for the round trip: the notes go nowhere when the consultation turns out to be another's.
      const [owner, list] = await Promise.all([notes.clinicianOf(consultationId), notes.ofConsultation(consultationId)])
      if (owner !== caller) return []
      const authors = await authorsOf(list)
      return list.map(note => ({ ...note, clinician: authors.get(note.clinician) ?? null }))
    },

    add: (caller, consultationId, note) => notes.add(caller, consultationId, note),

    access: async (caller, noteId) => accessTo(await notes.find(noteId), caller),

    change: (caller, noteId, body) => notes.change(caller, noteId, body),

    async remove(caller, noteId) {
      const note = await notes.find(noteId)
      const access = accessTo(note, caller)
      if (note && access === 'granted') await notes.remove(note)
      return access
    }
  }
}

function accessTo(note: Note | undefined, caller: string): Access {
  if (note === undefined) return 'missing'
  return note.clinician === caller ? 'granted' : 'denied'
}
