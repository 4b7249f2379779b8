import type { Slice } from '../platform/slices.ts'
import type { TranscriptRepository } from '../transcripts/repository.ts'
import type { Transcript } from '../transcripts/schema.ts'
import type { PromptRepository } from './repository.ts'
import type { NewPrompt, Prompt, PromptChange } from './schema.ts'

/** Own and shareable prompts are read and used; own ones are changed. Any other is as if it did not exist. */
export interface PromptService {
  create(caller: string, prompt: NewPrompt): Promise<Prompt>
  read(caller: string, promptId: string): Promise<Prompt | undefined>
  /** A part of the list. */
  page(caller: string, slice: Slice): Promise<readonly Prompt[]>
  /** Newest first. */
  list(caller: string): Promise<readonly Prompt[]>
  change(caller: string, promptId: string, change: PromptChange): Promise<Prompt | undefined>
  /** Makes it the prompt of the caller's transcript. */
  link(caller: string, promptId: string, transcriptId: string): Promise<Linked>
  /** False when the caller has no such prompt. */
  remove(caller: string, promptId: string): Promise<boolean>
}

export type Linked =
  | { readonly outcome: 'linked'; readonly transcript: Transcript }
  | { readonly outcome: 'no-prompt' }
  | { readonly outcome: 'no-transcript' }

interface Dependencies {
  readonly prompts: PromptRepository
  readonly transcripts: Pick<TranscriptRepository, 'linkPrompt'>
}

export function promptService({ prompts, transcripts }: Dependencies): PromptService {
  return {
    create: (caller, prompt) => prompts.add(caller, prompt),

    read: (caller, promptId) => prompts.readable(caller, promptId),

    page: (caller, slice) => prompts.sliceOfReadable(caller, slice),

    list: caller => prompts.allReadable(caller),

    change: (caller, promptId, change) => prompts.change(caller, promptId, change),

    async link(caller, promptId, transcriptId) {
      if ((await prompts.readable(caller, promptId)) === undefined) return { outcome: 'no-prompt' }
      const transcript = await transcripts.linkPrompt(caller, transcriptId, promptId)
      return transcript === undefined ? { outcome: 'no-transcript' } : { outcome: 'linked', transcript }
    },

    remove: (caller, promptId) => prompts.remove(caller, promptId)
  }
}
