import type { ConsultationRepository } from '../consultations/repository.ts'
import type { OpenAi } from '../platform/openai.ts'
import type { ClinicalCode, Terminology } from '../platform/terminology.ts'
import type { PromptRepository } from '../prompts/repository.ts'
import type { TranscriptRepository } from '../transcripts/repository.ts'
import { imageUrl } from './images.ts'
import { DEFAULT_IMAGE_PROMPT, IMAGE_INSTRUCTION, SEARCH_INSTRUCTION, SOAP_INSTRUCTION } from './instructions.ts'
import type { Analysis } from './schema.ts'

/**
 * What OpenAI and the NHS terminology server answer for clinicians. Every method gives up when its signal aborts.
 * Consultations of others are as if they did not exist.
 */
export interface AiService {
  /** @throws OpenAiFailure */
  search(query: string, signal?: AbortSignal): Promise<string>
  /** All matches, best first; none for a blank name. @throws TerminologyFailure */
  clinicalCodes(name: string, signal?: AbortSignal): Promise<readonly ClinicalCode[]>
  /**
   * Summarises the consultation's transcript, and stores the summary. `promptId` is of a prompt to use, own or
   * shareable; without one, or with any other, a plain instruction is used.
   *
   * @throws OpenAiFailure, and nothing is stored
   */
  summarise(
    caller: string,
    consultationId: string,
    promptId: string | undefined,
    signal?: AbortSignal
  ): Promise<Summarised>
  /** Markdown. @throws OpenAiFailure */
  analyse(analysis: Analysis, signal?: AbortSignal): Promise<string>
}

export type Summarised =
  | { readonly outcome: 'summarised'; readonly soapSummary: string }
  | { readonly outcome: 'no-consultation' }
  | { readonly outcome: 'no-transcript' }

interface Dependencies {
  readonly openai: OpenAi
  readonly terminology: Terminology
  readonly consultations: Pick<ConsultationRepository, 'find' | 'storeSoapSummary'>
  readonly transcripts: Pick<TranscriptRepository, 'find'>
  readonly prompts: Pick<PromptRepository, 'readable'>
}

export function aiService({ openai, terminology, consultations, transcripts, prompts }: Dependencies): AiService {
  return {
    search: (query, signal) => openai.complete({ system: SEARCH_INSTRUCTION, user: query }, signal),

    clinicalCodes: async (name, signal) => (name.trim() === '' ? [] : terminology.search(name, signal)),

    async summarise(caller, consultationId, promptId, signal) {
      const consultation = await consultations.find(consultationId)
      if (consultation?.clinician !== caller) return { outcome: 'no-consultation' }
      const [transcript, prompt] = await Promise.all([
        consultation.transcript ? transcripts.find(consultation.transcript) : undefined,
        promptId === undefined ? undefined : prompts.readable(caller, promptId)
      ])
      if (transcript === undefined) return { outcome: 'no-transcript' }
      const system = prompt?.prompt_text ?? SOAP_INSTRUCTION
      const soapSummary = await openai.complete({ system, user: transcript.transcript_text }, signal)
      const stored = await consultations.storeSoapSummary(caller, consultationId, soapSummary)
      return stored ? { outcome: 'summarised', soapSummary } : { outcome: 'no-consultation' }
    },

    analyse({ prompt, images = [] }, signal) {
      const urls = images.map(imageUrl).filter(url => url !== undefined)
      const user = [
        { type: 'text' as const, text: prompt ?? DEFAULT_IMAGE_PROMPT },
        ...urls.map(url => ({ type: 'image_url' as const, image_url: { url } }))
      ]
      return openai.complete({ system: IMAGE_INSTRUCTION, user }, signal)
    }
  }
}
