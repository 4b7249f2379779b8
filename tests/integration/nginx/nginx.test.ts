import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { Agent, type Dispatcher, request } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { nginxConfig } from '../../../nginx/config.ts'
import { readSettings } from '../../../nginx/settings.ts'
import { parseRoutingConfig } from '../../../gateway/config/parse.ts'
import { Refusal } from '../../../services/platform/v1-errors.ts'
import { freePort } from '../../support/process.ts'
import { type NginxOptions, renderNginx, startNginx } from '../../support/nginx.ts'
import { upstreamForTest } from '../gateway/support.ts'

const run = promisify(execFile)
const agent = new Agent({ connect: { rejectUnauthorized: false } })
const MEGABYTE = 1024 * 1024

const hostOf = (url: string) => new URL(url).host

/** Somewhere that nobody listens. */
const nobody = async () => `127.0.0.1:${await freePort()}`

async function nginxForTest(options: NginxOptions) {
  const nginx = await startNginx(options)
  onTestFinished(() => nginx.stop())
  return nginx
}

async function ask(url: string, path: string, options: Partial<Dispatcher.RequestOptions> = {}) {
  const answer = await request(url + path, { dispatcher: agent, method: 'GET', ...options })
  const text = await answer.body.text()
  return { status: answer.statusCode, headers: answer.headers, text }
}

