import type { NoteRepository } from '../notes/repository.ts'
import { newId } from '../platform/documents.ts'
import type { OpenAi } from '../platform/openai.ts'
import type { Slice } from '../platform/slices.ts'
import type { Transactions } from '../platform/transactions.ts'
import type { PromptRepository } from '../prompts/repository.ts'
import type { TranscriptRepository } from '../transcripts/repository.ts'
import type { Transcript } from '../transcripts/schema.ts'
import type { UserRepository } from '../users/repository.ts'
import { consultationExpansion } from './expansion.ts'
import { minimized } from './minimized.ts'
import type { ConsultationRepository } from './repository.ts'
import type { Consultation, ExpandedConsultation, ListedConsultation } from './schema.ts'
import { type Summary, summarise } from './summary.ts'

/** Consultations of others are as if they did not exist. */
export interface ConsultationService {
  /** @param patient whatever JSON the frontend keeps of the patient */
  start(caller: string, patient: unknown): Promise<Started>
  /** What a consultation lacks that is to be ended. */
  missingToEnd(caller: string, id: string): Promise<'no-consultation' | 'no-transcript' | undefined>
  /**
   * Has the transcript summarised as the prompt asks, own or shareable, and stores the summary. Ending again makes and
   * stores another.
   *
   * @throws the signal's reason when it aborts before anything is written
   */
  end(caller: string, id: string, promptId: string, signal?: AbortSignal): Promise<Ended>
  read(caller: string, id: string): Promise<ExpandedConsultation | undefined>
  /** All of the caller's, newest first. */
  list(caller: string): Promise<ListedConsultation[]>
  /** A part of the same list. */
  page(caller: string, slice: Slice): Promise<ListedConsultation[]>
}

export interface Started {
  readonly consultation: Consultation
  readonly transcript: Transcript
}

export type Ended =
  | ({ readonly outcome: 'ended'; readonly transcript: Transcript } & Summary)
  | { readonly outcome: 'no-consultation' | 'no-transcript' | 'no-prompt' }

interface Dependencies {
  readonly consultations: ConsultationRepository
  readonly transcripts: Pick<TranscriptRepository, 'find' | 'withIds' | 'add' | 'setSummary'>
  readonly notes: Pick<NoteRepository, 'textsOf'>
  readonly prompts: Pick<PromptRepository, 'readable' | 'namesOf'>
  readonly users: Pick<UserRepository, 'byId'>
  readonly openai: OpenAi
  readonly transactions: Transactions
}

export function consultationService(dependencies: Dependencies): ConsultationService {
  const { consultations, transcripts, prompts, openai, transactions } = dependencies
  const expansion = consultationExpansion(dependencies)

  async function own(caller: string, id: string): Promise<Consultation | undefined> {
    const consultation = await consultations.find(id)
    return consultation?.clinician === caller ? consultation : undefined
  }

  async function ownTranscript(caller: string, { transcript: id }: Consultation): Promise<Transcript | undefined> {
    const transcript = id ? await transcripts.find(id) : undefined
    return transcript?.clinician === caller ? transcript : undefined
  }

  return {
    async start(caller, patient) {
      const [consultationId, transcriptId, now] = [newId(), newId(), new Date()]
      const transcript = { _id: transcriptId, clinician: caller, consultation: consultationId, created_at: now }
      const consultation = { _id: consultationId, clinician: caller, transcript: transcriptId, started_at: now }
      return transactions.run(async transaction => {
        // The transcript first: nobody is ever told of one whose consultation is not there, whereas a consultation
        // without its transcript would stand in the list and could not be ended.
        const added = await transcripts.add(transcript, transaction)
        const started = { ...consultation, patient: minimized(patient) }
        return { consultation: await consultations.add(started, transaction), transcript: added }
      })
    },

    async missingToEnd(caller, id) {
      const consultation = await own(caller, id)
      if (consultation === undefined) return 'no-consultation'
      return (await ownTranscript(caller, consultation)) === undefined ? 'no-transcript' : undefined
    },

    async end(caller, id, promptId, signal) {
      const consultation = await own(caller, id)
      if (consultation === undefined) return { outcome: 'no-consultation' }
      const [transcript, prompt] = await Promise.all([
        ownTranscript(caller, consultation),
        prompts.readable(caller, promptId)
      ])
      if (transcript === undefined) return { outcome: 'no-transcript' }
      if (prompt === undefined) return { outcome: 'no-prompt' }
      const { summary, highlights } = await summarise(
        openai,
        prompt.prompt_text ?? '',
        transcript.transcript_text,
        signal
      )
      const { _id: consultationId } = consultation
      const { _id: transcriptId } = transcript
      const now = new Date()
      return transactions.run(async transaction => {
        // The summary first: a consultation that has ended has one, and until then the request can be repeated.
        const summarised = await transcripts.setSummary(caller, transcriptId, summary, now, transaction)
        if (summarised === undefined) return { outcome: 'no-transcript' }
        if (!(await consultations.end(caller, id, now, transaction))) return { outcome: 'no-consultation' }
        return { outcome: 'ended', transcript: summarised, summary, highlights }
      }, consultationId)
    },

    async read(caller, id) {
      const consultation = await own(caller, id)
      return consultation && expansion.expand(consultation)
    },

    list: async caller => expansion.expandAll(await consultations.ofClinician(caller)),

    page: async (caller, slice) => expansion.expandAll(await consultations.sliceOfClinician(caller, slice))
  }
}
