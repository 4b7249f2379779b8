import type { FieldChange } from '../audit/entry.ts'
import type { ConfigProblem } from '../config/problem.ts'
import { nearestOf } from '../config/schema-check.ts'
import type { ProblemCode } from './schemas.ts'

const STATUSES: Readonly<Record<ProblemCode, number>> = {
  'bad-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  unknown: 404,
  'not-acceptable': 406,
  stale: 409,
  refused: 409,
  'too-large': 413,
  'unsupported-media-type': 415,
  invalid: 422,
  'precondition-required': 428,
  'too-many-attempts': 429,
  internal: 500,
  unavailable: 503
}

/** An answer other than a success. The message is for people: what is wrong, where, and what would be right. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly statusCode: number
  readonly error: ProblemCode
  readonly details: object

  constructor(error: ProblemCode, message: string, details: object = {}) {
    super(message)
    this.error = error
    this.statusCode = STATUSES[error]
    this.details = details
  }

  /** As it is answered. */
  toJSON(): object {
    return { error: this.error, message: this.message, ...this.details }
  }
}

/** Says that there is nothing of that name, and what was perhaps meant. */
export function unknown(what: string, name: string, known: readonly string[]): Problem {
  const nearest = nearestOf(name, known)
  const list = known.length === 0 ? 'there are none' : `known are ${known.join(', ')}`
  const hint = nearest === undefined ? list : `did you mean "${nearest}"?`
  return new Problem('unknown', `there is no ${what} "${name}" (${hint})`)
}

export function stale(expected: number, current: number, changes: readonly FieldChange[]): Problem {
  const message =
    `the change was made for revision ${expected}, and revision ${current} serves: ` +
    'look at what changed, and send it again with the ETag of now in If-Match'
  return new Problem('stale', message, { current, changes })
}

export function refused(message: string): Problem {
  return new Problem('refused', message)
}

export function invalid(problems: readonly ConfigProblem[]): Problem {
  const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  const message = `the configuration would have ${what}: ${problems.map(({ message: each }) => each).join('; ')}`
  return new Problem('invalid', message, { problems })
}
