import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { restore } from '../config/edits.ts'
import { changeConfig } from './change-config.ts'
import type { ApiOptions } from './dependencies.ts'
import { tag } from './if-match.ts'
import { editOf, planOf, textOf, unknownRevision } from './plan.ts'
import { invalid, refused } from './problem.ts'
import {
  ChangedSchema,
  ConfigSchema,
  ConfigWriteSchema,
  DiffQuerySchema,
  DiffSchema,
  PlanRequestSchema,
  PlanSchema,
  RestoreSchema,
  RevisionDetailSchema,
  RevisionParamsSchema,
  RevisionsQuerySchema,
  RevisionsSchema
} from './schemas.ts'

/** The configuration, its revisions, and what a change of it would come to. */
export const configApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, options) => {
  const { store, hourCallers, clock } = options
  const { history } = store

  app.get('/config', { schema: { response: { 200: ConfigSchema } } }, async (_request, reply) => {
    const { number, digest, text } = store.current
    tag(reply, number)
    return { revision: number, digest, text }
  })

  app.put(
    '/config',
    { config: { role: 'operator' }, schema: { body: ConfigWriteSchema, response: { 200: ChangedSchema } } },
    async (request, reply) => {
      const { text, reason } = request.body
      return changeConfig(options, request, reply, { edit: restore(text), reason })
    }
  )

  app.post(
    '/config/plan',
    { schema: { body: PlanRequestSchema, response: { 200: PlanSchema } } },
    async ({ body: { change } }, reply) => {
      const preview = store.preview(await editOf(change, store))
      tag(reply, store.current.number)
      if (preview.outcome === 'invalid') throw invalid(preview.problems)
      if (preview.outcome === 'refused') throw refused(preview.message)
      if (preview.outcome === 'unchanged') {
        return { revision: preview.revision.number, changes: [], raises: [], reasonRequired: false, routes: [] }
      }
      const now = clock.now()
      return planOf(store, preview, routeId => hourCallers.seen(routeId, now))
    }
  )

  app.get(
    '/config/revisions',
    { schema: { querystring: RevisionsQuerySchema, response: { 200: RevisionsSchema } } },
    async ({ query }) => history.list(query)
  )

  app.get(
    '/config/revisions/:n',
    { schema: { params: RevisionParamsSchema, response: { 200: RevisionDetailSchema } } },
    async ({ params: { n } }) => {
      const text = await textOf(n, store)
      const [record] = await history.list({ limit: 1, before: n + 1 })
      if (record?.number !== n) throw unknownRevision(n, store)
      return { ...record, text }
    }
  )

  app.get(
    '/config/diff',
    { schema: { querystring: DiffQuerySchema, response: { 200: DiffSchema } } },
    async ({ query: { from, to } }) => {
      await Promise.all([textOf(from, store), textOf(to, store)])
      const changes = await history.diff(from, to)
      if (changes === undefined) throw unknownRevision(from, store)
      return { from, to, changes }
    }
  )

  app.post(
    '/config/revisions/:n/restore',
    {
      config: { role: 'operator' },
      schema: { params: RevisionParamsSchema, body: RestoreSchema, response: { 200: ChangedSchema } }
    },
    async (request, reply) => {
      const { n } = request.params
      const { reason } = request.body
      return changeConfig(options, request, reply, { edit: restore(await textOf(n, store)), reason })
    }
  )
}
