import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'

/** An OpenAPI document, as far as the tests look into it. */
export interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

export interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Media>> }>
  >
}

interface Media {
  readonly schema: object
  readonly example?: unknown
}

/** What a value breaks of the schema at a JSON pointer into the document; empty when it is right. */
export type Check = (pointer: readonly string[], value: unknown) => string[]

export function checkAgainst(document: OpenApi): Check {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document', undefined, false)
  return (pointer, value) => {
    const $ref = `document#/${pointer.map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
    const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref })
    return validate(value) ? [] : (validate.errors ?? []).map(error => `${error.instancePath} ${error.message}`)
  }
}

/** The document of a server, which has to be ready. */
export function documentOf(app: FastifyInstance): OpenApi {
  // As a client gets it.
  return JSON.parse(JSON.stringify(app.swagger()))
}

/** As Fastify spells it to as OpenAPI does. */
export function templateOf(url: string): string {
  return url.replace(/:(\w+)/g, '{$1}')
}

/** Every server has the same document. */
let cached: { readonly document: OpenApi; readonly check: Check } | undefined

/**
 * Watches what a server answers. Register before it is ready.
 *
 * @returns what was answered so far that the OpenAPI document does not describe: a status, or a body unlike its schema.
 */
export function watchAnswers(app: FastifyInstance): () => readonly string[] {
  const answers: { readonly method: string; readonly url: string; readonly status: number; readonly body: unknown }[] =
    []
  app.addHook('onSend', (request, reply, payload, done) => {
    const { url, schema } = request.routeOptions
    const isDescribed = url !== undefined && schema?.hide !== true && request.method !== 'OPTIONS'
    const isJson = String(reply.getHeader('content-type')).startsWith('application/json')
    if (isDescribed) {
      const body: unknown = isJson && typeof payload === 'string' && payload !== '' ? JSON.parse(payload) : undefined
      answers.push({ method: request.method.replace('HEAD', 'GET').toLowerCase(), url, status: reply.statusCode, body })
    }
    done(null, payload)
  })
  return () => {
    if (answers.length === 0) return []
    cached ??= newCache(documentOf(app))
    const { document, check } = cached
    const faults = answers.flatMap(({ method, url, status, body }) => {
      const path = templateOf(url)
      const place = `${method} ${path} ${status}`
      const answer = document.paths[path]?.[method]?.responses[status]
      if (answer === undefined) return [`${place} is not described`]
      if (body === undefined) return []
      const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema']
      if (answer.content === undefined) return [`${place} is described without a body`]
      return check(pointer, body).map(fault => `${place}: ${fault}`)
    })
    return [...new Set(faults)]
  }
}

function newCache(document: OpenApi) {
  return { document, check: checkAgainst(document) }
}
