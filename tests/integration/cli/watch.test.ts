import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProcess } from '../../support/process.ts'
import { cli, LAUNCHER, OLD_NODE, type Scene, startCli, startScene } from './support.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

const saying = (text: string) => (line: string) => (line.includes(text) ? line : undefined)

test('elsewhere than on a terminal it tells every change in a line, and ends well', async () => {
  const watching = await startCli(['watch'], { env: scene.env })
  expect(await watching.waitForLine(saying('revision'))).toMatch(/^\d{4}-\S+Z revision 1, 28 routes$/)
  await scene.run('set', 'notes', '25', '--reason', 'x')
  expect(await watching.waitForLine(saying('notes.list: weight'))).toMatch(/Z notes\.list: weight 0 % → 25 %$/)
  expect(await watching.waitForLine(saying('config.applied'))).toMatch(/Z config\.applied: revision 2 of the routing /)
  await scene.run('kill', 'notes.list')
  expect(await watching.waitForLine(saying('kill switch'))).toMatch(/Z notes\.list: kill switch off → on$/)
  expect(await watching.stop()).toEqual({ code: 0, signal: null })
})

test('with --json a document a line; it says when it is stale, and goes on by itself', async () => {
  const watching = await startCli(['watch', '--json'], { env: scene.env })
  const first: unknown = JSON.parse(await watching.waitForLine(saying('"kind":"routes"')))
  expect(first).toMatchObject({
    kind: 'routes',
    routes: expect.arrayContaining([expect.objectContaining({ route: 'root' })])
  })

  process.kill(scene.gateway.pid, 'SIGSTOP')
  const stale: unknown = JSON.parse(await watching.waitForLine(saying('"kind":"stale"')))
  process.kill(scene.gateway.pid, 'SIGCONT')
  expect(stale).toMatchObject({ kind: 'stale', why: expect.stringContaining('no answer within 2 s') })
  await watching.waitForLine(saying('"kind":"live"'))

  await scene.run('set', 'ai', '5', '--reason', 'x')
  // What stood still for a while may have told of itself before.
  const change = await watching.waitForLine(saying('"field":"weight"'))
  expect(JSON.parse(change)).toMatchObject({ route: 'ai.search', field: 'weight', from: '0 %', to: '5 %' })
  const event = await watching.waitForLine(saying('"kind":"event"'))
  expect(JSON.parse(event)).toMatchObject({ event: { severity: 'info' } })
  expect(await watching.stop()).toEqual({ code: 0, signal: null })
})

test('under an older Node the launcher passes the signal on, and the exit code back', async () => {
  const args = [OLD_NODE, LAUNCHER, 'watch']
  const watching = await startProcess({ name: 'launcher', args, env: scene.env })
  await watching.waitForLine(saying('28 routes'))
  expect(await watching.stop()).toEqual({ code: 0, signal: null })
})

test('what it cannot reach to begin with, or does not speak the API, is exit code 3', async () => {
  const other = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const env = { ...scene.env, GATEWAY_ADMIN_URL: `http://127.0.0.1:${port}` }
    const done = await cli(['watch', '--json'], { env })
    expect(done).toMatchObject({ code: 3, stdout: '' })
    expect(done.error()).toMatchObject({ message: expect.stringContaining('does not speak the admin API') })
  } finally {
    other.close()
  }
})
