import { afterEach, describe, expect, test } from 'vitest'
import { ai } from './ai.ts'
import { authentication } from './authentication.ts'
import { consultations } from './consultations.ts'
import { consultationsEnd } from './consultations-end.ts'
import { type ContractOptions, contract } from './context.ts'
import { crossCutting } from './cross-cutting.ts'
import { intendedDifferences } from './intended-differences.ts'
import { notes } from './notes.ts'
import { prompts } from './prompts.ts'
import { transcription } from './transcription.ts'
import { transcriptionTokens } from './transcription-tokens.ts'
import { transcripts } from './transcripts.ts'
import { users } from './users.ts'

const parts = {
  authentication,
  users,
  consultations,
  'consultations: end': consultationsEnd,
  transcripts,
  notes,
  prompts,
  ai
}

/** The contract, as tests of whatever answers at `baseUrl`. */
export function contractSuite(options: ContractOptions): void {
  const context = contract(options)
  const { openai, nhs, seen } = context

  afterEach(() => {
    openai().behave()
    nhs().token.behave()
    nhs().search.behave()
  })

  describe('cross-cutting', () => {
    crossCutting(context)
  })
  describe.each(Object.entries(parts))('%s', (_name, part) => {
    part(context)
  })
  describe('transcription', () => {
    transcription({ baseUrl: options.baseUrl, openai, token: () => context.token() })
    transcriptionTokens(context)
  })

  test('every intended difference was looked at', () => {
    expect([...seen].sort()).toEqual(intendedDifferences.map(({ id }) => id).sort())
  })
}