/** A gateway that accepts a request and dies before it answers. */
async function dyingGateway(): Promise<string> {
  const server = createServer(({ socket }) => void socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  return `127.0.0.1:${address.port}`
}

const counting: RequestListener = (incoming, response) => {
  void buffer(incoming).then(body => response.end(JSON.stringify({ bytes: body.length })))
}

test('what is rendered passes nginx -t, with all settings', async () => {
  const rendered = await renderNginx({
    gateways: ['gateway-1:8080', '127.0.0.1:8082', '[::1]:8083'].slice(1),
    legacyUrl: 'https://127.0.0.1:9443',
    env: { HSTS_SECONDS: '31536000', REAL_IP_FROM: '10.0.0.0/8,::1', SERVER_NAME: 'scribe.example.org *.nhs.example' }
  })
  onTestFinished(() => rm(rendered.directory, { recursive: true }))
  const { stderr } = await run('nginx', ['-t', '-c', rendered.configFile, '-p', rendered.directory])
  expect(stderr).toContain('test is successful')
})

test.each([
  ['GATEWAY_UPSTREAMS', 'a:1; evil'],
  ['GATEWAY_UPSTREAMS', 'gateway'],
  ['LEGACY_URL', 'http://legacy/path'],
  ['SERVER_NAME', 'a;b'],
  ['TLS_CERTIFICATE', '/etc/$secret'],
  ['TLS_CERTIFICATE', 'relative.pem'],
  ['HTTPS_PORT', '0'],
  ['REAL_IP_FROM', '10.0.0.0/33'],
  ['RUN_DIRECTORY', '/tmp/a b']
])('%s=%s is refused, and nothing else is', async (name, value) => {
  const env = { ...COMPLETE, [name]: value }
  expect(() => readSettings(env)).toThrow(new RegExp(`configured:\\n +${name} is wrong: [^\\n]+$`))
})

const COMPLETE = {
  GATEWAY_UPSTREAMS: '127.0.0.1:1',
  LEGACY_URL: 'http://127.0.0.1:2',
  TLS_CERTIFICATE: '/c.pem',
  TLS_CERTIFICATE_KEY: '/k.pem'
}

test('a path of a route cannot break out of the pattern that it becomes', () => {
  const paths = ['/a.b-c', '/x/:id', '/y/*']
  const routes = [{ id: 'odd', paths, methods: ['GET'], nativeOnly: true }]
  const text = JSON.stringify({ version: 1, targets: { legacy: { url: 'http://127.0.0.1:1' } }, routes })
  const { config, problems } = parseRoutingConfig(text, new Set())
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  const rendered = nginxConfig(config, readSettings(COMPLETE))
  const patterns = rendered.split('\n').flatMap(line => /^ +"~\*(\^.*)" 1;$/.exec(line)?.[1] ?? [])
  expect(patterns).toEqual(['^/a\\x{2e}b-c/?$', '^/x/[^/]+/?$', '^/y/.*/?$'])
})

describe('with gateways that answer', () => {
  test('both protocols; what is forwarded is what nginx saw', async () => {
    const gateway = await upstreamForTest((incoming, response) => {
      response.setHeader('x-served-by', 'native').end(JSON.stringify(incoming.headers))
    })
    const legacy = await upstreamForTest()
    const nginx = await nginxForTest({ gateways: [hostOf(gateway.url)], legacyUrl: legacy.url })
    const spoofed = {
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
      forwarded: 'for=203.0.113.9',
      'x-request-id': 'mine-1'
    }
    const first = await ask(nginx.httpsUrl, '/api/notes/1?a=%2F', { headers: spoofed })
    expect(first.headers['x-served-by']).toBe('native')
    const seen: unknown = JSON.parse(first.text)
    expect(seen).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': hostOf(nginx.httpsUrl),
      'x-request-id': 'mine-1'
    })
    expect(seen).not.toHaveProperty('forwarded')
    expect(gateway.requests[0]?.url).toBe('/api/notes/1?a=%2F')

    const session = connectHttp2(nginx.httpsUrl, { rejectUnauthorized: false })
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/second', 'x-forwarded-for': '203.0.113.9' })
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(200)
    expect(JSON.parse((await buffer(stream)).toString())).toMatchObject({ 'x-forwarded-for': '127.0.0.1' })

    const plain = await fetch(`${nginx.httpUrl}/a?b=c`, { redirect: 'manual' })
    expect([plain.status, plain.headers.get('location')]).toEqual([308, 'https://127.0.0.1/a?b=c'])
    expect(legacy.requests).toEqual([])
  })

  test('their answers stay as they are, failures too', async () => {
    const gateway = await upstreamForTest((incoming, response) => {
      response.writeHead(Number(incoming.url?.slice(1)), { 'content-type': 'text/plain' }).end('as it is')
    })
    const legacy = await upstreamForTest()
    const nginx = await nginxForTest({ gateways: [hostOf(gateway.url)], legacyUrl: legacy.url })
    for (const status of [404, 500, 502, 503, 504]) {
      expect(await ask(nginx.httpsUrl, `/${status}`)).toMatchObject({ status, text: 'as it is' })
    }
    expect(gateway.requests).toHaveLength(5)
    expect(legacy.requests).toEqual([])
  })

  test('an upload streams through, and a silent log holds no query', async () => {
    const gateway = await upstreamForTest(counting)
    const legacy = await upstreamForTest()
    const nginx = await nginxForTest({ gateways: [hostOf(gateway.url)], legacyUrl: legacy.url })
    const body = Readable.from(Array.from({ length: 32 }, () => Buffer.alloc(MEGABYTE)))
    const { text } = await ask(nginx.httpsUrl, '/upload?token=secret', { method: 'POST', body })
    expect(JSON.parse(text)).toEqual({ bytes: 32 * MEGABYTE })
    await expect.poll(() => nginx.log().at(-1)).toMatchObject({ status: 200, lastResort: 0, method: 'POST' })
    expect(JSON.stringify(nginx.log())).not.toContain('secret')
  })

  test('one that cannot be reached is left out, for what must not be repeated too', async () => {
    const gateway = await upstreamForTest(counting)
    const legacy = await upstreamForTest()
    const nginx = await nginxForTest({ gateways: [await nobody(), hostOf(gateway.url)], legacyUrl: legacy.url })
    for (let round = 0; round < 10; round++) {
      const answer = await ask(nginx.httpsUrl, '/notes', { method: 'POST', body: 'a note' })
      expect(answer).toMatchObject({ status: 200, text: '{"bytes":6}' })
    }
    expect(gateway.requests).toHaveLength(10)
    expect(legacy.requests).toEqual([])
  })
})

