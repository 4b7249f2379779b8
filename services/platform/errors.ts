import type { FastifyError } from 'fastify'
import fp from 'fastify-plugin'
import { isClientGone } from './client-signal.ts'
import { isDatabaseUnavailable } from './database.ts'

/** What is wrong with one field of a request: where it is (a JSON pointer) and what would be right; never its value. */
export interface Problem {
  readonly path: string
  readonly message: string
}

/** The caller's input breaks its schema, or a rule that a schema cannot state: a 422. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('invalid input')
    this.problems = problems
  }
}

export class MalformedBody extends Error {
  override readonly name = 'MalformedBody'
  readonly statusCode = 400
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
  readonly statusCode = 413
}

export class UnsupportedBody extends Error {
  override readonly name = 'UnsupportedBody'
  readonly statusCode = 415

  constructor(what: 'charset' | 'content encoding') {
    super(`unsupported ${what}`)
  }
}

/**
 * The caller has to come back later: after too much of their own (429), or because the server has too much to do (503).
 * The message is for the caller.
 */
export class TryLater extends Error {
  override readonly name = 'TryLater'
  readonly statusCode: 429 | 503
  readonly retryAfterSeconds: number

  constructor(statusCode: 429 | 503, message: string, retryAfterSeconds: number) {
    super(message)
    this.statusCode = statusCode
    this.retryAfterSeconds = retryAfterSeconds
  }
}

interface Answer {
  readonly status: number
  readonly body: { readonly msg: string; readonly error?: 'validation'; readonly details?: readonly Problem[] }
}

const messages = new Map([
  [400, 'Malformed request'],
  [413, 'Request body too large'],
  [415, 'Unsupported request body']
])

/** The one error handler of the native services: what a client may know, and a log line without a word of its input. */
export const errors = fp(
  async app => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      if (isClientGone(error, reply)) return reply.hijack()
      const { status, body } = answerTo(error)
      // Only name and code: a driver's message may quote documents, and a parser's the body.
      if (status >= 500) request.log.error({ error: { name: error.name, code: error.code } }, 'request failed')
      // Fastify would close the connection under a client that is still sending, and the answer with it. The legacy reads
      // the rest.
      if (status === 413) reply.removeHeader('connection')
      if (error instanceof TryLater) reply.header('retry-after', error.retryAfterSeconds)
      return reply.code(status).send(body)
    })
  },
  { name: 'platform-errors' }
)

function answerTo(error: FastifyError | InvalidInput | TryLater): Answer {
  if (error instanceof InvalidInput) {
    return { status: 422, body: { msg: 'Validation failed', error: 'validation', details: error.problems } }
  }
  if (error instanceof TryLater) return { status: error.statusCode, body: { msg: error.message } }
  if (isDatabaseUnavailable(error)) return { status: 503, body: { msg: 'Service unavailable' } }
  const status = clientErrorStatus(error)
  if (status !== undefined) return { status, body: { msg: messages.get(status) ?? 'Bad request' } }
  return { status: 500, body: { msg: 'Internal server error' } }
}

function clientErrorStatus({ statusCode }: FastifyError): number | undefined {
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? statusCode : undefined
}
