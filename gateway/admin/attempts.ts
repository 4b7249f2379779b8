import type { FastifyReply } from 'fastify'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from './problem.ts'

/** Failed attempts of one address within WINDOW_S that are answered as such. */
const ATTEMPTS = 20
const WINDOW_S = 60

/** Counts failed attempts with credentials by the address that they came from. */
export interface Attempts {
  /** Counts one. Returns what it is to be answered with once there were too many, and then sets `retry-after`. */
  failed(address: string, reply: FastifyReply): Promise<Problem | undefined>
}

/**
 * A credential that is right is always let in, so that nobody can lock operators out from a shared address: it has 256
 * random bits, and guessing gains nothing from it.
 */
export function createAttempts(): Attempts {
  const attempts = new RateLimiterMemory({ points: ATTEMPTS, duration: WINDOW_S })
  return {
    async failed(address, reply) {
      const result: unknown = await attempts.consume(address).catch((rejected: unknown) => rejected)
      if (!(result instanceof RateLimiterRes) || result.consumedPoints <= ATTEMPTS) return undefined
      const seconds = Math.ceil(result.msBeforeNext / 1000)
      reply.header('retry-after', seconds)
      return new Problem('too-many-attempts', `too many failed attempts: try again in ${seconds} s`)
    }
  }
}
