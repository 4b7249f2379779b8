import type { FastifyReply, FastifyRequest } from 'fastify'
import { V1_PREFIX } from './v1.ts'
import { Refusal } from './v1-errors.ts'

/** Answers a request that no route has, or whose path no router can read: 404 in the shape of its surface. */
export function answerUnroutable(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const isV1 = new RegExp(`^${V1_PREFIX}(?:[/?]|$)`, 'i').test(request.raw.url ?? '')
  return reply.code(404).send(isV1 ? new Refusal('not_found').body : { msg: 'Not found' })
}
