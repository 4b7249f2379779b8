import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createAssigner } from '../../../gateway/assigner.ts'
import { CallerIdentity } from '../../../gateway/caller-identity.ts'
import { addressResolver, networkTest } from '../../../gateway/client-address.ts'
import { parseRoutingConfig } from '../../../gateway/config/parse.ts'
import { registerNativeSide } from '../../../gateway/native-side.ts'
import { createRelay } from '../../../gateway/proxy/relay.ts'
import { createUpstreams, resolveTargets } from '../../../gateway/proxy/upstreams.ts'
import { createPublicServer } from '../../../gateway/public-server.ts'
import { compileRoutingTable, type RoutingTable } from '../../../gateway/routing/table.ts'
import { createMetrics } from '../../../gateway/telemetry/metrics.ts'
import { createObserver } from '../../../gateway/telemetry/observe.ts'
import { connectDatabase, type Database, type NativeModule } from '../../../services/index.ts'
import { call, JWT_SECRET, NO_DATABASE, startUpstream, type Upstream } from './support.ts'

/** A native service that fails in every way that one can. */
const failing: NativeModule = {
  name: 'failing',
  async plugin(app) {
    app.get('/fine', async () => ({ native: true }))
    app.route({ method: ['GET', 'POST', 'DELETE'], url: '/throws', handler: throwing })
    app.get('/kept', throwing)
    app.get('/sends', (_request, reply) => void reply.code(503).send({ native: true }))
    app.get('/returns', async (_request, reply) => reply.code(500).send('native'))
    app.get('/hook', { onRequest: throwing }, async () => ({ native: true }))
    app.get('/serialises', async () => ({ native: 1n }))
    app.get('/refuses', async (_request, reply) => reply.code(404).send({ native: true }))
    app.get('/throws404', async () => {
      throw Object.assign(new Error('no such thing'), { statusCode: 404 })
    })
    app.get('/headers', async (_request, reply) => reply.header('x-native', 'yes').code(500).send({ native: true }))
    app.get('/breaks', (_request, reply) => void reply.type('text/plain').send(Readable.from(breaking())))
  }
}

async function throwing(): Promise<never> {
  throw new Error('a defect of a native service')
}

async function* breaking() {
  yield 'a first part, '
  throw new Error('a defect after the header was sent')
}

const PATHS = ['fine', 'throws', 'sends', 'returns', 'hook', 'serialises', 'refuses', 'throws404', 'headers', 'breaks']
const ROUTE = {
  id: 'failing',
  paths: PATHS.map(path => `/${path}`),
  methods: ['GET', 'POST', 'DELETE'],
  native: 'failing'
}
const CONFIG = {
  version: 1,
  targets: { legacy: { url: '${LEGACY_URL}' } },
  defaults: { weight: 100, fallback: true, servedByHeader: true },
  routes: [ROUTE, { ...ROUTE, id: 'kept', paths: ['/kept'], methods: ['GET'], fallback: false }]
}

let upstream: Upstream
let database: Database
let app: FastifyInstance
let url: string
const upstreams = createUpstreams()
const fellBack: string[] = []

beforeAll(async () => {
  upstream = await startUpstream()
  database = await connectDatabase(NO_DATABASE)
  const { config } = parseRoutingConfig(JSON.stringify(CONFIG), new Set(['failing']))
  if (config === undefined) throw new Error('the configuration of the test is refused')
  upstreams.apply(resolveTargets(config, { LEGACY_URL: upstream.url }))
  const relay = createRelay({ upstream: name => upstreams.get(name), draining: () => false })

  let table: RoutingTable
  const assigner = createAssigner({
    revision: () => ({ number: 1, digest: '', text: '', config, table, loadedAt: new Date() }),
    resolveAddress: addressResolver([]),
    identity: new CallerIdentity({
      jwtSecret: JWT_SECRET,
      overrideNetwork: networkTest([]),
      overrideCredential: ''
    }),
    breakers: { isOpen: () => false, began: () => {} }
  })
  const logger = pino({ level: 'silent' })
  const observer = createObserver(createMetrics('0'), logger, () => {})
  app = createPublicServer({ assigner, relay, observer, logger, requestTimeout: 60_000 })
  const nativeRoutes = await registerNativeSide(app, {
    modules: [failing],
    platform: { database, jwtSecret: JWT_SECRET },
    relay,
    draining: () => false,
    onFallback: edge => void fellBack.push(edge.assignment.route.id)
  })
  table = compileRoutingTable(config, nativeRoutes)
  url = await app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  await app.close()
  await upstreams.close()
  await upstream.close()
  await database.close()
})

beforeEach(() => {
  upstream.requests.splice(0)
  fellBack.splice(0)
})

test('an answer of native is native', async () => {
  expect(await call(url, '/fine')).toMatchObject({
    status: 200,
    headers: { 'x-served-by': 'native' },
    body: { native: true }
  })
  expect(upstream.requests).toEqual([])
})

test.each([
  ['an exception', '/throws'],
  ['a 5xx that is sent', '/sends'],
  ['a 5xx that is returned', '/returns'],
  ['a 5xx with a header of its own', '/headers'],
  ['an exception in a hook', '/hook'],
  ['an answer that cannot be written as JSON', '/serialises']
])('%s falls back, once, and nothing of the native answer is left', async (_, path) => {
  for (const method of ['GET', 'HEAD'] as const) {
    upstream.requests.splice(0)
    fellBack.splice(0)
    const answer = await call(url, `${path}?a=1&a=2`, { method })
    expect(answer).toMatchObject({ status: 200, headers: { 'x-served-by': 'legacy' } })
    expect(answer.headers['x-native']).toBeUndefined()
    const expected = method === 'HEAD' ? '' : JSON.stringify({ upstream: true, method, url: `${path}?a=1&a=2` })
    expect(answer.text).toBe(expected)
    expect(upstream.requests).toMatchObject([{ method, url: `${path}?a=1&a=2` }])
    expect(fellBack).toEqual(['failing'])
  }
})

test.each([
  ['/refuses', { native: true }],
  ['/throws404', expect.anything()]
])('a 404 of %s is an answer', async (path, body) => {
  expect(await call(url, path)).toMatchObject({ status: 404, headers: { 'x-served-by': 'native' }, body })
  expect(upstream.requests).toEqual([])
})

test.each([
  ['a POST', '/throws', { method: 'POST', body: { a: 1 } }],
  ['a POST without a body', '/throws', { method: 'POST' }],
  ['a DELETE', '/throws', { method: 'DELETE' }],
  ['a GET with a body', '/throws', { method: 'GET', body: { a: 1 } }],
  ['a route with fallback off', '/kept', {}]
] as const)('%s does not fall back', async (_, path, options) => {
  expect(await call(url, path, options)).toMatchObject({
    status: 500,
    headers: { 'x-served-by': 'native' },
    body: { msg: 'Internal server error' }
  })
  expect(upstream.requests).toEqual([])
  expect(fellBack).toEqual([])
})

test('what breaks after its header was sent breaks the connection, and is not begun again elsewhere', async () => {
  await expect(call(url, '/breaks')).rejects.toThrow(/other side closed|aborted|terminated|ECONNRESET/)
  expect(upstream.requests).toEqual([])
  expect(fellBack).toEqual([])
})
