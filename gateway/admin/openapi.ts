import swagger from '@fastify/swagger'
import type { FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { type TSchema, Type } from '@sinclair/typebox'
import { DOCS, type RouteDoc } from './openapi-docs.ts'
import { examples } from './openapi-examples.ts'
import {
  GatewayEventSchema,
  InvalidSchema,
  LiveChangesSchema,
  LiveSnapshotSchema,
  ProblemSchema,
  RefusedSchema,
  StaleSchema
} from './schemas.ts'

const DESCRIPTION = `What operations staff need to see why a route stands where it stands, to move it, stop it and take it
back. Every answer from 400 on is \`{ "error", "message" }\`, with a code that does not change and a sentence for people.

Whatever shows the configuration answers with the revision as \`ETag\`; a change names it in \`If-Match\` and is refused with
409 and what changed when another came first. \`If-Match: *\` will do for a kill, a rollback and a pause only.`

/** The OpenAPI 3.1 document of the routes that are registered after it in the scope, at `GET /api/openapi.json`. */
export const openapi = fp<{ readonly version: string }>(
  async (app, { version }) => {
    await app.register(swagger, {
      convertConstToEnum: false,
      openapi: {
        openapi: '3.1.0',
        info: { title: 'scribe gateway: admin API', version, description: DESCRIPTION },
        components: { securitySchemes: { credential: { type: 'http', scheme: 'bearer' } } }
      },
      transform: ({ schema, url, route }) => {
        const doc = DOCS[`${String(route.method)} ${url}`]
        return { url, schema: doc === undefined ? { hide: true } : described(schema ?? {}, route, doc) }
      }
    })
    const schema = { response: { 200: Type.Unknown() } }
    let document: unknown
    app.get('/openapi.json', { schema }, async () => (document ??= published(app.swagger())))
  },
  { name: 'admin-openapi' }
)

/** Without the words that are for messages only. */
function published(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document, (key, value: unknown) => (key === 'errorMessage' ? undefined : value)))
}

function described(schema: FastifySchema, { method, config }: RouteOptions, doc: RouteDoc): FastifySchema {
  const { operationId, tag, summary, body, isChange } = doc
  const isOperators = config?.role === 'operator'
  return {
    ...schema,
    ...(isObject(schema.body) && body !== undefined ? { body: { ...schema.body, examples: [examples[body]] } } : {}),
    ...(isChange === true ? { headers: IfMatch } : {}),
    operationId,
    summary,
    description: isOperators ? 'For operators.' : 'For viewers and operators.',
    tags: [tag],
    security: [{ credential: [] }],
    response: { ...successOf(schema, doc), ...problemsOf(schema, String(method), isOperators, doc) }
  }
}

const IfMatch = Type.Object({
  'if-match': Type.String({ description: 'The revision that the change is made for, in quotes.', examples: ['"13"'] })
})

/** What the messages of a stream hold, by its operation. */
const STREAMS: Readonly<Record<string, TSchema>> = {
  followEvents: GatewayEventSchema,
  followLive: Type.Union([LiveSnapshotSchema, LiveChangesSchema, GatewayEventSchema], {
    description: 'Of the events snapshot, changes and event.'
  })
}

function successOf({ response }: FastifySchema, { description, answer, operationId }: RouteDoc): object {
  const example = answer === undefined ? {} : { example: examples[answer] }
  const stream = STREAMS[operationId]
  if (stream !== undefined) {
    return { 200: { description, content: { 'text/event-stream': { schema: stream, ...example } } } }
  }
  const [[status, schema] = ['200', {}]] = Object.entries(response ?? {})
  if (status === '204') return { 204: { description, type: 'null' } }
  return { [status]: { description, content: { 'application/json': { schema, ...example } } } }
}

function problemsOf(schema: FastifySchema, method: string, isOperators: boolean, doc: RouteDoc): object {
  const { body, params, querystring } = schema
  const isEvents = STREAMS[doc.operationId] !== undefined
  const mayConflict = doc.isChange === true || doc.tag === 'credentials'
  const judges = doc.isChange === true || doc.operationId === 'planChange'
  const all: readonly (readonly [number, boolean, string, TSchema?])[] = [
    [400, isEvents || [body, params, querystring].some(isObject), 'The request is not as described'],
    [401, true, 'No valid credential'],
    [403, isOperators, 'The credential is not an operator’s'],
    [404, isObject(params) || judges || doc.operationId === 'diffRevisions', 'Nothing has that name'],
    [406, isEvents, 'The client takes no event stream'],
    [
      409,
      isOperators && method !== 'GET' && mayConflict,
      doc.isChange === true ? 'Another revision came first, or it is refused' : 'It is refused',
      doc.isChange === true ? Type.Union([StaleSchema, RefusedSchema]) : RefusedSchema
    ],
    [409, doc.operationId === 'planChange', 'The change cannot be made', RefusedSchema],
    [413, isObject(body), 'The body is larger than 1024 KiB'],
    [415, isObject(body), 'The body is not JSON'],
    [422, judges, 'The configuration would be wrong', InvalidSchema],
    [428, doc.isChange === true, 'If-Match is missing, or * where it will not do'],
    [429, true, 'Too many failed attempts from the address'],
    [500, true, 'A fault of the gateway'],
    [503, true, 'The state cannot be read']
  ]
  const some = all.filter(([, applies]) => applies)
  return Object.fromEntries(
    some.map(([status, , description, of = ProblemSchema]) => {
      const headers = status === 429 ? { headers: { 'retry-after': { type: 'integer', description: 'Seconds' } } } : {}
      return [status, { description, content: { 'application/json': { schema: of } }, ...headers }]
    })
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
