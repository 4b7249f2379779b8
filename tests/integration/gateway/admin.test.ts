import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type RunningDatabase, startDatabase } from '../../support/database.ts'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import {
  bearer,
  type Call,
  call,
  decisionOn,
  JWT_SECRET,
  marker,
  routesWith,
  sample,
  servedBy,
  startUpstream,
  tokenOf,
  type Upstream
} from './support.ts'

const CONFIG = {
  targets: { legacy: { url: '${LEGACY_URL}' }, nobody: { url: 'http://127.0.0.1:9' } },
  routes: routesWith({
    'users.check-email': { weight: 100 },
    'users.login': { weight: 100 },
    'users.register': { weight: 100 },
    'users.profile': { weight: 50 },
    'notes.list': { weight: 100 },
    'prompts.list': { upstream: 'nobody' }
  })
}
const LABELS = new Set(['route', 'target', 'reason', 'status_class', 'upstream', 'failure', 'le', 'version', 'kind', 'major', 'minor', 'patch', 'type', 'space'])

let database: RunningDatabase
let upstream: Upstream
let gateway: RunningGateway

beforeAll(async () => {
  // A database of its own, because it is stopped.
  ;[database, upstream] = await Promise.all([startDatabase(), startUpstream()])
  const sockets = new WebSocketServer({ server: upstream.server })
  sockets.on('connection', socket => socket.close(1000))
  gateway = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: database.uri,
    jwtSecret: JWT_SECRET,
    config: CONFIG
  })
})

afterAll(async () => {
  await gateway.stop()
  await upstream.close()
  await database.stop()
})

const metrics = async () => (await call(gateway.adminUrl, '/metrics')).text

async function checksOf(): Promise<{ status: number; body: unknown }> {
  const { status, body } = await call(gateway.adminUrl, '/readyz')
  return { status, body }
}

describe('health', () => {
  test('/livez is 200 while the process answers', async () => {
    expect(await call(gateway.adminUrl, '/livez')).toMatchObject({ status: 200, body: { status: 'alive' } })
  })

  test('/readyz is 200 when everything answers, and lists each check', async () => {
    await expect.poll(checksOf).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: [
          { name: 'shutdown', ok: true },
          { name: 'configuration', ok: true, detail: { revision: 1, problems: [] } },
          { name: 'database', ok: true },
          { name: 'legacy', ok: true }
        ]
      }
    })
  })

  test.each(['/livez', '/readyz', '/metrics', '/LIVEZ/', '/readyz?verbose', '/metrics/'])(
    'nothing of it is on the public listener: %s goes to legacy',
    async path => {
      const answer = await call(gateway.url, path)
      expect(answer).toMatchObject({ status: 200, headers: { 'x-served-by': 'legacy' }, body: { upstream: true, url: path } })
    }
  )

  test('nothing of the public side is on the admin listener', async () => {
    expect((await call(gateway.adminUrl, '/users/checkEmail?email=a')).status).toBe(404)
    expect((await call(gateway.adminUrl, '/')).status).toBe(404)
  })

  test('the admin listener is bound to loopback unless it is told otherwise', () => {
    expect(new URL(gateway.adminUrl).hostname).toBe('127.0.0.1')
  })
})

