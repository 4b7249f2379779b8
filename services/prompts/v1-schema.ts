import { type Static, Type } from '@sinclair/typebox'
import { orNull, Timestamp } from '../platform/schema.ts'
import type { Prompt, UsedPrompt } from './schema.ts'

const strict = { additionalProperties: false }

export const V1Prompt = Type.Object(
  {
    id: Type.String(),
    name: orNull(Type.String()),
    text: orNull(Type.String()),
    isShareable: Type.Boolean({ description: 'Others may read and use it.' }),
    clinicianId: Type.String({ description: 'Whose it is: nobody else can change it.' }),
    createdAt: Timestamp,
    updatedAt: orNull(Timestamp)
  },
  { title: 'Prompt' }
)
export type V1Prompt = Static<typeof V1Prompt>

/** A prompt as another document shows it. */
export const V1UsedPrompt = Type.Pick(V1Prompt, ['id', 'name', 'text'], { title: 'UsedPrompt' })
export type V1UsedPrompt = Static<typeof V1UsedPrompt>

export const V1PromptAnswer = Type.Object({ data: V1Prompt })
export const V1PromptParams = Type.Object({ id: Type.String({ description: 'Of the prompt' }) })

const text = Type.String({ minLength: 1 })
export const V1NewPrompt = Type.Object({ name: text, text, isShareable: Type.Optional(Type.Boolean()) }, strict)
export const V1PromptChange = Type.Partial(V1NewPrompt, { ...strict, minProperties: 1 })
export const V1PromptChoice = Type.Object({ promptId: Type.String() }, strict)

export function v1Prompt(prompt: Prompt): V1Prompt {
  const { _id, prompt_name, prompt_text, is_shareable, clinician, created_at, updated_at } = prompt
  return {
    id: _id,
    name: prompt_name,
    text: prompt_text,
    isShareable: is_shareable === true,
    clinicianId: clinician,
    createdAt: created_at,
    updatedAt: updated_at ?? null
  }
}

export function v1UsedPrompt({ _id, prompt_name, prompt_text }: UsedPrompt): V1UsedPrompt {
  return { id: _id, name: prompt_name, text: prompt_text }
}
