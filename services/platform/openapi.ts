import swagger from '@fastify/swagger'
import type { FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import packageJson from '../../package.json' with { type: 'json' }
import { commonAnswers, usualAnswer } from './openapi-answers.ts'
import { hoistTitled } from './openapi-components.ts'
import { V1_PREFIX } from './v1.ts'

/** An answer in words, and for a success what it may look like. */
export type AnswerDoc = string | { readonly description: string; readonly example: unknown }

/** What the schemas of a route do not say. */
export interface RouteDoc {
  /** Unique. */
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  /** No token is asked for. (A route of v1 says so in its config.) */
  readonly public?: true
  /** An example of the body. */
  readonly body?: unknown
  /** Of the statuses in the route's own schema, but for those that mean what they mean everywhere. */
  readonly answers: Readonly<Record<number, AnswerDoc>>
}

/** By method and Fastify's pattern, such as `GET /api/notes/:id`. */
export type RouteDocs = Readonly<Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`, RouteDoc>>

declare module 'fastify' {
  interface FastifyInstance {
    /** Describes routes in the OpenAPI document; `subject` is what they are about. */
    document(subject: string, docs: RouteDocs): void
  }
}

const DESCRIPTION = `Two surfaces on the same data.

**v1** (\`${V1_PREFIX}\`) is for new clients: camelCase fields, \`{"data": …}\` around every success, pages of lists with
an opaque cursor, and one shape of error, \`{"error": {"code", "message", "details"}}\`, whose codes are stable.

**legacy** is what the first frontend was written against, kept answer by answer.

Both take the token of a login as \`Authorization: Bearer …\`. Ids are MongoDB ObjectIds of 24 hex digits; a malformed one
names nothing, and so does a document of somebody else: 404. Times are ISO 8601 in UTC.`

/** The OpenAPI 3.1 document, made of the schemas of the routes that are registered in the scope, and of what `document` adds. */
export const openapi = fp(
  async app => {
    const docs = new Map<string, RouteDoc & { readonly tag: string }>()
    app.decorate('document', (subject: string, routes: RouteDocs) => {
      for (const [route, doc] of Object.entries(routes)) {
        const surface = route.includes(` ${V1_PREFIX}/`) ? 'v1' : 'legacy'
        docs.set(route, { ...doc, tag: `${subject} (${surface})` })
      }
    })
    await app.register(swagger, {
      convertConstToEnum: false,
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Clinical scribe', version: packageJson.version, description: DESCRIPTION },
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }
      },
      transform: ({ schema, url, route }) => {
        const doc = docs.get(`${String(route.method)} ${url}`)
        return { url, schema: doc === undefined ? (schema ?? {}) : described(schema ?? {}, url, route, doc) }
      },
      transformObject: document => {
        const tags = [...new Set([...docs.values()].map(({ tag }) => tag))].map(name => ({ name }))
        return 'openapiObject' in document
          ? { ...hoistTitled(document.openapiObject), tags: tags.sort(newestFirst) }
          : {}
      }
    })
  },
  { name: 'platform-openapi' }
)

function described(
  { body, response, ...schema }: FastifySchema,
  url: string,
  { method, config }: RouteOptions,
  doc: RouteDoc & { readonly tag: string }
): FastifySchema {
  const { operationId, summary, description, tag, answers } = doc
  const isV1 = url.startsWith(V1_PREFIX)
  const isPublic = doc.public === true || config?.public === true
  const isChecked = body !== undefined || schema.querystring !== undefined
  const common = commonAnswers({ isV1, isPublic, method: String(method), isChecked })
  const own = Object.entries(response ?? {}).map(([status, of]) => [
    status,
    { ...(answered(of, answers[Number(status)]) ?? usualAnswer(isV1, Number(status))), ...headersOf(isV1, status) }
  ])
  return {
    ...schema,
    operationId,
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    security: isPublic ? [] : [{ token: [] }],
    ...(isObject(body) && { body: doc.body === undefined ? body : { ...body, examples: [doc.body] } }),
    response: { ...common, ...Object.fromEntries(own) }
  }
}

/** The tags of v1 before those of legacy. */
function newestFirst(a: { readonly name: string }, b: { readonly name: string }): number {
  return Number(a.name.endsWith('(legacy)')) - Number(b.name.endsWith('(legacy)'))
}

/** A response as @fastify/swagger takes it with everything said. */
function answered(schema: unknown, doc: AnswerDoc | undefined): object | undefined {
  if (doc === undefined) return undefined
  const description = typeof doc === 'string' ? doc : doc.description
  if (isObject(schema) && 'type' in schema && schema.type === 'null') return { type: 'null', description }
  const example = typeof doc === 'string' ? {} : { example: doc.example }
  return { description, content: { 'application/json': { schema, ...example } } }
}

/** What an answer of this status carries beside its body. */
function headersOf(isV1: boolean, status: string): object {
  if (status === '429') return { headers: { 'retry-after': { type: 'integer', description: 'Seconds' } } }
  if (isV1 && status === '201') {
    return { headers: { location: { type: 'string', description: 'The path of what was made' } } }
  }
  return {}
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
