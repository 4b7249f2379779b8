import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ApiOptions } from './dependencies.ts'
import { AuditEntriesSchema, AuditQuerySchema, VerdictSchema } from './schemas.ts'

/** Who changed what, and whether the record of it is whole. */
export const auditApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { audit }) => {
  app.get(
    '/audit',
    { schema: { querystring: AuditQuerySchema, response: { 200: AuditEntriesSchema } } },
    async ({ query: { action, ...query } }) =>
      audit.entries({ ...query, ...(action === undefined ? {} : { actions: [action] }) })
  )

  app.get('/audit/verify', { schema: { response: { 200: VerdictSchema } } }, async () => audit.verify())
}
