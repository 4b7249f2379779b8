import { describe, expect, test } from 'vitest'
import { ai } from './ai.ts'
import { authentication } from './authentication.ts'
import { consultations } from './consultations.ts'
import { type Contract, type ContractOptions, contract } from './context.ts'
import { crossCutting } from './cross-cutting.ts'
import { notes } from './notes.ts'
import { prompts } from './prompts.ts'
import { transcripts } from './transcripts.ts'
import { users } from './users.ts'

const parts: Readonly<Record<string, (context: Contract) => void>> = {
  root,
  'cross-cutting': crossCutting,
  authentication,
  users,
  consultations,
  transcripts,
  notes,
  prompts,
  ai
}

/** The HTTP contract, whole, as tests of whatever answers at `baseUrl`. The WebSocket has `transcription.test.ts`. */
export function contractSuite(options: ContractOptions): void {
  const context = contract(options)
  describe.each(Object.entries(parts))('%s', (_name, part) => part(context))
}

function root({ call }: Contract): void {
  test('GET / welcomes', async () => {
    const answer = await call('GET', '/')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ msg: 'welcome to the server' })
  })
}
