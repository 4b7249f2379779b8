import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Timestamp } from '../platform/schema.ts'
import { Transcript } from '../transcripts/schema.ts'

/** The legacy lets an update clear a field, so null is stored here and there. */
const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const Prompt = Type.Object({
  _id: Type.String(),
  prompt_name: orNull(Type.String()),
  prompt_text: orNull(Type.String()),
  is_shareable: orNull(Type.Boolean()),
  is_deleted: Type.Boolean(),
  clinician: Type.String(),
  transcript_ids: Type.Array(Type.String()),
  created_at: Timestamp,
  __v: Type.Integer(),
  updated_at: Type.Optional(Timestamp)
})
export type Prompt = Static<typeof Prompt>

/** A prompt as another document's `prompt_used`. */
export const UsedPrompt = Type.Pick(Prompt, ['_id', 'prompt_name', 'prompt_text'])
export type UsedPrompt = Static<typeof UsedPrompt>

export const NewPrompt = Type.Object({
  prompt_name: Type.String({ minLength: 1 }),
  prompt_text: Type.String({ minLength: 1 }),
  is_shareable: Type.Optional(orNull(Type.Boolean()))
})
export type NewPrompt = Static<typeof NewPrompt>

/** What an owner may change; anything else in a body is ignored. */
export const PromptChange = Type.Partial(Type.Pick(Prompt, ['prompt_name', 'prompt_text', 'is_shareable']))
export type PromptChange = Static<typeof PromptChange>

// Any text: a malformed id is a document that does not exist, not invalid input.
export const PromptParams = Type.Object({ promptId: Type.String() })
export const LinkParams = Type.Object({ promptId: Type.String(), transcriptId: Type.String() })

export const PromptList = Type.Object({ prompts: Type.Array(Prompt) })
export const PromptAnswer = Type.Object({ msg: Type.String(), data: Prompt })
export const LinkAnswer = Type.Object({ msg: Type.String(), data: Transcript })
