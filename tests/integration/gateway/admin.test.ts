import { once } from 'node:events'
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
          { name: 'state', ok: true },
          { name: 'audit', ok: true },
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
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'x-served-by': 'legacy' },
        body: { upstream: true, url: path }
      })
    }
  )

  test('nothing of the public side is on the admin listener', async () => {
    expect((await call(gateway.adminUrl, '/users/checkEmail?email=a')).status).toBe(404)
    expect(await call(gateway.adminUrl, '/')).toMatchObject({ status: 302, headers: { location: '/dashboard/' } })
  })

  test('the admin listener is bound to loopback unless it is told otherwise', () => {
    expect(new URL(gateway.adminUrl).hostname).toBe('127.0.0.1')
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
    const requests = gateway
      .log()
      .slice(-lines.length)
      .filter(({ msg }) => msg === 'request')
    expect(requests).toHaveLength(calls.length + 2)
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(requests.length)
    expect(Object.keys(last).sort()).toEqual([
      'durationMs',
      'level',
      'method',
      'msg',
      'reason',
      'requestId',
      'revision',
      'route',
      'status',
      'target',
      'time'
    ])
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
