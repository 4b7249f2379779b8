import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { RunningGateway } from '../../support/gateway.ts'
import { call, gatewayForTest, routesWith, unusedDatabaseUri, upstreamForTest } from './support.ts'

/** An upstream whose `/slow` answers when it is told, whose `/upload` counts what comes, and whose sockets echo. */
async function slowUpstream() {
  const held = Promise.withResolvers<void>()
  const upstream = await upstreamForTest((incoming, response) => {
    if (incoming.url === '/slow') {
      void held.promise.then(() => response.end('a slow answer'))
      return
    }
    let bytes = 0
    incoming.on('data', (chunk: Buffer) => (bytes += chunk.length))
    incoming.once('end', () => response.end(String(bytes)))
  })
  const sockets = new WebSocketServer({ server: upstream.server })
  sockets.on('connection', socket => socket.on('message', data => socket.send(data)))
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  return { upstream, answer: () => held.resolve() }
}

async function openSocket(gateway: RunningGateway): Promise<WebSocket> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/transcription-stream`)
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

/** Whether a connection to the URL's port is refused. */
async function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.once('connect', () => resolve(false))
  socket.once('error', () => resolve(true))
  return promise.finally(() => socket.destroy())
}

function upload(url: string) {
  const outgoing = httpRequest(`${url}/upload`, { method: 'POST', headers: { 'content-length': '20' } })
  const answered = Promise.withResolvers<string>()
  outgoing.on('error', answered.reject)
  outgoing.on('response', response => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    response.on('end', () => answered.resolve(text))
    response.on('error', answered.reject)
  })
  return { outgoing, answer: answered.promise }
}

test('SIGTERM: what is in flight finishes, on both sides, and nothing new is accepted', async () => {
  const { upstream, answer } = await slowUpstream()
  const gateway = await gatewayForTest({
    legacyUrl: upstream.url,
    mongodbUri: unusedDatabaseUri(),
    config: { routes: routesWith({ 'users.register': { weight: 100 } }) },
    // Hashing is the slow part of a registration: at this cost about two seconds.
    env: { BCRYPT_COST: '14', SHUTDOWN_TIMEOUT_MS: '20000' }
  })
  const agent = new Agent()
  onTestFinished(() => agent.destroy())
  const socket = await openSocket(gateway)
  const slow = request(`${gateway.url}/slow`, { dispatcher: agent })
  const { outgoing, answer: uploaded } = upload(gateway.url)
  outgoing.write('0123456789')
  await expect.poll(() => upstream.requests.map(({ url }) => url).sort()).toEqual(['/slow', '/upload'])
  // A first registration makes sure that the database is there; the second is the one in flight.
  const person = { username: 'someone', password: 'long enough', role: 'patient' }
  await call(gateway.url, '/users/register', { method: 'POST', body: { ...person, email: 'first@example.org' } })
  let registeredAt = 0
  const registered = call(gateway.url, '/users/register', {
    method: 'POST',
    body: { ...person, email: 'second@example.org' }
  }).finally(() => (registeredAt = performance.now()))
  // What was sent before it on the same thread is answered: the registration has reached the gateway as well.
  await call(gateway.url, '/other')

  process.kill(gateway.pid, 'SIGTERM')
  await expect.poll(() => isRefused(gateway.url), { timeout: 5_000, interval: 10 }).toBe(true)
  const refusedAt = performance.now()
  expect(await call(gateway.adminUrl, '/readyz')).toMatchObject({
    status: 503,
    body: {
      status: 'not ready',
      checks: expect.arrayContaining([{ name: 'shutdown', ok: false, why: 'the gateway is stopping' }])
    }
  })
  expect((await call(gateway.adminUrl, '/livez')).status).toBe(200)

  socket.send('still there?')
  const [echoed] = await once(socket, 'message')
  expect(String(echoed)).toBe('still there?')
  answer()
  const slowAnswer = await slow
  expect(slowAnswer.headers['connection']).toBe('close')
  expect(await slowAnswer.body.text()).toBe('a slow answer')
  outgoing.end('0123456789')
  expect(await uploaded).toBe('20')
  expect(await registered).toMatchObject({ status: 200, headers: { 'x-served-by': 'native' } })
  expect(registeredAt).toBeGreaterThan(refusedAt)
  socket.close(1000, 'done')
  const [code] = await once(socket, 'close')
  expect(code).toBe(1000)
  expect(await gateway.exited).toEqual({ code: 0, signal: null })
  const messages = gateway.log().map(({ msg }) => msg)
  expect(messages).not.toContain('stopping: requests in flight exceeded the limit and were cut')
  expect(messages.at(-1)).toBe('stopped')
})

test('what exceeds the limit is cut, and told; the exit is clean', async () => {
  const { upstream } = await slowUpstream()
  const gateway = await gatewayForTest({ legacyUrl: upstream.url, env: { SHUTDOWN_TIMEOUT_MS: '300' } })
  const socket = await openSocket(gateway)
  const slow = call(gateway.url, '/slow')
  const { outgoing, answer: uploaded } = upload(gateway.url)
  outgoing.write('0123456789')
  await expect.poll(() => upstream.requests.length).toBe(2)

  const closed = once(socket, 'close')
  const cut = Promise.allSettled([slow, uploaded])
  process.kill(gateway.pid, 'SIGTERM')
  expect(await gateway.exited).toEqual({ code: 0, signal: null })
  expect((await closed)[0]).toBe(1006)
  expect((await cut).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(gateway.log()).toContainEqual(
    expect.objectContaining({ limitMs: 300, msg: 'stopping: requests in flight exceeded the limit and were cut' })
  )
  // They are counted like any other: a line for each.
  expect(gateway.log().filter(({ msg }) => msg === 'request')).toHaveLength(3)
})

test('before it stops accepting it turns unready and tells its clients to leave', async () => {
  const upstream = await upstreamForTest()
  const gateway = await gatewayForTest({
    legacyUrl: upstream.url,
    mongodbUri: unusedDatabaseUri(),
    config: { routes: routesWith({ 'users.check-email': { weight: 100 } }) },
    env: { SHUTDOWN_DELAY_MS: '1500' }
  })
  const agent = new Agent({ connections: 1 })
  onTestFinished(() => agent.destroy())
  const ask = async (path: string) => {
    const { statusCode, headers, body } = await request(gateway.url + path, { dispatcher: agent })
    await body.dump()
    return { statusCode, connection: headers['connection'] }
  }
  expect(await ask('/')).toEqual({ statusCode: 200, connection: 'keep-alive' })

  process.kill(gateway.pid, 'SIGTERM')
  await expect.poll(async () => (await call(gateway.adminUrl, '/readyz')).status, { interval: 10 }).toBe(503)
  expect(await isRefused(gateway.url)).toBe(false)
  expect(await ask('/')).toEqual({ statusCode: 200, connection: 'close' })
  expect(await ask('/users/checkEmail?email=a')).toEqual({ statusCode: 200, connection: 'close' })
  expect(await gateway.exited).toEqual({ code: 0, signal: null })
})
