import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { BODY_LIMIT_BYTES } from './body.ts'
import { TryLater } from './errors.ts'

/** What all large bodies in flight may take, as text; parsed, the worst of them takes ten times as much. */
const BUDGET_BYTES = 128 * 1024 * 1024

/** Bodies up to this are not counted, so that large ones never keep anyone from logging in or writing a note. */
const SMALL_BYTES = 256 * 1024

/** Bounds the memory that request bodies take together: a large one that no longer fits is answered 503, unread. */
export const bodyBudget = fp(
  async app => {
    let free = BUDGET_BYTES
    app.addHook('preParsing', (request, reply, _payload, done) => {
      const size = largestSizeOf(request)
      if (size <= SMALL_BYTES) return done()
      if (size > free) return done(new TryLater(503, 'Service unavailable', 1))
      free -= size
      reply.raw.once('close', () => {
        free += size
      })
      done()
    })
  },
  { name: 'platform-body-budget' }
)

/** In bytes. A body of unknown length may be as large as any. */
function largestSizeOf({ headers }: FastifyRequest): number {
  if (headers['content-encoding'] !== undefined || headers['transfer-encoding'] !== undefined) return BODY_LIMIT_BYTES
  return Math.min(Number(headers['content-length'] ?? 0), BODY_LIMIT_BYTES)
}
