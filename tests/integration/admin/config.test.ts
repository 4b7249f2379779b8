import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  ChangedSchema,
  ConfigSchema,
  DiffSchema,
  InvalidSchema,
  PlanSchema,
  RevisionDetailSchema,
  RevisionsSchema
} from '../../../gateway/admin/schemas.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'
import { call, callers, checked, configText, get, OLD, OTHER, ROUTE, type Scene, startScene } from './support.ts'

const CROWD = callers(300)
const between = (from: number, to: number, group = 'things') =>
  new Set(CROWD.map(who => bucketOf(`user:${who}`, group)).filter(bucket => bucket >= from * 100 && bucket < to * 100))
    .size
const distinct = (who: readonly string[]) => new Set(who.map(each => bucketOf(`user:${each}`, 'things'))).size
const SEEN = between(0, 100)

const plan = (scene: Scene, change: object) => get(scene, PlanSchema, 'POST /api/config/plan', { body: { change } })

test('the configuration is replaced as a whole, kept by revision, and compared', async () => {
  const scene = await startScene()
  const first = await get(scene, ConfigSchema, 'GET /api/config')
  expect(first).toMatchObject({ revision: 1, text: await readFile(scene.configFile, 'utf8') })
  const text = configText([{ ...ROUTE, weight: 10 }, OTHER, OLD])
  const silent = await call(scene, 'PUT /api/config', { body: { text } })
  expect(silent).toMatchObject({ status: 409, body: { error: 'refused' } })
  const changed = await get(scene, ChangedSchema, 'PUT /api/config', { body: { text, reason: 'a tenth' } })
  expect(changed).toEqual({ revision: 2, changes: [{ path: '/routes/thing/weight', to: 10 }] })
  expect(await readFile(scene.configFile, 'utf8')).toBe(text)

  const revisions = await get(scene, RevisionsSchema, 'GET /api/config/revisions')
  expect(revisions.map(({ number, actor, reason }) => [number, actor.kind, reason])).toEqual([
    [2, 'operator', 'a tenth'],
    [1, 'system', 'the first start']
  ])
  expect(await get(scene, RevisionsSchema, 'GET /api/config/revisions?limit=1&before=2')).toHaveLength(1)
  const one = await get(scene, RevisionDetailSchema, 'GET /api/config/revisions/1')
  expect(one).toMatchObject({ number: 1, text: first.text })
  const diff = await get(scene, DiffSchema, 'GET /api/config/diff?from=2&to=1')
  expect(diff).toEqual({ from: 2, to: 1, changes: [{ path: '/routes/thing/weight', from: 10 }] })

  const restored = await get(scene, ChangedSchema, 'POST /api/config/revisions/1/restore', { body: {} })
  expect(restored).toEqual({ revision: 3, changes: [{ path: '/routes/thing/weight', from: 10 }] })
  expect(await readFile(scene.configFile, 'utf8')).toBe(first.text)
  const back = await call(scene, 'POST /api/config/revisions/2/restore', { body: {} })
  expect(back).toMatchObject({ status: 409, body: { error: 'refused', message: expect.stringContaining('reason') } })
})

test('a wrong configuration is 422 with every problem by line, and nothing changes', async () => {
  const scene = await startScene()
  const text = configText([{ ...ROUTE, weight: 101 }, { ...OTHER, native: 'thign' }, OLD])
  for (const answer of [
    await call(scene, 'PUT /api/config', { body: { text, reason: 'oops' } }),
    await call(scene, 'POST /api/config/plan', { body: { change: { kind: 'text', text } } })
  ]) {
    expect(answer.status).toBe(422)
    const { problems } = checked(InvalidSchema, answer.body)
    expect(problems.map(({ path, line }) => ({ path, hasLine: line > 1 }))).toEqual([
      { path: '/routes/0/weight', hasLine: true },
      { path: '/routes/1/native', hasLine: true }
    ])
  }
  expect(scene.gateway.store.current.number).toBe(1)
})

test('a plan from 0 counts the callers of the last hour that would move, exactly', async () => {
  const scene = await startScene()
  await scene.ask(CROWD)
  await scene.ask(CROWD.slice(0, 50))
  const toNative = between(0, 10)
  expect(toNative).toBeGreaterThan(15)
  expect(await plan(scene, { kind: 'set', target: 'thing', weight: 10 })).toEqual({
    revision: 1,
    changes: [{ path: '/routes/thing/weight', to: 10 }],
    raises: ['raises the weight of "thing" from 0 to 10'],
    reasonRequired: true,
    routes: [
      {
        id: 'thing',
        from: { weight: 0, killSwitch: false },
        to: { weight: 10, killSwitch: false },
        callers: { seen: SEEN, moving: toNative, toNative, toLegacy: 0 }
      }
    ]
  })
  expect(scene.gateway.store.current.number).toBe(1)

  // What the plan said is what happens.
  await call(scene, 'POST /api/rollouts/things/set', { body: { weight: 10, reason: 'as planned' } })
  scene.upstream.requests.length = 0
  await scene.ask(CROWD)
  const moved = CROWD.filter(who => bucketOf(`user:${who}`, 'things') < 1000).length
  // Beside the checks of its health that a scrape makes.
  const relayed = scene.upstream.requests.filter(({ url }) => url === '/thing')
  expect(relayed).toHaveLength(CROWD.length - moved)
})

