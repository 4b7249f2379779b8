import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { Server } from 'node:http'
import express from 'express'
import type { Request, Response } from 'express'
import * as fc from 'fast-check'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RoutingConfig } from '../../../gateway/config/schema.ts'
import { assign } from '../../../gateway/routing/assign.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { configOf, nativeRoutes, requestOf } from './fixture.ts'

const config = configOf(
  [
    { id: 'root', paths: ['/'], methods: ['GET'] },
    { id: 'check-email', paths: ['/users/checkEmail', '/users/users/checkEmail'], methods: ['GET'], native: 'users' },
    { id: 'login', paths: ['/users/login'], methods: ['POST'], native: 'users' },
    { id: 'profile', paths: ['/users/profile'], methods: ['GET'], native: 'users' },
    { id: 'notes.list', paths: ['/api/notes/:consultationId'], methods: ['GET'], native: 'notes' },
    { id: 'notes.write', paths: ['/api/notes/:id'], methods: ['POST', 'PATCH'], native: 'notes' },
    { id: 'prompts.list', paths: ['/api/prompts'], methods: ['GET'] },
    { id: 'prompts.update', paths: ['/api/prompts/:promptId'], methods: ['PATCH'] },
    { id: 'prompts.link', paths: ['/api/prompts/:promptId/add-prompt/:transcriptId'], methods: ['PATCH'] },
    { id: 'files', paths: ['/files/*'], methods: ['GET'] }
  ],
  { defaults: { weight: 100 } }
)
const table = compileRoutingTable(config, nativeRoutes)
const agent = new Agent({ keepAlive: true, maxSockets: 4 })
let express5: Server
const native = fastify({
  routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 4096 }
})

beforeAll(async () => {
  express5 = createServer(expressOf(config)).listen(0, '127.0.0.1')
  await once(express5, 'listening')
  for (const { method, url } of nativeRoutes.filter(route => route.method !== 'HEAD')) {
    native.route({
      method,
      url,
      handler: (_, reply) => reply.header('x-route', 'native').send()
    })
  }
  await native.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  agent.destroy()
  express5.close()
  await native.close()
})

/** The configured routes on a real Express 5: the response says in a header which route ran. */
function expressOf({ routes }: RoutingConfig): express.Express {
  const app = express()
  for (const { id, paths, methods } of routes) {
    const run = (_request: Request, response: Response) => {
      response.set('x-route', id).end()
    }
    for (const path of paths.map(each => each.replace(/\*$/, '*rest'))) {
      for (const method of methods) {
        if (method === 'GET') app.get(path, run)
        else if (method === 'POST') app.post(path, run)
        else if (method === 'PATCH') app.patch(path, run)
        else throw new Error(`no ${method} in this test`)
      }
    }
  }
  return app
}

interface Answer {
  readonly status: number | undefined
  readonly route: unknown
}

async function ask(port: number, method: string, path: string): Promise<Answer> {
  const sent = request({ agent, host: '127.0.0.1', port, method, path }).end()
  const [response] = await once(sent, 'response')
  response.resume()
  await once(response, 'end')
  return { status: response.statusCode, route: response.headers['x-route'] }
}

function portOf(server: { address(): unknown }): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('not listening')
  return Number(address.port)
}

/** In what the table, Express and native do not agree on a request; nothing when they do. */
async function disagreements(method: string, path: string): Promise<string[]> {
  const decided = assign(table, requestOf(method, path))
  const ran = await ask(portOf(express5), method, path)
  const found: string[] = []

  // Express refuses a parameter that does not decode, having found the route: it does not say which.
  if (ran.status !== 400 && decided.route.id !== (ran.route ?? 'unmatched')) {
    found.push(`the table has ${decided.route.id}, Express ran ${String(ran.route)}`)
  }
  if (decided.target === 'native') {
    if (ran.route === undefined) found.push(`Express answers ${ran.status} to what the table gives to native`)
    const served = await ask(portOf(native.server), method, path)
    if (served.route !== 'native') found.push(`native answers ${served.status} to what the table gives to it`)
  }
  return found
}

