import type { TSchema } from '@sinclair/typebox'
import { Message, Unauthorized, ValidationFailure } from './schema.ts'
import { V1_ERRORS, V1Error } from './v1-errors.ts'

interface Kind {
  readonly isV1: boolean
  readonly isPublic: boolean
  readonly method: string
  /** A body or a query is checked against a schema. */
  readonly isChecked: boolean
}

/** The answers that a route gives without saying so itself, by status: of the token, the body parser and the error handler. */
export function commonAnswers({ isV1, isPublic, method, isChecked }: Kind): Record<number, object> {
  const reads = method === 'GET'
  const statuses = [
    ...(reads ? [304] : []),
    // The legacy's body parser reads whatever comes, also with a GET.
    ...(reads && isV1 ? [] : [400, 413, 415]),
    ...(isPublic ? [] : [401]),
    ...(isV1 && isChecked ? [422] : []),
    500,
    503
  ]
  return Object.fromEntries(statuses.map(status => [status, usualAnswer(isV1, status)]))
}

/** What a status means wherever it is answered. */
export function usualAnswer(isV1: boolean, status: number): object {
  return isV1 ? v1Answer(status) : legacyAnswer(status)
}

const NOT_MODIFIED = { type: 'null', description: 'What `If-None-Match` names is still what would be answered' }

/** An error of `/api/v1`: its codes say what is the matter. */
function v1Answer(status: number): object {
  if (status === 304) return NOT_MODIFIED
  const codes = Object.entries(V1_ERRORS).filter(([, error]) => error.status === status)
  const shown = status === 401 ? codes.filter(([code]) => code !== 'wrong_credentials') : codes
  const [example] = shown.map(([code, { message }]) => ({ error: { code, message, details: [] } }))
  return {
    description: shown.map(([code, { message }]) => `\`${code}\`: ${message}`).join(' · '),
    content: { 'application/json': { schema: V1Error, example } }
  }
}

const LEGACY: Readonly<Record<number, { readonly schema: TSchema; readonly description: string }>> = {
  400: { schema: Message, description: 'The request body is not valid JSON' },
  401: { schema: Unauthorized, description: 'No token, or one that is not valid (any more)' },
  413: { schema: Message, description: 'The request body is larger than 10 MB' },
  415: { schema: Message, description: 'The charset or the content encoding of the request body is not supported' },
  422: { schema: ValidationFailure, description: 'The request is not valid' },
  429: { schema: Message, description: 'Too many attempts; `Retry-After` says when to come back' },
  500: { schema: Message, description: 'Internal server error' },
  503: { schema: Message, description: 'The service is not available at the moment' }
}

function legacyAnswer(status: number): object {
  const answer = LEGACY[status]
  if (answer === undefined) return NOT_MODIFIED
  return { description: answer.description, content: { 'application/json': { schema: answer.schema } } }
}