test('plans down, of kill switches, of texts and of revisions', async () => {
  const alone = { id: 'alone', paths: ['/alone'], methods: ['GET'], nativeOnly: true }
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 60 }, OTHER, OLD, alone] })
  await scene.ask(CROWD)
  const callersOf = async (change: object) => (await plan(scene, change)).routes[0]?.callers
  const at = (moving: number) => ({ seen: SEEN, moving, toNative: 0, toLegacy: moving })
  expect(await callersOf({ kind: 'set', target: 'things', weight: 20 })).toEqual(at(between(20, 60)))
  const lower = await plan(scene, { kind: 'set', target: 'things', weight: 20 })
  expect(lower).toMatchObject({ raises: [], reasonRequired: false })
  expect(await callersOf({ kind: 'kill', target: 'thing', on: true })).toEqual(at(between(0, 60)))
  // What has no upstream is not killed.
  const all = await plan(scene, { kind: 'kill', on: true })
  expect(all.routes.map(({ id, to }) => [id, to?.killSwitch])).toEqual([
    ['thing', true],
    ['other', true],
    ['old', true]
  ])
  expect(await plan(scene, { kind: 'kill', on: false })).toEqual({
    revision: 1,
    changes: [],
    raises: [],
    reasonRequired: false,
    routes: []
  })
  const gone = await plan(scene, { kind: 'text', text: configText([OTHER, OLD, alone]) })
  expect(gone.routes).toEqual([{ id: 'thing', from: { weight: 60, killSwitch: false }, callers: at(between(0, 60)) }])
  const regrouped = await plan(scene, {
    kind: 'text',
    text: configText([{ ...ROUTE, weight: 60, group: 'elsewhere' }])
  })
  expect(regrouped.routes[0]).toMatchObject({ id: 'thing', callers: { seen: SEEN, estimated: true } })

  await call(scene, 'PUT /api/kill-switch', { body: { on: true } })
  // Under the kill switch nobody is asked who they are, and they count all the same.
  scene.clock.advance(2 * 3_600_000)
  expect((await plan(scene, { kind: 'restore', revision: 1 })).routes[0]?.callers.seen).toBe(0)
  await scene.ask(CROWD)
  const back = await plan(scene, { kind: 'restore', revision: 1 })
  expect(back).toMatchObject({
    revision: 2,
    reasonRequired: true,
    routes: [{ id: 'thing', callers: { seen: SEEN, toNative: between(0, 60) } }, { id: 'other' }, { id: 'old' }]
  })
})

test('callers are forgotten after an hour, a few minutes at a time', async () => {
  const scene = await startScene()
  const seen = async () => (await plan(scene, { kind: 'set', target: 'thing', weight: 100 })).routes[0]?.callers.seen
  await scene.ask(CROWD.slice(0, 20))
  scene.clock.advance(40 * 60_000)
  await scene.ask(CROWD.slice(20, 50))
  expect(await seen()).toBe(distinct(CROWD.slice(0, 50)))
  scene.clock.advance(26 * 60_000)
  expect(await seen()).toBe(distinct(CROWD.slice(20, 50)))
  scene.clock.advance(45 * 60_000)
  expect(await seen()).toBe(0)
})

test('a full disk refuses every change and makes none', async () => {
  let isFull = false
  const full = (name: 'create' | 'write' | 'append') => (file: string, text: string) =>
    isFull
      ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' }))
      : durableFiles[name](file, text)
  const files: Files = { ...durableFiles, create: full('create'), write: full('write'), append: full('append') }
  const scene = await startScene({ files })
  isFull = true
  const before = await readFile(scene.configFile, 'utf8')
  for (const answer of [
    await call(scene, 'PUT /api/kill-switch', { body: { on: true }, ifMatch: '*' }),
    await call(scene, 'POST /api/rollouts/things/start', { body: { reason: 'go' } }),
    await call(scene, 'PUT /api/config', { body: { text: configText([OTHER]) } })
  ]) {
    expect(answer).toMatchObject({
      status: 409,
      body: { error: 'refused', message: expect.stringContaining('ENOSPC') }
    })
    expect(answer.text).not.toContain(scene.folder)
  }
  expect(await readFile(scene.configFile, 'utf8')).toBe(before)
  expect(scene.gateway.store.current).toMatchObject({ number: 1, config: { killSwitch: false } })
  const metrics = (await scene.gateway.admin.inject('/metrics')).body
  expect(metrics).toContain('gateway_state_writable 0')
  expect((await scene.gateway.admin.inject('/readyz')).json()).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ name: 'state', ok: false })])
  })
})
