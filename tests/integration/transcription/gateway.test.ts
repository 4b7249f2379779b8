import { once } from 'node:events'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { LogEntry, RunningGateway } from '../../support/gateway.ts'
import { type OpenAiStub, startOpenAiStub } from '../../support/openai-stub.ts'
import { connectRaw, rawExchange } from '../../support/raw.ts'
import { chunk } from '../../support/transcription-client.ts'
import {
  call,
  gatewayForTest,
  NO_DATABASE,
  sample,
  tokenOf,
  unusedDatabaseUri,
  upstreamForTest
} from '../gateway/support.ts'
import { connected, refused, START, STARTED, STOP } from './support.ts'

/** A legacy backend whose sockets greet and echo. */
async function legacyUpstream() {
  const upstream = await upstreamForTest()
  const sockets = new WebSocketServer({ server: upstream.server, path: '/transcription-stream' })
  const urls: string[] = []
  sockets.on('connection', (socket, { url = '' }) => {
    urls.push(url)
    socket.send('legacy')
    socket.on('message', data => socket.send(data))
  })
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  return { ...upstream, urls }
}

let openai: OpenAiStub
let legacy: Awaited<ReturnType<typeof legacyUpstream>>
beforeEach(async () => {
  openai = await startOpenAiStub()
  onTestFinished(() => openai.close())
  legacy = await legacyUpstream()
})

interface Given {
  readonly weight: number
  readonly mongodbUri?: string
  readonly env?: Readonly<Record<string, string>>
}

function gatewayAt({ weight, mongodbUri = unusedDatabaseUri(), env = {} }: Given): Promise<RunningGateway> {
  return gatewayForTest({
    legacyUrl: legacy.url,
    mongodbUri,
    weights: { 'transcription.stream': weight },
    env: { OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'a key', SHUTDOWN_TIMEOUT_MS: '20000', ...env }
  })
}

function requestLine(gateway: RunningGateway, requestId: string): Promise<LogEntry> {
  return gateway.waitForLog(entry => (entry['requestId'] === requestId ? entry : undefined))
}

const HANDSHAKE = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

function raw(gateway: RunningGateway, fields: readonly string[]) {
  return rawExchange(Number(new URL(gateway.url).port), upgradeWith(fields))
}

function upgradeWith(fields: readonly string[]): string {
  const upgrade = ['GET /transcription-stream HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket']
  return [...upgrade, ...fields, '', ''].join('\r\n')
}

describe('served natively', () => {
  test('the answer says who served it, the end is counted and logged, and legacy hears nothing', async () => {
    const gateway = await gatewayAt({ weight: 100 })
    const client = await connected(gateway.url, { headers: { 'x-request-id': 'mine-1' } })
    expect(client.headers).toMatchObject({ 'x-request-id': 'mine-1', 'x-served-by': 'native' })
    client.send(START)
    expect(await client.next()).toBe(STARTED)
    client.socket.close(1000)
    expect(await requestLine(gateway, 'mine-1')).toMatchObject({
      msg: 'request',
      method: 'GET',
      route: 'transcription.stream',
      target: 'native',
      reason: 'weight',
      status: 101
    })
    const metrics = await call(gateway.adminUrl, '/metrics')
    const labels = { route: 'transcription.stream', target: 'native', status_class: '1xx' }
    expect(sample(metrics.text, 'gateway_requests_total', labels)).toBe(1)
    // A scrape asks it whether it is there, of `/`.
    expect(legacy.requests.filter(({ url }) => url !== '/')).toEqual([])
    expect(legacy.urls).toEqual([])
  })

  test('what is refused is logged with what the client got, and without a handshake nothing is there', async () => {
    const gateway = await gatewayAt({ weight: 100 })
    expect((await raw(gateway, ['Host: a', 'X-Request-Id: no-key', 'Sec-WebSocket-Version: 13'])).status).toBe(400)
    expect(await requestLine(gateway, 'no-key')).toMatchObject({ status: 400, target: 'native' })

    const severalHosts = ['Host: a', 'Host: b', ...HANDSHAKE, 'X-Request-Id: hosts']
    expect((await raw(gateway, severalHosts)).status).toBe(400)
    expect(await requestLine(gateway, 'hosts')).toMatchObject({ status: 400 })

    const secret = tokenOf('somebody', 'a secret of somebody else, long enough')
    const options = { path: `/transcription-stream?token=${secret}`, headers: { 'x-request-id': 'forged' } }
    expect(await refused(gateway.url, options)).toMatchObject({
      status: 401,
      headers: { 'x-request-id': 'forged', 'x-served-by': 'native' }
    })
    expect(await requestLine(gateway, 'forged')).toMatchObject({ status: 401, target: 'native' })
    expect(gateway.lines().join('\n')).not.toContain(secret)

    expect(await call(gateway.url, '/transcription-stream')).toMatchObject({
      status: 404,
      body: { msg: 'Not found' },
      headers: { 'x-served-by': 'native' }
    })
    expect([legacy.requests, legacy.urls]).toEqual([[], []])
  })

  test('v1 is native whatever the weight', async () => {
    const gateway = await gatewayAt({ weight: 0 })
    const path = '/api/v1/transcription-stream'
    expect(await refused(gateway.url, { path })).toMatchObject({ status: 401, body: { error: expect.anything() } })
    const client = await connected(gateway.url, { path, token: tokenOf('0123456789abcdef01234567') })
    client.send(START)
    expect(await client.next()).toBe(STARTED)
    expect(legacy.urls).toEqual([])
  })

  test('a deployment can ask for tokens', async () => {
    const gateway = await gatewayAt({ weight: 100, env: { TRANSCRIPTION_REQUIRE_TOKEN: 'true' } })
    expect(await refused(gateway.url)).toMatchObject({ status: 401, body: { msg: 'Please login, no token provided' } })
  })

  test('what fails before the handshake is tunnelled to legacy, where the route allows it', async () => {
    const gateway = await gatewayAt({ weight: 100, mongodbUri: NO_DATABASE })
    // Without its database native cannot tell whether the token was logged out.
    const path = `/transcription-stream?token=${tokenOf('0123456789abcdef01234567')}`
    const client = await connected(gateway.url, { path, headers: { 'x-request-id': 'fallen' } })
    expect(client.headers).toMatchObject({ 'x-request-id': 'fallen', 'x-served-by': 'legacy' })
    client.send('echo')
    expect(await client.next()).toBe('echo')
    client.socket.close()
    expect(await requestLine(gateway, 'fallen')).toMatchObject({ status: 101, target: 'legacy' })
    const metrics = await call(gateway.adminUrl, '/metrics')
    const labels = { route: 'transcription.stream', upstream: 'legacy' }
    expect(sample(metrics.text, 'gateway_fallbacks_total', labels)).toBe(1)
  })
})

