import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { HOUR_MS } from '../telemetry/traffic.ts'
import type { ApiOptions } from './dependencies.ts'
import { Problem } from './problem.ts'
import { ProgressQuerySchema, ProgressSchema } from './schemas.ts'
import { timeOf } from './times.ts'

const DAY_MS = 24 * HOUR_MS

/** How far the migration is, over time. */
export const progressApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { progress, clock }) => {
  app.get(
    '/progress',
    { schema: { querystring: ProgressQuerySchema, response: { 200: ProgressSchema } } },
    async ({ query }) => {
      const now = clock.now()
      // The running span is one of those that began before now, at the very moment that it begins as well.
      const to = query.to === undefined ? now + 1 : timeOf('to', query.to)
      const from = query.from === undefined ? now - DAY_MS : timeOf('from', query.from)
      if (from >= to) throw new Problem('bad-request', 'the query\'s "from": expected a time before "to"')
      const { stepMs, points } = progress.read(from, to)
      return { stepMs, points: points.map(({ at, ...rest }) => ({ at: new Date(at).toISOString(), ...rest })) }
    }
  )
}
