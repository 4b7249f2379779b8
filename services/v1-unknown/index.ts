import type { FastifyPluginAsync } from 'fastify'
import { V1_PREFIX, v1 } from '../platform/v1.ts'
import { Refusal } from '../platform/v1-errors.ts'

/** What `/api/v1` answers where no service has a route: 404 in its own shape, to a caller with a valid token. */
export const v1Unknown: FastifyPluginAsync = async app => {
  await app.register(v1)
  for (const path of [V1_PREFIX, `${V1_PREFIX}/*`]) {
    app.all(path, { schema: { hide: true } }, async () => {
      throw new Refusal('not_found')
    })
  }
}
