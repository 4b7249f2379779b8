import { expect, test, vi } from 'vitest'
import {
  GatewayEventSchema,
  type LiveChanges,
  LiveChangesSchema,
  type LiveSnapshot,
  LiveSnapshotSchema,
  RouteDetailSchema
} from '../../../gateway/admin/schemas.ts'
import type { NewEvent } from '../../../gateway/events/event.ts'
import {
  call,
  callers,
  checked,
  configText,
  credentialOf,
  get,
  NEW,
  OLD,
  OTHER,
  ROUTE,
  type Scene,
  startScene
} from '../admin/support.ts'
import { signIn } from './support.ts'
import { openStream, type Stream } from './streams.ts'

const EVENT: NewEvent = { type: 'config.mended', severity: 'info', message: 'mended', routes: [] }
const TICK = 2_000

async function snapshotOf(stream: Stream): Promise<LiveSnapshot> {
  const { event, id, data } = await stream.next()
  expect({ event, id }).toEqual({ event: 'snapshot', id: undefined })
  return checked(LiveSnapshotSchema, data)
}

/** The next changes; events that come before are left out. */
async function changesOf(stream: Stream): Promise<LiveChanges> {
  for (;;) {
    const { event, data } = await stream.next()
    if (event === 'changes') return checked(LiveChangesSchema, data)
  }
}

async function follow(scene: Scene, headers = {}): Promise<Stream> {
  return openStream(scene, { cookie: await signIn(scene), headers })
}

test('a snapshot first, then what changed and nothing else, and the events as they happen', async () => {
  const scene = await startScene({ routes: [ROUTE, OTHER, OLD, NEW] })
  const stream = await follow(scene)
  expect(stream.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const { version, totals, routes } = await snapshotOf(stream)
  expect(version).toBe('1.2.3')
  expect(totals).toEqual({
    revision: 1,
    killSwitch: false,
    ready: true,
    problems: [],
    routes: 4,
    movable: 2,
    at100: 0,
    routeSharePercent: 25
  })
  expect(routes.map(({ id }) => id)).toEqual(['thing', 'other', 'old', 'new'])
  expect(routes[0]).toMatchObject({
    id: 'thing',
    group: 'things',
    methods: ROUTE.methods,
    paths: ROUTE.paths,
    native: 'thing',
    nativeOnly: false,
    upstream: 'legacy',
    weight: 0,
    steps: [10, 25, 50, 75, 100],
    phase: 'idle',
    nativeSide: { requestsPerSecond: 0 },
    legacySide: { requestsPerSecond: 0 },
    attention: 'none'
  })
  expect(routes[2]).toMatchObject({ id: 'old', native: null, steps: [] })
  expect(routes[3]).toMatchObject({ id: 'new', nativeOnly: true })

  scene.clock.advance(TICK)
  expect(await changesOf(stream)).toMatchObject({ routes: [], gone: [], totals })
  expect((await call(scene, 'POST /api/rollouts/things/start', { body: { reason: 'go' } })).status).toBe(200)
  expect(await stream.next()).toMatchObject({ event: 'event', data: { type: 'config.applied' } })
  const started = await stream.next()
  expect(started).toMatchObject({ event: 'event', data: { type: 'rollout.started', by: 'first-start' } })
  expect(started.id).toBe(checked(GatewayEventSchema, started.data).id)
  scene.clock.advance(TICK)
  const changes = await changesOf(stream)
  expect(changes.totals.revision).toBe(2)
  expect(changes.routes).toMatchObject([
    {
      id: 'thing',
      weight: 10,
      phase: 'progressing',
      attention: 'watching',
      stepEndsAt: expect.stringMatching(/^2026-01-12T12:00/),
      lastChange: { reason: expect.stringContaining('go'), revision: 2 }
    }
  ])
})

test('a route that the configuration loses is named, and one that it gains comes', async () => {
  const scene = await startScene()
  const stream = await follow(scene)
  await snapshotOf(stream)
  const body = { text: configText([ROUTE, OLD, NEW]), reason: 'another route' }
  expect((await call(scene, 'PUT /api/config', { body })).status).toBe(200)
  scene.clock.advance(TICK)
  const { routes, gone } = await changesOf(stream)
  expect(gone).toEqual(['other'])
  expect(routes.map(({ id }) => id)).toContain('new')
})

test('a row has the rates, errors and latencies of the last minute, and the minutes of the half hour before', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 50, breaker: { enabled: false } }] })
  await scene.ask(callers(40))
  const { native, legacy } = (await get(scene, RouteDetailSchema, 'GET /api/routes/thing')).realised.minute
  expect(native + legacy).toBe(40)
  const stream = await follow(scene)
  const [row] = (await snapshotOf(stream)).routes
  expect(row).toMatchObject({
    realisedPercent: Math.round((native / 40) * 10_000) / 100,
    nativeSide: { requestsPerSecond: Number((native / 60).toPrecision(3)), errorPercent: 0, p95Ms: expect.any(Number) },
    legacySide: { requestsPerSecond: Number((legacy / 60).toPrecision(3)), errorPercent: 0 }
  })
  expect(row?.sparks.native.errorPercent).toEqual(Array.from({ length: 30 }, () => null))

  scene.native.status = 500
  await scene.ask(callers(40))
  scene.clock.advance(3 * TICK)
  for (let count = 0; count < 2; count++) await changesOf(stream)
  const [failing] = (await changesOf(stream)).routes
  expect(failing?.nativeSide.errorPercent).toBe(50)
  expect(failing?.legacySide.errorPercent).toBe(0)

  scene.clock.advance(120_000)
  const again = await follow(scene)
  const [later] = (await snapshotOf(again)).routes
  expect(later).toMatchObject({ nativeSide: { requestsPerSecond: 0 }, legacySide: { requestsPerSecond: 0 } })
  expect(later).not.toHaveProperty('realisedPercent')
  expect(later?.sparks.native.errorPercent.slice(-3)).toEqual([null, 50, null])
  expect(later?.sparks.legacy.errorPercent.slice(-3)).toEqual([null, 0, null])
  expect(later?.sparks.native.p95Ms.slice(-3)).toEqual([null, expect.any(Number), null])
})

