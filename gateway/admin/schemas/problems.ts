import { type Static, Type } from '@sinclair/typebox'
import { FieldChangeSchema } from '../../audit/entry.ts'
import { OneOf, RevisionNumber } from './parts.ts'

export const PROBLEM_CODES = [
  'bad-request',
  'unauthenticated',
  'forbidden',
  'unknown',
  'not-acceptable',
  'stale',
  'refused',
  'too-large',
  'unsupported-media-type',
  'invalid',
  'precondition-required',
  'too-many-attempts',
  'internal',
  'unavailable'
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

export const ConfigProblemSchema = Type.Object({
  line: Type.Integer({ minimum: 1 }),
  column: Type.Integer({ minimum: 1, description: 'In UTF-16 code units.' }),
  path: Type.String({ description: 'A JSON pointer; / is the whole document.' }),
  found: Type.String(),
  expected: Type.String(),
  message: Type.String({ description: 'All of it as one sentence.' })
})

const problem = (code: ProblemCode) => ({
  error: Type.Literal(code),
  message: Type.String({ description: 'What is wrong, where, and what would be right.' })
})

/** Every answer of a status from 400 on, without what some add. */
export const ProblemSchema = Type.Object({
  error: OneOf(PROBLEM_CODES, 'What kind of problem it is; does not change.'),
  message: Type.String({ description: 'What is wrong, where, and what would be right.' })
})
export type Problem = Static<typeof ProblemSchema>

export const StaleSchema = Type.Object({
  ...problem('stale'),
  current: RevisionNumber,
  changes: Type.Array(FieldChangeSchema, { description: 'Since the revision of If-Match, as far as it is kept.' })
})
export type Stale = Static<typeof StaleSchema>

export const RefusedSchema = Type.Object(problem('refused'))

export const InvalidSchema = Type.Object({ ...problem('invalid'), problems: Type.Array(ConfigProblemSchema) })
export type Invalid = Static<typeof InvalidSchema>
