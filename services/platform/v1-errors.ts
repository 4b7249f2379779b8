import { type Static, Type } from '@sinclair/typebox'
import { isDatabaseUnavailable } from './database.ts'
import { InvalidInput, type Problem, TryLater } from './errors.ts'
import { OpenAiFailure } from './openai.ts'
import { TerminologyFailure } from './terminology.ts'

/** Every code of `/api/v1` with its status and what it says unless told otherwise. Codes are retired, never reused. */
export const V1_ERRORS = {
  malformed_request: { status: 400, message: 'The request body is not valid JSON' },
  unauthenticated: { status: 401, message: 'A bearer token is required' },
  token_expired: { status: 401, message: 'The token has expired' },
  token_revoked: { status: 401, message: 'The session was logged out' },
  token_invalid: { status: 401, message: 'The token is not valid' },
  wrong_credentials: { status: 401, message: 'The email or the password is wrong' },
  not_found: { status: 404, message: 'Not found' },
  email_taken: { status: 409, message: 'An account with this email exists already' },
  body_too_large: { status: 413, message: 'The request body is larger than 10 MB' },
  unsupported_media_type: { status: 415, message: 'The request body must be JSON in UTF-8 or UTF-16' },
  validation_failed: { status: 422, message: 'The request is not valid; see details' },
  too_many_requests: { status: 429, message: 'Too many requests' },
  internal_error: { status: 500, message: 'Internal server error' },
  upstream_unavailable: { status: 502, message: 'A service that this one depends on gave no usable answer' },
  unavailable: { status: 503, message: 'The service is not available at the moment' }
} as const
export type V1ErrorCode = keyof typeof V1_ERRORS

const CODES = Object.keys(V1_ERRORS).filter(isCode)

/** The body of every answer of `/api/v1` that is no success. */
export const V1Error = Type.Object(
  {
    error: Type.Object({
      code: Type.Union(
        CODES.map(code => Type.Literal(code)),
        { description: 'For programs. Stable.' }
      ),
      message: Type.String({ description: 'For people. May change.' }),
      details: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'What is wrong with which field, as JSON pointers; empty unless the code is `validation_failed`.'
      })
    })
  },
  { title: 'Error' }
)
export type V1Error = Static<typeof V1Error>

/** An answer of `/api/v1` that is no success, thrown by its routes. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: V1ErrorCode
  readonly statusCode: number
  readonly details: readonly Problem[]

  constructor(code: V1ErrorCode, message: string = V1_ERRORS[code].message, details: readonly Problem[] = []) {
    super(message)
    this.code = code
    this.statusCode = V1_ERRORS[code].status
    this.details = details
  }

  get body(): V1Error {
    const { code, message, details } = this
    return { error: { code, message, details: [...details] } }
  }
}

/** For `??` behind a look-up. @throws Refusal not_found, also for a document that is another's */
export function missing(what: string): never {
  throw new Refusal('not_found', `There is no such ${what}`)
}

/** What a client may know of an error. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof InvalidInput) return new Refusal('validation_failed', undefined, error.problems)
  if (error instanceof TryLater) {
    return new Refusal(error.statusCode === 429 ? 'too_many_requests' : 'unavailable', error.message)
  }
  if (error instanceof OpenAiFailure && error.status === 413) {
    return new Refusal('body_too_large', 'The content is larger than OpenAI takes')
  }
  if (error instanceof OpenAiFailure || error instanceof TerminologyFailure) return new Refusal('upstream_unavailable')
  if (isDatabaseUnavailable(error)) return new Refusal('unavailable')
  return new Refusal(codeOfStatus(error))
}

/** Errors of Fastify and of the body parser say their status; of any that we do not know, only the class is told. */
function codeOfStatus(error: unknown): V1ErrorCode {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status !== 'number' || status < 400 || status >= 500) return 'internal_error'
  return CODES.find(code => V1_ERRORS[code].status === status && status !== 401) ?? 'malformed_request'
}

function isCode(text: string): text is V1ErrorCode {
  return Object.hasOwn(V1_ERRORS, text)
}
