import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AUDIT_LOG, verifyAudit } from '../audit/audit.ts'
import type { ApiOptions } from './dependencies.ts'
import { AuditEntriesSchema, AuditQuerySchema, VerdictSchema } from './schemas.ts'

/** Who changed what, and whether the record of it is whole. */
export const auditApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { audit, directory }) => {
  app.get(
    '/audit',
    { schema: { querystring: AuditQuerySchema, response: { 200: AuditEntriesSchema } } },
    async ({ query: { action, ...query } }) =>
      audit.entries({ ...query, ...(action === undefined ? {} : { actions: [action] }) })
  )

  app.get('/audit/verify', { schema: { response: { 200: VerdictSchema } } }, async () =>
    verifyAudit(join(directory, AUDIT_LOG))
  )
}