describe('metrics', () => {
  /** Every sample: name, labels, value. */
  async function samples() {
    return (await metrics())
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => {
        const [, name = '', labels = '', value = ''] = /^([a-zA-Z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
        const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
        return { name, labels: new Map(pairs.map(([key = '', text = '']) => [key, text])), value: Number(value) }
      })
  }

  test('every request is counted once, under its route, target, reason and status class', async () => {
    const count = async (labels: Record<string, string>) =>
      sample(await metrics(), 'gateway_requests_total', labels) ?? 0
    const cases: [string, Call, Record<string, string>][] = [
      ['/users/checkEmail?email=a', {}, { route: 'users.check-email', target: 'native', reason: 'weight', status_class: '2xx' }],
      ['/users/login', { method: 'POST', body: [] }, { route: 'users.login', target: 'native', reason: 'weight', status_class: '4xx' }],
      ['/', {}, { route: 'root', target: 'legacy', reason: 'no-native', status_class: '2xx' }],
      ['/nowhere/at/all', {}, { route: 'unmatched', target: 'legacy', reason: 'unmatched', status_class: '2xx' }],
      ['/api/prompts', {}, { route: 'prompts.list', target: 'nobody', reason: 'no-native', status_class: '5xx' }]
    ]
    for (const [path, options, labels] of cases) {
      const before = await count(labels)
      await call(gateway.url, path, options)
      await expect.poll(() => count(labels)).toBe(before + 1)
    }
    expect(sample(await metrics(), 'gateway_upstream_failures_total', { route: 'prompts.list' })).toBe(1)
  })

  test('a client that leaves before its answer is counted as aborted', async () => {
    const silent = await startUpstream(() => {})
    await gateway.reconfigure({ ...CONFIG, targets: { ...CONFIG.targets, legacy: { url: silent.url } } })
    const outgoing = httpRequest(`${gateway.url}/never`)
    const failed = once(outgoing, 'error')
    outgoing.end()
    await expect.poll(() => silent.requests.length).toBe(1)
    outgoing.destroy(new Error('the client leaves'))
    await failed
    await expect
      .poll(async () => sample(await metrics(), 'gateway_requests_total', { route: 'unmatched', status_class: 'aborted' }))
      .toBe(1)
    await gateway.reconfigure(CONFIG)
    await silent.close()
  })

  test('histogram and counter agree, for every combination of labels', async () => {
    const all = await samples()
    const keyOf = (labels: ReadonlyMap<string, string>) =>
      [...labels].filter(([key]) => key !== 'le').map(([key, value]) => `${key}=${value}`).sort().join()
    const valuesOf = (name: string, wanted: (labels: ReadonlyMap<string, string>) => boolean = () => true) =>
      Object.fromEntries(
        all.filter(each => each.name === name && wanted(each.labels)).map(each => [keyOf(each.labels), each.value])
      )
    const counters = valuesOf('gateway_requests_total')
    expect(Object.keys(counters).length).toBeGreaterThanOrEqual(6)
    expect(valuesOf('gateway_request_duration_seconds_count')).toEqual(counters)
    expect(valuesOf('gateway_request_duration_seconds_bucket', labels => labels.get('le') === '+Inf')).toEqual(counters)
  })

  test('weights and revision are those that serve, and the process tells of itself', async () => {
    const text = await metrics()
    for (const { id, weight } of routesOf()) {
      expect(sample(text, 'gateway_route_weight_percent', { route: id })).toBe(weight)
    }
    expect(sample(text, 'gateway_config_revision')).toBeGreaterThanOrEqual(1)
    expect(sample(text, 'gateway_config_last_reload_successful')).toBe(1)
    expect(sample(text, 'gateway_config_problems')).toBe(0)
    expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })

  test('labels come from the routing table, never from a request', async () => {
    const mark = marker()
    await call(gateway.url, `/users/checkEmail?email=${mark}`)
    await call(gateway.url, `/api/notes/${mark}`, { headers: { ...bearer(mark), 'x-request-id': mark } })
    await call(gateway.url, `/${mark}`, { method: 'PATCH', headers: { 'x-gateway-target': mark } })
    const values = new Map(Object.entries({ route: routesOf().map(({ id }) => id).concat('unmatched') }))
    const ours = (await samples()).filter(({ name }) => name.startsWith('gateway_'))
    expect(ours.length).toBeGreaterThan(50)
    for (const { labels } of ours) {
      for (const [label, value] of labels) {
        expect(LABELS).toContain(label)
        if (label === 'route') expect(values.get('route')).toContain(value)
        if (label === 'target' || label === 'upstream') expect(['native', 'legacy', 'nobody']).toContain(value)
        if (label === 'status_class') expect(value).toMatch(/^(?:[1-5]xx|aborted)$/)
      }
    }
    expect(await metrics()).not.toContain(mark)
  })
})

describe('logs', () => {
  test('one line a request, whoever served it, and nothing that the client wrote but its method', async () => {
    const mark = marker()
    // What is logged is logged in order: with this line every earlier one is there.
    await decisionOn(gateway, '/')
    const linesBefore = gateway.lines().length
    const email = `${mark}@example.org`
    const headers = {
      'user-agent': mark,
      cookie: `session=${mark}`,
      'x-patient': mark,
      'x-request-id': `not sane ${mark}`,
      referer: `http://example.org/${mark}`
    }
    const credentials = { username: mark, email, password: `${mark}-password`, role: mark }
    const calls: [string, Call][] = [
      [`/users/checkEmail?email=${email}`, { headers }],
      ['/users/login', { method: 'POST', headers, body: credentials }],
      ['/users/register', { method: 'POST', headers, body: credentials }],
      ['/users/profile', { headers: { ...headers, authorization: `Bearer ${tokenOf(mark)}` } }],
      ['/users/profile', { headers: { ...headers, authorization: `Bearer ${mark}` } }],
      [`/api/notes/${mark}`, { headers: { ...headers, ...bearer('65f0c0ffee65f0c0ffee65f0') } }],
      [`/api/notes/%6${mark}`, { headers }],
      [`/api/prompts?name=${mark}`, { headers }],
      [`/${mark}?${mark}=${mark}#${mark}`, { headers, method: 'DELETE' }],
      ['/users/checkEmail?email[$ne]=1', { headers: { ...headers, 'x-gateway-target': mark } }]
    ]
    for (const [path, options] of calls) await call(gateway.url, path, options)
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/transcription-stream?${mark}`, { headers })
    await once(socket, 'close')
    const last = await decisionOn(gateway, '/')

    const lines = gateway.lines().slice(linesBefore)
    expect(lines.join('\n')).not.toContain(mark)
    expect(lines.filter(line => !line.startsWith('{'))).toEqual([])
    const requests = gateway.log().slice(-lines.length).filter(({ msg }) => msg === 'request')
    expect(requests).toHaveLength(calls.length + 2)
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(requests.length)
    expect(Object.keys(last).sort()).toEqual(
      ['durationMs', 'hostname', 'level', 'method', 'msg', 'pid', 'reason', 'requestId', 'revision', 'route', 'status', 'target', 'time']
    )
  })

  test('a failure of native is told by its kind only', async () => {
    const mark = marker()
    await database.pause()
    const linesBefore = gateway.lines().length
    const failed = await decisionOn(gateway, '/users/login', {
      method: 'POST',
      body: { email: `${mark}@example.org`, password: mark }
    })
    expect(failed).toMatchObject({ target: 'native', status: 503 })
    const lines = gateway.lines().slice(linesBefore)
    expect(lines.join('\n')).not.toMatch(new RegExp(`${mark}|127\\.0\\.0\\.1|ECONNREFUSED .*:|\\.ts:`))
    expect(lines.filter(line => line.includes('request failed'))).toHaveLength(1)
  })
})

describe('what is not ready', () => {
  test('a database that does not answer: 503, and why', async () => {
    await database.pause()
    expect(await checksOf()).toMatchObject({
      status: 503,
      body: {
        status: 'not ready',
        checks: expect.arrayContaining([
          { name: 'database', ok: false, advisory: false, why: 'the database does not answer' }
        ])
      }
    })
    expect((await call(gateway.adminUrl, '/livez')).status).toBe(200)
    await database.restart()
    await expect.poll(async () => (await checksOf()).status, { timeout: 10_000, interval: 50 }).toBe(200)
  })

  test('a legacy that does not answer is told, but no other replica would do better: 200', async () => {
    await gateway.reconfigure({ ...CONFIG, targets: { ...CONFIG.targets, legacy: { url: 'http://127.0.0.1:9' } } })
    expect(await checksOf()).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: expect.arrayContaining([
          { name: 'legacy', ok: false, advisory: true, why: 'the legacy backend does not answer' }
        ])
      }
    })
    expect(await servedBy(gateway.url, '/users/checkEmail?email=a')).toBe('native')
  })
})

function routesOf(): { id: string; weight: number }[] {
  return CONFIG.routes.map(route => {
    if (!('id' in route) || !('weight' in route)) throw new Error('a route without id or weight')
    return { id: String(route.id), weight: Number(route.weight) }
  })
}
