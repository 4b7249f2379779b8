import { expect, test } from 'vitest'
import {
  ChangedSchema,
  OrderedSchema,
  RouteDetailSchema,
  RoutesSchema,
  RolloutsSchema,
  RolloutStatusSchema,
  StatusSchema,
  WindowsSchema
} from '../../../gateway/admin/schemas.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { call, callers, get, NEW, OLD, OTHER, ROUTE, startScene } from './support.ts'

const CROWD = callers(200)
const nativeAt = (weight: number) => CROWD.filter(who => bucketOf(`user:${who}`, 'things') < weight * 100).length

test('the overview counts routes, phases and requests', async () => {
  const scene = await startScene({
    routes: [{ ...ROUTE, weight: 25 }, { ...OTHER, weight: 100, killSwitch: true }, OLD, NEW]
  })
  await scene.ask(CROWD)
  await scene.ask(['someone'], '/new')
  const answer = await call(scene, 'GET /api/status')
  expect(answer.headers).toMatchObject({ etag: '"1"', 'x-content-type-options': 'nosniff' })
  const native = nativeAt(25)
  expect(await get(scene, StatusSchema, 'GET /api/status')).toMatchObject({
    version: '1.2.3',
    revision: { number: 1, digest: scene.gateway.store.current.digest },
    killSwitch: false,
    readiness: { checks: expect.arrayContaining([{ name: 'audit', ok: true, advisory: true }]) },
    totals: {
      routes: 4,
      nativeOnly: 1,
      shared: 2,
      at0: 0,
      between: 1,
      at100: 1,
      killed: 1,
      breakersOpen: 0,
      rollouts: { idle: 2 },
      requests: { minute: { native: native + 1, legacy: 200 - native } }
    }
  })
})

test('a route shows its desired weight beside what was realised, and by which reasons', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 50, cohort: ['friend'] }, OTHER, OLD] })
  await scene.ask(CROWD)
  await scene.ask(['friend', 'friend'])
  await scene.ask(['someone'], '/old/way')
  const { routes, ...rest } = await get(scene, RoutesSchema, 'GET /api/routes')
  expect(rest).toEqual({ revision: 1, killSwitch: false })
  const native = nativeAt(50)
  const sides = { native: native + 2, legacy: 200 - native, share: ((native + 2) / 202) * 100 }
  expect(routes).toMatchObject([
    {
      id: 'thing',
      methods: ['GET'],
      paths: ['/thing'],
      group: 'things',
      native: 'thing',
      nativeOnly: false,
      upstream: 'legacy',
      killSwitch: false,
      weight: 50,
      cohort: 1,
      realised: { minute: sides, hour: sides },
      breaker: 'closed',
      phase: 'idle',
      reasons: { weight: 200, cohort: 2 }
    },
    { id: 'other', native: 'thing', reasons: {} },
    { id: 'old', native: null, reasons: { 'no-native': 1 } }
  ])
  // The counts of the last minute and of the last hour end with them.
  scene.clock.advance(80_000)
  const later = await get(scene, RouteDetailSchema, 'GET /api/routes/thing')
  expect(later).toMatchObject({ realised: { minute: { native: 0, legacy: 0 }, hour: sides } })
  scene.clock.advance(3_600_000)
  const muchLater = await get(scene, RouteDetailSchema, 'GET /api/routes/thing')
  expect(muchLater).toMatchObject({ realised: { hour: { native: 0, legacy: 0 } }, reasons: {} })
})

test('a route has the rollout of its group, and its last change with who and why', async () => {
  const scene = await startScene()
  expect(await get(scene, RouteDetailSchema, 'GET /api/routes/thing')).not.toHaveProperty('lastChange')
  await call(scene, 'POST /api/rollouts/things/set', { body: { weight: 5, reason: 'a first try' } })
  const detail = await get(scene, RouteDetailSchema, 'GET /api/routes/thing')
  expect(detail).toMatchObject({
    weight: 5,
    lastChange: { by: { kind: 'operator', name: 'first-start' }, reason: 'a first try', revision: 2 },
    rollout: { group: 'things', weight: 5, phase: 'idle' }
  })
  expect(await get(scene, RouteDetailSchema, 'GET /api/routes/old')).not.toHaveProperty('rollout')
  await call(scene, 'PUT /api/kill-switch', { body: { on: true, reason: 'stop all' } })
  expect(await get(scene, RouteDetailSchema, 'GET /api/routes/old')).toMatchObject({
    lastChange: { reason: 'stop all', revision: 3 }
  })
  await scene.close()
  const again = await startScene({ folder: scene.folder, clock: scene.clock })
  const kept = await get(again, RouteDetailSchema, 'GET /api/routes/thing', { credential: scene.first })
  expect(kept.lastChange).toMatchObject({ reason: 'stop all', revision: 3 })
})

