import SwaggerParser from '@apidevtools/swagger-parser'
import { expect, test } from 'vitest'
import { Type } from '@sinclair/typebox'
import { checkAgainst, type OpenApi } from '../../support/documented.ts'
import { get, startScene } from './support.ts'

async function documentOfGateway(): Promise<OpenApi> {
  const scene = await startScene()
  return get(scene, Type.Unsafe<OpenApi>(Type.Object({})), 'GET /api/openapi.json')
}

const operationsOf = (document: OpenApi) =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ place: `${method} ${path}`, path, method, operation }))
  )

test('the document is valid OpenAPI 3.1 and has every call', async () => {
  const document = await documentOfGateway()
  expect(document.openapi).toBe('3.1.0')
  expect(operationsOf(document).map(({ place }) => place)).toEqual(
    expect.arrayContaining([
      'get /api/session',
      'get /api/status',
      'get /api/routes/{id}/windows',
      'post /api/rollouts/{target}/{verb}',
      'put /api/kill-switch',
      'get /api/events',
      'delete /api/credentials/{name}'
    ])
  )
  expect(operationsOf(document)).toHaveLength(29)
  await SwaggerParser.validate(JSON.parse(JSON.stringify(document)))
})

test('every call has an id of its own, says who may call it, and describes every status', async () => {
  const operations = operationsOf(await documentOfGateway())
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { place, operation } of operations) {
    expect({ place, ...operation }).toMatchObject({
      place,
      summary: expect.any(String),
      tags: [expect.any(String)],
      security: [{ credential: [] }]
    })
    const answers = Object.entries(operation.responses)
    expect(answers.map(([status]) => status)).toEqual(expect.arrayContaining(['401', '429', '500']))
    const vague = answers.filter(([, { description }]) => description === '' || description === 'Default Response')
    expect({ place, vague }).toEqual({ place, vague: [] })
  }
})

test('every example is of its schema', async () => {
  const document = await documentOfGateway()
  const check = checkAgainst(document)
  let examples = 0
  for (const { place, path, method, operation } of operationsOf(document)) {
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const [type, { example }] of Object.entries(content)) {
        if (example === undefined) continue
        examples++
        const pointer = ['paths', path, method, 'responses', status, 'content', type, 'schema']
        expect({ place, faults: check(pointer, example) }).toEqual({ place, faults: [] })
      }
    }
    for (const [type, { example }] of Object.entries(operation.requestBody?.content ?? {})) {
      examples++
      const pointer = ['paths', path, method, 'requestBody', 'content', type, 'schema']
      expect({ place, faults: check(pointer, example) }).toEqual({ place, faults: [] })
    }
  }
  expect(examples).toBe(35)
})