test('a reader that comes back gets a snapshot, then the events that it missed', async () => {
  const scene = await startScene()
  const first = await follow(scene)
  await snapshotOf(first)
  scene.gateway.events.emit(EVENT)
  const { id } = await first.next()
  first.response.destroy()
  for (const message of ['one', 'two']) scene.gateway.events.emit({ ...EVENT, message })
  const again = await follow(scene, { 'last-event-id': String(id) })
  await snapshotOf(again)
  expect(await again.next()).toMatchObject({ event: 'event', id: Number(id) + 1, data: { message: 'one' } })
  expect(await again.next()).toMatchObject({ event: 'event', id: Number(id) + 2, data: { message: 'two' } })
  // Somebody new sees what happened last.
  const other = await follow(scene)
  await snapshotOf(other)
  expect(await other.next()).toMatchObject({ data: { message: 'mended' } })
})

test('what is wrong with the gateway is said, and kill switches show in every row that they concern', async () => {
  const scene = await startScene({ routes: [ROUTE, OLD, NEW] })
  scene.upstream.server.closeAllConnections()
  await scene.upstream.close()
  const kill = await call(scene, 'PUT /api/kill-switch', { ifMatch: '*', body: { on: true, reason: 'to be safe' } })
  expect(kill.status).toBe(200)
  const { totals, routes } = await snapshotOf(await follow(scene))
  expect(totals).toMatchObject({
    ready: true,
    killSwitch: true,
    problems: ['the legacy backend does not answer']
  })
  expect(routes.map(({ id, killSwitch, attention }) => [id, killSwitch, attention])).toEqual([
    ['thing', true, 'failing'],
    ['old', true, 'failing'],
    ['new', false, 'none']
  ])
  expect(routes[0]?.why).toBe('The kill switch of the gateway is on.')
})

