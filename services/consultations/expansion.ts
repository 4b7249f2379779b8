import type { NoteRepository } from '../notes/repository.ts'
import type { NoteText } from '../notes/schema.ts'
import type { PromptRepository } from '../prompts/repository.ts'
import type { UsedPrompt } from '../prompts/schema.ts'
import type { TranscriptRepository } from '../transcripts/repository.ts'
import type { Transcript } from '../transcripts/schema.ts'
import { cliniciansOf } from '../users/clinicians.ts'
import type { UserRepository } from '../users/repository.ts'
import type { Clinician } from '../users/schema.ts'
import type { Consultation, ExpandedConsultation, ListedConsultation } from './schema.ts'

/**
 * Puts what consultations refer to in place of its id: null when it is no more; a note that is no more is left out.
 * Every field keeps its place in the stored order.
 */
export interface Expansion {
  /** Two steps and three round trips, however long the list; one more where ids name notes that are no more. */
  expandAll(list: readonly Consultation[]): Promise<ListedConsultation[]>
  /** The transcript's prompt too, for a round trip more in the second step. */
  expand(consultation: Consultation): Promise<ExpandedConsultation>
}

interface Dependencies {
  readonly notes: Pick<NoteRepository, 'textsOf'>
  readonly transcripts: Pick<TranscriptRepository, 'find' | 'withIds'>
  readonly prompts: Pick<PromptRepository, 'namesOf'>
  readonly users: Pick<UserRepository, 'byId'>
}

type ById<T> = ReadonlyMap<string, T>

export function consultationExpansion({ notes, transcripts, prompts, users }: Dependencies): Expansion {
  function authorsOf(list: readonly Consultation[], texts: ById<NoteText>): Promise<ById<Clinician>> {
    const authors = new Set<string>()
    for (const { clinician, notes: ids } of list) {
      authors.add(clinician)
      for (const id of ids) {
        const note = texts.get(id)
        if (note !== undefined) authors.add(note.clinician)
      }
    }
    return cliniciansOf(users, authors)
  }

  return {
    async expandAll(list) {
      const [texts, transcriptsById] = await Promise.all([
        notes.textsOf(list),
        transcripts.withIds(list.flatMap(({ transcript }) => transcript ?? []))
      ])
      const authors = await authorsOf(list, texts)
      return list.map(consultation => expanded(consultation, texts, authors, id => transcriptsById.get(id)))
    },

    async expand(consultation) {
      const [texts, transcript] = await Promise.all([
        notes.textsOf([consultation]),
        consultation.transcript ? transcripts.find(consultation.transcript) : undefined
      ])
      const [authors, names] = await Promise.all([
        authorsOf([consultation], texts),
        prompts.namesOf(transcript?.prompt_used ? [transcript.prompt_used] : [])
      ])
      return expanded(consultation, texts, authors, () => transcript && withPrompt(transcript, names))
    }
  }
}

function expanded<T>(
  consultation: Consultation,
  texts: ById<NoteText>,
  authors: ById<Clinician>,
  transcriptOf: (id: string) => T | undefined
) {
  const { transcript, ...rest } = consultation
  const fields = {
    clinician: authors.get(consultation.clinician) ?? null,
    notes: consultation.notes
      .flatMap(id => texts.get(id) ?? [])
      .map(note => ({ ...note, clinician: authors.get(note.clinician) ?? null }))
  }
  return transcript === undefined
    ? { ...rest, ...fields }
    : { ...consultation, ...fields, transcript: transcript === null ? null : (transcriptOf(transcript) ?? null) }
}

function withPrompt(transcript: Transcript, names: ById<UsedPrompt>) {
  const { prompt_used, ...rest } = transcript
  if (prompt_used === undefined) return rest
  return { ...transcript, prompt_used: prompt_used === null ? null : (names.get(prompt_used) ?? null) }
}
