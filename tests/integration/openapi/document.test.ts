import SwaggerParser from '@apidevtools/swagger-parser'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDatabase, type Database } from '../../../services/index.ts'
import { nativeServer } from '../../../services/native-server.ts'
import { checkAgainst, documentOf, type OpenApi, type Operation, templateOf } from '../../support/documented.ts'
import { NO_DATABASE } from '../gateway/support.ts'

let database: Database
let app: FastifyInstance
let document: OpenApi
/** As Fastify has them, but for those that hide. */
const registered: { readonly method: string; readonly path: string; readonly statuses: readonly string[] }[] = []
const operations: {
  readonly place: string
  readonly path: string
  readonly method: string
  readonly operation: Operation
}[] = []

beforeAll(async () => {
  database = await connectDatabase(NO_DATABASE)
  app = nativeServer({ database, jwtSecret: 'a secret of the tests, long enough', bcryptCost: 4 })
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (schema?.hide === true || url.endsWith('*')) return
    for (const each of [method].flat().filter(name => name !== 'HEAD')) {
      const statuses = Object.keys(schema?.response ?? {})
      registered.push({ method: each.toLowerCase(), path: templateOf(url), statuses })
    }
  })
  await app.ready()
  document = documentOf(app)
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      operations.push({ place: `${method} ${path}`, path, method, operation })
    }
  }
})

afterAll(async () => {
  await app.close()
  await database.close()
})

const faultsOf = (find: (of: (typeof operations)[number]) => readonly string[]) =>
  operations.flatMap(of => find(of).map(fault => `${of.place}: ${fault}`))

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0')
    await SwaggerParser.validate(JSON.parse(JSON.stringify(document)))
  })

  test('has every route of every module, and no other', () => {
    // What `/docs` itself serves hides.
    const expected = registered.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(operations.map(({ place }) => place))).toEqual(new Set(expected))
    expect(operations.length).toBeGreaterThan(45)
  })

  test('has every status that a route itself names', () => {
    const missing = registered.flatMap(({ method, path, statuses }) =>
      statuses.filter(status => document.paths[path]?.[method]?.responses[status] === undefined)
    )
    expect(missing).toEqual([])
  })

  test('has for every route an id of its own, a summary, a tag, and who may call it', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(
      faultsOf(({ operation: { operationId, summary, tags, security } }) =>
        operationId && summary && tags?.length === 1 && security !== undefined ? [] : ['is not described']
      )
    ).toEqual([])
  })

  test('has every parameter of a path', () => {
    expect(
      faultsOf(({ path, operation: { parameters = [] } }) =>
        [...path.matchAll(/\{(\w+)\}/g)]
          .map(([, name]) => name)
          .filter(name => !parameters.some(parameter => parameter.in === 'path' && parameter.name === name))
          .map(name => `no parameter ${name}`)
      )
    ).toEqual([])
  })

  test('describes every answer, and the shape of each that has a body', () => {
    expect(
      faultsOf(({ operation: { responses } }) =>
        Object.entries(responses)
          .filter(
            ([status, { description, content }]) =>
              description === 'Default Response' ||
              description === '' ||
              (!['204', '304'].includes(status) && content?.['application/json']?.schema === undefined)
          )
          .map(([status]) => status)
      )
    ).toEqual([])
  })

  test('has the answers that any route of its kind can give', () => {
    expect(
      faultsOf(({ path, method, operation: { security, responses, requestBody } }) => {
        const isV1 = path.startsWith('/api/v1/')
        const owed = [
          '500',
          '503',
          ...(security?.length === 0 ? [] : ['401']),
          ...(method === 'get' ? ['304'] : ['400', '413', '415']),
          ...(requestBody === undefined ? [] : ['422']),
          ...(isV1 && path.includes('{') ? ['404'] : [])
        ]
        return owed.filter(status => responses[status] === undefined)
      })
    ).toEqual([])
  })

  test('has one shape for every error of v1', () => {
    const error = { $ref: '#/components/schemas/Error' }
    expect(
      faultsOf(({ path, operation: { responses } }) =>
        path.startsWith('/api/v1/')
          ? Object.entries(responses)
              .filter(([status, { content }]) => status >= '400' && content?.['application/json']?.schema !== undefined)
              .filter(
                ([, { content }]) => JSON.stringify(content?.['application/json']?.schema) !== JSON.stringify(error)
              )
              .map(([status]) => status)
          : []
      )
    ).toEqual([])
  })
})

describe('the examples', () => {
  test('are there for every body and every success with one, and are what their schemas say', () => {
    const check = checkAgainst(document)
    const json = ['content', 'application/json', 'schema']
    expect(
      faultsOf(({ path, method, operation: { requestBody, responses } }) => {
        const place = ['paths', path, method]
        const body = requestBody?.content['application/json']
        const ofBody =
          body === undefined ? [] : [{ what: 'body', pointer: [...place, 'requestBody', ...json], media: body }]
        const ofAnswers = Object.entries(responses).flatMap(([status, { content }]) => {
          const media = content?.['application/json']
          if (media === undefined || (status >= '300' && media.example === undefined)) return []
          return [{ what: status, pointer: [...place, 'responses', status, ...json], media }]
        })
        return [...ofBody, ...ofAnswers].flatMap(({ what, pointer, media: { example } }) =>
          example === undefined ? [`${what} has no example`] : check(pointer, example).map(fault => `${what}: ${fault}`)
        )
      })
    ).toEqual([])
  })

  test('would be refused if they were wrong', () => {
    const check = checkAgainst(document)
    const pointer = ['paths', '/api/v1/users/me', 'get', 'responses', '200', 'content', 'application/json', 'schema']
    expect(check(pointer, { data: { id: 7, createdAt: 'yesterday' } })).toEqual(
      expect.arrayContaining(['/data/id must be string', '/data/createdAt must match format "date-time"'])
    )
  })
})

test('a route that the document calls public asks for no token, and any other does', async () => {
  const wrong: string[] = []
  for (const { place, path, method, operation } of operations) {
    const url = path.replace(/\{\w+\}/g, '65f0c0ffee65f0c0ffee65f0')
    const { statusCode, body } = await app.inject({
      method: method === 'get' ? 'GET' : 'POST',
      url,
      ...(method !== 'get' && { headers: { 'content-type': 'application/json' }, payload: '[]' })
    })
    if (method !== 'get' && method !== 'post') continue
    const isRefused = statusCode === 401 && /no token|bearer token/.test(body)
    if (isRefused !== (operation.security?.length !== 0)) wrong.push(`${place} answers ${statusCode}`)
  }
  expect(wrong).toEqual([])
})