test('the overview is made once for all who look, and for nobody while nobody does', async () => {
  const scene = await startScene()
  const looks = vi.spyOn(scene.gateway.rollouts, 'status')
  const looksOf = (task: () => void) => {
    const before = looks.mock.calls.length
    task()
    return looks.mock.calls.length - before
  }
  expect(looksOf(() => scene.clock.advance(10 * TICK))).toBe(0)
  const streams = [await follow(scene), await follow(scene), await follow(scene)]
  for (const stream of streams) await snapshotOf(stream)
  expect(looksOf(() => scene.clock.advance(5 * TICK))).toBe(5)
  for (const stream of streams) {
    for (let count = 0; count < 5; count++) await changesOf(stream)
    stream.response.destroy()
  }
  await expect.poll(() => looksOf(() => scene.clock.advance(TICK))).toBe(0)
  const late = await follow(scene)
  await snapshotOf(late)
  expect(looksOf(() => scene.clock.advance(TICK))).toBe(1)
})

test('a stream ends when its session does', async () => {
  const scene = await startScene()
  const vera = await signIn(scene, await credentialOf(scene, 'vera', 'viewer'))
  const stream = await openStream(scene, { cookie: vera })
  await snapshotOf(stream)
  expect((await call(scene, 'DELETE /api/credentials/vera')).status).toBe(204)
  scene.gateway.events.emit(EVENT)
  await stream.ended
  expect(stream.waiting).toBe(0)
})

test('a reader that does not read is dropped, and the others go on', async () => {
  const scene = await startScene()
  const [slow, good] = [await follow(scene), await follow(scene)]
  await snapshotOf(good)
  slow.response.pause()
  let isDropped = false
  slow.response.on('close', () => {
    isDropped = true
  })
  const { server } = scene.gateway.admin
  const readers = () =>
    new Promise<number>((resolve, reject) => {
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  expect(await readers()).toBe(2)
  const long: NewEvent = { ...EVENT, message: 'x'.repeat(200_000) }
  // The system takes some megabytes before the gateway has to keep anything for a reader.
  for (let count = 0; (await readers()) === 2 && count < 1_000; count++) {
    scene.gateway.events.emit(long)
    expect((await good.next()).event).toBe('event')
  }
  expect(await readers()).toBe(1)
  slow.response.resume()
  await slow.ended
  expect({ isDropped, complete: slow.response.complete }).toEqual({ isDropped: true, complete: false })
  scene.clock.advance(TICK)
  expect((await changesOf(good)).gone).toEqual([])
})

test('a gateway that stops ends its streams and does not wait for them', async () => {
  const scene = await startScene()
  const streams = [await follow(scene), await follow(scene)]
  for (const stream of streams) await snapshotOf(stream)
  const idle = await follow(scene)
  idle.response.pause()
  await scene.close()
  await expect(Promise.all(streams.map(({ ended }) => ended))).resolves.toHaveLength(2)
})

test('the bearer of a credential may follow as well; a client that takes no stream is told', async () => {
  const scene = await startScene()
  const authorization = `Bearer ${scene.first}`
  const stream = await openStream(scene, { path: '/api/live', headers: { authorization } })
  await snapshotOf(stream)
  const wrong = await call(scene, 'GET /api/live', { headers: { 'last-event-id': 'x' } })
  expect(wrong).toMatchObject({ status: 400, body: { error: 'bad-request' } })
  expect((await call(scene, 'GET /api/live', { headers: { accept: 'text/html' } })).status).toBe(406)
  expect((await call(scene, 'GET /api/live', { credential: undefined })).status).toBe(401)
})
