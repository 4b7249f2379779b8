import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { failureOf } from '../storage/files.ts'
import { Problem } from './problem.ts'

/** Answers an error as a problem. What is nobody's fault outside is logged, and not told. */
export function answerError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error, request)
  if (problem.statusCode >= 500) {
    request.log.error({ reason: failureOf(error), route: request.routeOptions.url }, 'a call of the admin API failed')
  }
  reply.code(problem.statusCode).type('application/json; charset=utf-8').send(JSON.stringify(problem))
}

/** Of Fastify's own errors, by their code. */
const KNOWN: Readonly<Record<string, (request: FastifyRequest) => Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ({ routeOptions: { bodyLimit } }) =>
    new Problem('too-large', `the body is too large: expected at most ${(bodyLimit ?? 0) / 1024} KiB`),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new Problem('unsupported-media-type', 'the header Content-Type: expected application/json'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem('bad-request', 'the header Content-Length: it is not the length of the body'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () =>
    new Problem('bad-request', 'the body: found nothing, expected JSON, or no Content-Type'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new Problem('bad-request', 'the body: expected JSON'),
  FST_ERR_BAD_URL: () => new Problem('bad-request', 'the path: expected a URL whose percent-encoding is right')
}

function problemOf(error: FastifyError | Error, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = KNOWN[code]
  if (known !== undefined) return known(request)
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem('bad-request', 'the request cannot be read: expected what GET /api/openapi.json describes')
  }
  // What the file system says, of the state directory.
  if ('syscall' in error) return new Problem('unavailable', 'the state directory cannot be read: try again')
  return new Problem(
    'internal',
    `${request.routeOptions.url ?? 'the request'} failed inside the gateway: its log says more`
  )
}