test('the windows of a route are by target and by time', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 50, fallback: false }] })
  await scene.ask(CROWD)
  scene.clock.advance(10_000)
  scene.native.status = 500
  await scene.ask(CROWD.slice(0, 8))
  scene.clock.advance(10_000)
  const all = await get(scene, WindowsSchema, 'GET /api/routes/thing/windows')
  expect(all).toMatchObject({ route: 'thing', windowMs: 10_000 })
  const sum = (target: string) =>
    all.windows.filter(each => each.target === target).reduce((total, { requests }) => total + requests, 0)
  expect(sum('native') + sum('legacy')).toBe(208)
  expect(new Set(all.windows.map(({ at }) => at))).toEqual(
    new Set(['2026-01-05T12:00:00.000Z', '2026-01-05T12:00:10.000Z'])
  )
  const bad = all.windows.filter(({ errors }) => errors > 0)
  expect(bad).toEqual([expect.objectContaining({ target: 'native', at: '2026-01-05T12:00:10.000Z' })])
  expect(all.windows[0]?.p95Ms).toBeGreaterThan(0)
  const some = await get(
    scene,
    WindowsSchema,
    'GET /api/routes/thing/windows?from=2026-01-05T12:00:10Z&to=2026-01-05T12:00:20Z'
  )
  // A window counts when it ends at or after `from` and begins before `to`.
  expect(some.windows.filter(({ at }) => at === '2026-01-05T12:00:10.000Z')).not.toEqual([])
  const none = await get(scene, WindowsSchema, 'GET /api/routes/thing/windows?to=2026-01-05T12:00:00Z')
  expect(none.windows).toEqual([])
})

test('a rollout goes through its verbs, each for the revision that the last one made', async () => {
  const scene = await startScene()
  const order = (verb: string, body: object = {}) =>
    get(scene, OrderedSchema, `POST /api/rollouts/things/${verb}`, { body })
  expect(await order('start', { reason: 'begin' })).toMatchObject({
    revision: 2,
    rollout: { phase: 'progressing', weight: 10, reason: 'begin' }
  })
  expect(await order('pause')).toMatchObject({ revision: 2, rollout: { phase: 'paused' } })
  expect(await order('resume', { reason: 'go on' })).toMatchObject({ rollout: { phase: 'progressing' } })
  expect(await order('promote', { reason: 'looks good' })).toMatchObject({ revision: 3, rollout: { weight: 25 } })
  expect(await order('promote-full', { reason: 'all in' })).toMatchObject({ revision: 4, rollout: { weight: 100 } })
  expect(await order('rollback')).toMatchObject({ revision: 5, rollout: { phase: 'rolled-back', weight: 0 } })
  expect(await order('set', { weight: 12.5, reason: 'by hand' })).toMatchObject({
    revision: 6,
    rollout: { phase: 'idle', weight: 12.5 }
  })
  const rollouts = await get(scene, RolloutsSchema, 'GET /api/rollouts')
  expect(rollouts.map(({ group, weight }) => [group, weight])).toEqual([
    ['things', 12.5],
    ['other', 0]
  ])
  const byRoute = await get(scene, RolloutStatusSchema, 'GET /api/rollouts/thing')
  expect(byRoute).toMatchObject({ group: 'things', weight: 12.5 })
})

test('kill switches turn with what changed, and turning one off needs a reason', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 50 }, OTHER, OLD, NEW] })
  const own = await get(scene, ChangedSchema, 'PUT /api/routes/thing/kill-switch', { body: { on: true } })
  expect(own).toEqual({ revision: 2, changes: [{ path: '/routes/thing/killSwitch', to: true }] })
  const again = await get(scene, ChangedSchema, 'PUT /api/routes/thing/kill-switch', { body: { on: true } })
  expect(again).toEqual({ revision: 2, changes: [] })
  const all = await get(scene, ChangedSchema, 'PUT /api/kill-switch', { body: { on: true }, ifMatch: '*' })
  expect(all).toEqual({ revision: 3, changes: [{ path: '/killSwitch', to: true }] })
  const silent = await call(scene, 'PUT /api/kill-switch', { body: { on: false } })
  expect(silent).toMatchObject({ status: 409, body: { error: 'refused', message: expect.stringContaining('reason') } })
  const off = await get(scene, ChangedSchema, 'PUT /api/kill-switch', { body: { on: false, reason: 'mended' } })
  expect(off).toEqual({ revision: 4, changes: [{ path: '/killSwitch', from: true, to: false }] })
  const only = await call(scene, 'PUT /api/routes/new/kill-switch', { body: { on: true } })
  expect(only).toMatchObject({ status: 422, body: { error: 'invalid' } })
})