test('a client that leaves while its token is looked at harms nobody', async () => {
  const gateway = await gatewayAt({ weight: 100, mongodbUri: NO_DATABASE })
  const token = tokenOf('0123456789abcdef01234567')
  const client = await connectRaw(Number(new URL(gateway.url).port))
  client.send(upgradeWith(['Host: a', ...HANDSHAKE, `Authorization: Bearer ${token}`, 'X-Request-Id: gone']))
  client.socket.resetAndDestroy()
  expect(await requestLine(gateway, 'gone')).toMatchObject({ status: 499, target: 'native' })
  // What was given up comes to its end before this one does.
  const other = await connected(gateway.url, { token })
  expect(other.headers['x-served-by']).toBe('legacy')
})

test('a token decides the side, wherever it is', async () => {
  const gateway = await gatewayAt({ weight: 50 })
  const sides = new Set<unknown>()
  for (let user = 0; user < 16; user++) {
    const token = tokenOf(user.toString(16).padStart(24, '0'))
    const shown = [{ token }, { token }, { path: `/transcription-stream?token=${token}` }]
    const clients = await Promise.all(shown.map(options => connected(gateway.url, options)))
    const served = new Set(clients.map(({ headers }) => headers['x-served-by']))
    expect(served.size).toBe(1)
    for (const side of served) sides.add(side)
    for (const { socket } of clients) socket.close()
  }
  expect(sides).toEqual(new Set(['legacy', 'native']))
})

describe('when the gateway stops', () => {
  const TIMEOUT_MS = 20_000

  test('native clients are told to leave, and what they had under way is given up', async () => {
    const gateway = await gatewayAt({ weight: 100 })
    openai.behave(() => {})
    const client = await connected(gateway.url)
    client.send(START, chunk('HEAD'), STOP)
    const upload = await openai.request(1)
    const began = performance.now()
    process.kill(gateway.pid, 'SIGTERM')
    expect(await client.closed).toEqual([1001, 'going away'])
    expect(await upload.ended).toBe('abandoned')
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS / 2)
    expect(gateway.log().filter(({ msg }) => msg === 'request')).toMatchObject([{ status: 101, target: 'native' }])
  })

  test.each([
    ['a native client that does not answer', 100],
    ['a tunnel in which nothing happens', 0]
  ])('%s does not hold it up', async (_, weight) => {
    const gateway = await gatewayAt({ weight })
    const client = await connected(gateway.url)
    if (weight === 100) client.socket.pause()
    const began = performance.now()
    process.kill(gateway.pid, 'SIGTERM')
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS / 2)
    expect(gateway.log().filter(({ msg }) => msg === 'request')).toMatchObject([{ status: 101 }])
  })

  test('a tunnel may go on while a request is in flight', async () => {
    const answered = Promise.withResolvers<void>()
    const upstream = await upstreamForTest((_request, response) => {
      void answered.promise.then(() => response.end('at last'))
    })
    const sockets = new WebSocketServer({ server: upstream.server })
    sockets.on('connection', socket => socket.on('message', data => socket.send(data)))
    const gateway = await gatewayForTest({ legacyUrl: upstream.url, env: { SHUTDOWN_TIMEOUT_MS: String(TIMEOUT_MS) } })
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/transcription-stream`)
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    const slow = call(gateway.url, '/slow')
    await expect.poll(() => upstream.requests.length).toBe(1)
    process.kill(gateway.pid, 'SIGTERM')
    // Longer than a tunnel alone is let.
    const until = performance.now() + 2_500
    while (performance.now() < until) {
      socket.send('still there?')
      expect(String((await once(socket, 'message'))[0])).toBe('still there?')
    }
    answered.resolve()
    expect((await slow).text).toBe('at last')
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
  })
})