describe('the last resort', () => {
  test('with no gateway, safe and unsafe requests go to legacy, once each, marked', async () => {
    const legacy = await upstreamForTest(counting)
    const directory = await mkdtemp(join(tmpdir(), 'scribe-log-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const lastResortLog = join(directory, 'last-resort.log')
    const nginx = await nginxForTest({
      gateways: [await nobody(), await nobody()],
      legacyUrl: legacy.url,
      env: { LAST_RESORT_LOG: lastResortLog }
    })
    const big = Buffer.alloc(5 * MEGABYTE)
    const answers = [
      await ask(nginx.httpsUrl, '/api/notes/1', { headers: { 'x-gateway-target': 'native' } }),
      await ask(nginx.httpsUrl, '/api/notes/1', { method: 'POST', body: 'a note' }),
      await ask(nginx.httpsUrl, '/upload', { method: 'POST', body: Readable.from([big, big]) }),
      await ask(nginx.httpsUrl, '/users/login', { method: 'PUT', body: big })
    ]
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, headers: { 'x-served-by': 'legacy-last-resort' } })
    }
    expect(answers.map(({ text }) => text)).toEqual(
      [0, 6, 10 * MEGABYTE, 5 * MEGABYTE].map(bytes => `{"bytes":${bytes}}`)
    )
    expect(legacy.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST', 'PUT'])
    expect(legacy.requests[0]?.headers).not.toHaveProperty('x-gateway-target')
    expect(legacy.requests[0]?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' })
    await ask(nginx.httpsUrl, '/docs')
    // Before them all, the test's own question whether nginx listens.
    await expect.poll(() => nginx.log().map(({ lastResort }) => lastResort)).toEqual([0, 1, 1, 1, 1, 0])
    expect((await readFile(lastResortLog, 'utf8')).match(/"lastResort":1/g)).toHaveLength(4)
  })

  test('what a gateway had begun is not sent again unless it may be', async () => {
    const legacy = await upstreamForTest(counting)
    const nginx = await nginxForTest({ gateways: [await dyingGateway()], legacyUrl: legacy.url })
    const post = await ask(nginx.httpsUrl, '/api/notes/1', { method: 'POST', body: 'a note' })
    expect(post.status).toBe(502)
    expect(JSON.parse(post.text)).toMatchObject({ error: 'upstream_reset' })
    expect(post.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
    expect(legacy.requests).toEqual([])
    const get = await ask(nginx.httpsUrl, '/api/notes/1')
    expect(get).toMatchObject({ status: 200, headers: { 'x-served-by': 'legacy-last-resort' } })
    expect(legacy.requests.map(({ method }) => method)).toEqual(['GET'])
  })

  test('what legacy never had is 503, in its own form', async () => {
    const legacy = await upstreamForTest(counting)
    const nginx = await nginxForTest({ gateways: [await nobody()], legacyUrl: legacy.url })
    for (const path of ['/api/v1/notes', '/API/V1/notes/', '/api/v1']) {
      const answer = await ask(nginx.httpsUrl, path)
      expect(answer).toMatchObject({ status: 503, headers: { 'content-type': 'application/json' } })
      expect(JSON.parse(answer.text)).toEqual(new Refusal('unavailable').body)
    }
    const docs = await ask(nginx.httpsUrl, '/docs/')
    expect([docs.status, JSON.parse(docs.text)]).toEqual([503, { msg: expect.stringContaining('not available') }])
    expect((await ask(nginx.httpsUrl, '/api/v12')).status).toBe(200)
    expect(legacy.requests).toHaveLength(1)
  })

  test('ends when a gateway is back', { timeout: 30_000 }, async () => {
    const legacy = await upstreamForTest(counting)
    const host = await nobody()
    const nginx = await nginxForTest({ gateways: [host], legacyUrl: legacy.url })
    expect((await ask(nginx.httpsUrl, '/')).headers['x-served-by']).toBe('legacy-last-resort')
    const gateway = createServer((_incoming, response) => void response.setHeader('x-served-by', 'native').end())
    gateway.listen(Number(host.split(':')[1]), '127.0.0.1')
    onTestFinished(() => void gateway.close())
    await expect
      .poll(async () => (await ask(nginx.httpsUrl, '/')).headers['x-served-by'], { timeout: 15_000 })
      .toBe('native')
    gateway.closeAllConnections()
  })

  test('takes WebSockets too', async () => {
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket => socket.on('message', data => socket.send(data, { binary: false })))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      sockets.close()
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    for (const options of [
      { gateways: [hostOf(url)], legacyUrl: `http://${await nobody()}` },
      { gateways: [await nobody()], legacyUrl: url }
    ]) {
      const nginx = await nginxForTest(options)
      const client = new WebSocket(`${nginx.httpsUrl.replace('https', 'wss')}/transcription-stream`, {
        rejectUnauthorized: false
      })
      await once(client, 'open')
      client.send('me')
      const [data] = await once(client, 'message')
      expect(String(data)).toBe('me')
      client.terminate()
    }
  })
})

const render = (args: string[], env: NodeJS.ProcessEnv) =>
  run(process.execPath, ['nginx/render.ts', ...args], { env: { PATH: process.env['PATH'], ...env } })

test('the command says what is missing, and shows help', async () => {
  const file = join(tmpdir(), `scribe-broken-${process.pid}.json`)
  await writeFile(file, '{ "version": 2 }')
  onTestFinished(() => rm(file))
  await expect(render([], {})).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('LEGACY_URL is missing')
  })
  await expect(render([file], COMPLETE)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('/version') })
  expect((await render(['--help'], {})).stdout).toContain('GATEWAY_UPSTREAMS')
  const nowhere = join(file, 'nginx.conf')
  await expect(render(['--output', nowhere], COMPLETE)).rejects.toMatchObject({
    code: 2,
    stderr: `"${nowhere}" cannot be written (ENOTDIR in open of nginx.conf.next)\n`
  })
})
