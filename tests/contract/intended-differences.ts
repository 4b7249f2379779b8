import { aiDifferences } from './differences/ai.ts'
import { consultationDifferences } from './differences/consultations.ts'
import { bodyDifferences, sessionDifferences, transcriptionDifferences } from './differences/cross-cutting.ts'
import type { IntendedDifference } from './differences/difference.ts'
import { noteDifferences } from './differences/notes.ts'
import { promptDifferences } from './differences/prompts.ts'
import { transcriptDifferences } from './differences/transcripts.ts'
import { userDifferences } from './differences/users.ts'

export { IntendedDifference, type Outcome, RULES } from './differences/difference.ts'

/** Everything in which native answers otherwise than the legacy. What is not listed here and differs is a defect. */
export const intendedDifferences: readonly IntendedDifference[] = [
  ...sessionDifferences,
  ...bodyDifferences,
  ...userDifferences,
  ...consultationDifferences,
  ...transcriptDifferences,
  ...noteDifferences,
  ...promptDifferences,
  ...aiDifferences,
  ...transcriptionDifferences
]