const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH')

describe('the table and Express 5 have the same idea of a path', () => {
  it.each([
    '/',
    '//',
    '/?',
    '/api/notes/1',
    '/API/Notes/AbC',
    '/api/notes/1/',
    '/api/notes/1//',
    '/api/notes',
    '/api/notes/',
    '/api//notes/1',
    '//api/notes/1',
    '/api/notes//1',
    '/api/notes/a%2Fb',
    '/api/notes/a%2fb/',
    '/api/notes/%41',
    '/api/n%6Ftes/1',
    '/api%2Fnotes/1',
    '/api/notes/%',
    '/api/notes/%zz',
    '/api/notes/%E9',
    '/api/notes/\u00e9',
    '/\u00e4pi/notes/1',
    '/api/notes/1;a=b',
    '/api/notes;a=b/1',
    '/api/notes/.',
    '/api/notes/..',
    '/api/./notes/1',
    '/api/notes/../notes/1',
    '/api/notes/:consultationId',
    '/api/notes/*',
    '/api/notes/a\\b',
    '/api\\notes\\1',
    '/api/notes/1?x=/..//%2F#y',
    '/api/notes/?x',
    '/api/notes/1#x',
    '/api/notes/1#?x',
    '/api/notes#/1',
    '/api/notes/{}[]|^`"<>',
    `/api/notes/${'1'.repeat(101)}`,
    `/api/notes/${'1'.repeat(4080)}`,
    `/api/notes/${'1'.repeat(4097)}`,
    `/api/notes/${'1'.repeat(9000)}`,
    `/api/notes/1?${'1'.repeat(9000)}`,
    '/users/checkEmail',
    '/users/CHECKEMAIL/',
    '/users/users/checkemail?email=a%40b',
    '/users/profile/x',
    '/api/prompts/',
    '/api/prompts//',
    '/files',
    '/files/',
    '/files//',
    '/files/a',
    '/FILES/a//b/../%2F/',
    'http://host/api/notes/1',
    'http://host/users/profile?x',
    'HTTP://host',
    '*'
  ])('GET %s', async path => {
    expect(await disagreements('GET', path)).toEqual([])
    expect(await disagreements('HEAD', path)).toEqual([])
  })

  it.each([
    '/api/prompts/1/add-prompt/2',
    '/api/prompts//add-prompt/2',
    '/api/prompts/1/add-prompt//',
    '/api/notes/1/',
    '/API/PROMPTS/1'
  ])('PATCH %s', async path => {
    expect(await disagreements('PATCH', path)).toEqual([])
  })

  it('on paths put together at random', async () => {
    const known = fc.constantFrom('api', 'API', 'notes', 'prompts', 'add-prompt', 'users', 'profile', 'files', '1')
    const path = fc.array(known, { maxLength: 6 }).map(segments => `/${segments.join('/')}`)
    const property = fc.asyncProperty(method, path, async (...sent) => {
      expect(await disagreements(...sent)).toEqual([])
    })
    await fc.assert(property, { seed: 20_261_123, numRuns: 1000 })
  })

  it('on paths with something odd put into them', async () => {
    const base = fc.constantFrom('/', '/api/notes/1', '/users/profile', '/api/prompts/1/add-prompt/2', '/files/a/b')
    const odd = fc.oneof(
      fc.constantFrom('/', '//', '/.', '/..', '%2F', '%41', '%61', '%25', '%', ';', '\\', '?', '#', '\u00e9', '*', ':'),
      fc.stringMatching(/^[!-~]{1,3}$/)
    )
    const path = fc.tuple(base, fc.nat(), fc.nat({ max: 2 }), odd).map(([whole, at, cut, text]) => {
      const start = 1 + (at % whole.length)
      return whole.slice(0, start) + text + whole.slice(start + cut)
    })
    const property = fc.asyncProperty(method, path, async (...sent) => {
      expect(await disagreements(...sent)).toEqual([])
    })
    await fc.assert(property, { seed: 20_261_123, numRuns: 1000 })
  })
})
