import type { OpenAi } from '../platform/openai.ts'
import { readHighlights } from './highlights.ts'
import type { Highlight } from './schema.ts'

const NO_SUMMARY = 'Summary not generated'

const CODING_INSTRUCTION = `You are a clinical coding assistant. List the clinically relevant terms of the summary that the
user sends. Answer with a JSON array and nothing else; each element is {"term": string, "possible_snomed": string}, with
the SNOMED CT code that the term may have.`

export interface Summary {
  readonly summary: string
  readonly highlights: readonly Highlight[]
}

/**
 * Two completions: a summary of the text as the instruction asks for it, and the terms in that summary that are worth
 * coding. One that fails or says nothing leaves its part of the result empty.
 *
 * @throws the signal's reason when it aborts, and nothing else
 */
export async function summarise(
  openai: OpenAi,
  instruction: string,
  text: string,
  signal?: AbortSignal
): Promise<Summary> {
  const complete = async (system: string, user: string) => {
    const completion = await openai.complete({ system, user }, signal).catch(() => '')
    signal?.throwIfAborted()
    return completion.trim()
  }
  const summary = (await complete(instruction, text)) || NO_SUMMARY
  return { summary, highlights: readHighlights(await complete(CODING_INSTRUCTION, summary)) }
}
