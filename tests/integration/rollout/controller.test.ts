import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { describe, expect, test } from 'vitest'
import { verifyAudit } from '../../../gateway/audit/audit.ts'
import { RolloutStatusSchema } from '../../../gateway/rollout-controller/status.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { callers, order, pass, passUntil, PLAN, ROUTE, type Scene, startScene, statusOf, told } from './support.ts'

const CROWD = callers(200)

const route = (plan: object = {}, rest: object = {}) => ({ ...ROUTE, rollout: { ...PLAN, ...plan }, ...rest })
const weightOf = ({ gateway }: Scene) => gateway.store.current.table.routes[0]?.weight

const sideAtHalf = (caller: string) => (bucketOf(`user:${caller}`, 'thing') < 5_000 ? 'native' : 'legacy')

/** Callers whose side is that one at 50 %. */
function onSide(side: 'native' | 'legacy', count: number): string[] {
  return callers(1000)
    .filter(caller => sideAtHalf(caller) === side)
    .slice(0, count)
}

async function changesOf({ gateway, folder }: Scene) {
  const verdict = await verifyAudit(join(folder, '.gateway-state', 'audit.jsonl'))
  expect(verdict.ok).toBe(true)
  const records = await gateway.store.history.list({ limit: 100 })
  return records.toReversed().flatMap(({ actor, changes }) => changes.map(({ to }) => `${actor.name} ${String(to)}`))
}

test('a rollout goes from 0 to 100 by itself where the plan says so, each step on its evidence', async () => {
  const scene = await startScene({ routes: [route()] })
  expect(await order(scene, 'start')).toMatchObject({
    outcome: 'applied',
    rollout: { phase: 'progressing', weight: 10 }
  })
  const answers = await passUntil(scene, () => statusOf(scene).phase === 'completed', CROWD)
  expect(told(scene)).toEqual(['started 10', 'step-passed 50', 'step-passed 100', 'completed 100'])
  expect(weightOf(scene)).toBe(100)
  expect(await changesOf(scene)).toEqual(['alice 10', 'rollout 50', 'rollout 100'])
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  expect(await scene.metric('gateway_rollout_phase', { group: 'thing', phase: 'completed' })).toBe(1)
  expect(await scene.metric('gateway_rollout_realised_share_ratio', { group: 'thing' })).toBe(1)
})

test('native that breaks at 50 % goes back to 0 by itself within seconds, and no caller sees it', async () => {
  const scene = await startScene({ routes: [route()] })
  await order(scene, 'start')
  await passUntil(scene, () => weightOf(scene) === 50, CROWD)
  scene.native.status = 500
  const broken = scene.clock.now()
  const answers = await passUntil(scene, () => weightOf(scene) === 0, CROWD, 10)
  expect(scene.clock.now() - broken).toBeLessThanOrEqual(10_000)
  // Reads fall back.
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  expect(told(scene).slice(-2)).toEqual(['rolling-back 50', 'rolled-back 0'])
  const { phase, reason } = statusOf(scene)
  expect(phase).toBe('rolled-back')
  expect(reason).toContain("native's error rate")
  expect(await changesOf(scene)).toEqual(['alice 10', 'rollout 50', 'rollout 0'])
})

test('without a fallback callers see no more failures than it takes to open the breaker', async () => {
  const scene = await startScene({ routes: [route({}, { fallback: false })] })
  await order(scene, 'start')
  await passUntil(scene, () => weightOf(scene) === 50, CROWD)
  scene.native.status = 500
  const answers = await passUntil(scene, () => weightOf(scene) === 0, CROWD, 10)
  const failed = answers.filter(({ status }) => status !== 200).length
  expect(failed).toBeGreaterThanOrEqual(10)
  // Those that were under way, and ended but were not counted yet, when the tenth in a row failed.
  expect(failed).toBeLessThanOrEqual(60)
  expect(await scene.metric('gateway_breaker_state', { route: 'thing', state: 'open' })).toBe(1)
})

test('a rollback goes down the steps where the plan says so', async () => {
  const scene = await startScene({ routes: [route({ rollback: 'stepwise', rollbackHoldMs: 2_000 })] })
  await order(scene, 'start')
  await passUntil(scene, () => weightOf(scene) === 50, CROWD)
  await order(scene, 'rollback')
  expect(weightOf(scene)).toBe(10)
  expect(statusOf(scene).rollingBack).toMatchObject({ mode: 'stepwise', by: 'alice' })
  await pass(scene, 1)
  expect(weightOf(scene)).toBe(10)
  await pass(scene, 1)
  expect([weightOf(scene), statusOf(scene).phase]).toEqual([0, 'rolled-back'])
  expect(told(scene).slice(-3)).toEqual(['rolling-back 50', 'stepped-down 10', 'rolled-back 0'])
})

test('a step that has passed waits for staff where the plan is manual, and its age is told', async () => {
  const scene = await startScene({ routes: [route({ advance: 'manual', readyAlertMs: 10_000 })] })
  await order(scene, 'start')
  await passUntil(scene, () => statusOf(scene).readyAt !== undefined, CROWD)
  await pass(scene, 5, CROWD)
  expect(weightOf(scene)).toBe(10)
  expect(told(scene)).toEqual(['started 10', 'step-ready 10'])
  const alerts = () => scene.gateway.events.since().filter(({ type }) => type === 'rollout.alert').length
  await passUntil(scene, () => alerts() > 0, CROWD, 10)
  const age = scene.clock.now() / 1000 - ((await scene.metric('gateway_rollout_ready_timestamp_seconds')) ?? 0)
  expect(age).toBeGreaterThanOrEqual(10)
  expect(await order(scene, 'promote')).toMatchObject({ outcome: 'applied', rollout: { weight: 50 } })
})

test('a quiet night neither passes nor fails', async () => {
  const scene = await startScene({ routes: [route()] })
  await order(scene, 'start')
  scene.clock.advance(12 * 3_600_000)
  await scene.gateway.rollouts.settled()
  await pass(scene, 3)
  expect(told(scene)).toEqual(['started 10'])
  const { phase, weight, obstacles, verdicts } = statusOf(scene)
  expect([phase, weight]).toEqual(['progressing', 10])
  expect(obstacles.join()).toContain('more requests')
  expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['waiting', 'passed']))
})

describe('orders', () => {
  test('are of a route or of its group, and refused with what would be right', async () => {
    const scene = await startScene({ routes: [route({ advance: 'manual' }, { group: 'things' })] })
    expect(await order(scene, 'start', { target: 'thong' })).toEqual({
      outcome: 'unknown',
      message: 'there is no route and no group "thong" that can be rolled out (did you mean "thing"?)'
    })
    expect(await order(scene, 'start', { reason: ' ' })).toEqual({
      outcome: 'refused',
      message: 'a reason is required, since this may raise the weight'
    })
    expect(await order(scene, 'resume')).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('Start it')
    })
    expect(await order(scene, 'set', { target: 'things', weight: 30 })).toMatchObject({ outcome: 'applied' })
    expect(await order(scene, 'set', { weight: 101 })).toMatchObject({ outcome: 'refused' })
    expect(await order(scene, 'rollback', { target: 'thing', reason: '' })).toMatchObject({ outcome: 'applied' })
    expect([weightOf(scene), statusOf(scene).phase]).toEqual([0, 'rolled-back'])
  })

  test('for a revision that is not the one any more are stale, and say what changed since', async () => {
    const scene = await startScene({ routes: [route()] })
    const { number: expected } = scene.gateway.store.current
    await order(scene, 'set', { weight: 5 })
    const { number } = scene.gateway.store.current
    expect(await order(scene, 'start', { expected })).toMatchObject({
      outcome: 'stale',
      current: { number },
      changes: [{ path: '/routes/thing/weight', to: 5 }]
    })
  })

  test('that change no weight stand in the audit by themselves', async () => {
    const scene = await startScene({ routes: [route({ advance: 'manual' })] })
    await order(scene, 'start')
    await order(scene, 'pause', { reason: 'a look at the log' })
    await order(scene, 'resume')
    const lines = (await readFile(join(scene.folder, '.gateway-state', 'audit.jsonl'), 'utf8')).trim().split('\n')
    const entries = lines.map(line => JSON.parse(line))
    expect(entries.map(({ action, actor, reason }) => [action, actor.name, reason]).slice(1)).toEqual([
      ['config.change', 'alice', 'the plan of the week'],
      ['rollout.pause', 'alice', 'a look at the log'],
      ['rollout.resume', 'alice', 'the plan of the week']
    ])
  })
})

test('what cannot be kept is not done', async () => {
  const scene = await startScene({ routes: [route()] })
  const state = join(scene.folder, '.gateway-state')
  // Where the next text of the rollouts would go.
  await mkdir(join(state, 'rollouts.json.next'))
  expect(await order(scene, 'start')).toEqual({
    outcome: 'refused',
    message: expect.stringMatching(/^it cannot be recorded \(EISDIR/)
  })
  expect([statusOf(scene).phase, weightOf(scene)]).toEqual(['idle', 0])
  await rm(join(state, 'rollouts.json.next'), { recursive: true })

  // Where the next entry of the audit would go.
  await mkdir(join(state, 'audit.head.next'))
  expect(await order(scene, 'start')).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('recorded')
  })
  expect([statusOf(scene).phase, weightOf(scene)]).toEqual(['idle', 0])
  expect(told(scene)).toEqual(['weight-refused 0'])
  await rm(join(state, 'audit.head.next'), { recursive: true })
  expect(await order(scene, 'start')).toMatchObject({ outcome: 'applied' })
})

test('a share of callers that is not the weight holds the step, and says so', async () => {
  const scene = await startScene({ routes: [route({ steps: [50, 100] })] })
  await order(scene, 'start')
  await pass(scene, 8, [...onSide('native', 30), ...onSide('legacy', 90)])
  const { weight, share, obstacles } = statusOf(scene)
  expect([weight, share?.status]).toEqual([50, 'differs'])
  expect(obstacles).toEqual(['25.00 % of 120 callers are on native at weight 50, which chance does not explain'])
})

test('the routes of a group move as one', async () => {
  const other = { ...ROUTE, id: 'other', paths: ['/other'], group: 'things' }
  const scene = await startScene({ routes: [route({}, { group: 'things' }), other] })
  await order(scene, 'start')
  expect(scene.gateway.store.current.table.routes.map(({ weight }) => weight)).toEqual([10, 10])
  expect(statusOf(scene).routes.map(({ id, weight }) => [id, weight])).toEqual([
    ['thing', 10],
    ['other', 10]
  ])
  await passUntil(scene, () => statusOf(scene).weight === 50, CROWD)
  await order(scene, 'rollback')
  expect(scene.gateway.store.current.table.routes.map(({ weight }) => weight)).toEqual([0, 0])
})

test('an edit by hand pauses the rollout that it crosses', async () => {
  const scene = await startScene({ routes: [route()] })
  await order(scene, 'start')
  const text = await readFile(scene.configFile, 'utf8')
  await writeFile(scene.configFile, text.replace('"weight":10', '"weight":30').replace('"weight": 10', '"weight": 30'))
  await scene.gateway.store.reload()
  await scene.gateway.rollouts.settled()
  expect(statusOf(scene)).toMatchObject({ phase: 'paused', weight: 30 })
  expect(told(scene)).toEqual(['started 10', 'weight-changed-outside 30'])
})

test('a rollout keeps the plan that it was started with', async () => {
  const scene = await startScene({ routes: [route()] })
  await order(scene, 'start')
  const text = await readFile(scene.configFile, 'utf8')
  await writeFile(scene.configFile, text.replace('"automatic"', '"manual"'))
  await scene.gateway.store.reload()
  await passUntil(scene, () => weightOf(scene) === 50, CROWD)
  await order(scene, 'rollback')
  expect(statusOf(scene).plan.advance).toBe('manual')
})

test('callers of an override are no part of the comparison', async () => {
  const scene = await startScene({ routes: [route({ advance: 'manual' })] })
  await order(scene, 'start')
  scene.native.status = 500
  await scene.ask(CROWD.slice(0, 9), { 'x-gateway-target': 'native' })
  await pass(scene, 1)
  const { native, legacy, callers: seen, phase } = statusOf(scene)
  expect([native.requests, legacy.requests, seen.native + seen.legacy, phase]).toEqual([0, 0, 0, 'progressing'])
})

test('a failing legacy holds a rollback, and force does not', async () => {
  const scene = await startScene({ routes: [route({ advance: 'manual' })] })
  await order(scene, 'set', { weight: 50 })
  scene.legacy.status = 500
  await passUntil(scene, () => statusOf(scene).legacyHealth === 'failing', CROWD, 12)
  expect(await order(scene, 'rollback')).toMatchObject({
    outcome: 'refused',
    message: expect.stringContaining('Force')
  })
  expect(await order(scene, 'rollback', { force: true })).toMatchObject({ outcome: 'applied' })
  expect(weightOf(scene)).toBe(0)
})

test('a gateway that starts again goes on where it stood, with what was measured', async () => {
  const first = await startScene({ routes: [route({ advance: 'manual' })] })
  await order(first, 'start')
  await pass(first, 3, CROWD)
  const before = statusOf(first)
  await first.close()
  const second = await startScene({ folder: first.folder, clock: first.clock })
  expect(statusOf(second)).toMatchObject({ phase: 'progressing', step: before.step, steppedAt: before.steppedAt })
  expect(statusOf(second).native.requests).toBe(before.native.requests)
  expect(before.native.requests).toBeGreaterThan(20)
  await passUntil(second, () => statusOf(second).readyAt !== undefined, CROWD)
})

test('rollouts that cannot be read are kept aside, and nothing moves', async () => {
  const first = await startScene({ routes: [route()] })
  await order(first, 'start')
  await first.close()
  const file = join(first.folder, '.gateway-state', 'rollouts.json')
  await writeFile(file, '{"version":1,')
  const second = await startScene({ folder: first.folder, clock: first.clock })
  expect(statusOf(second)).toMatchObject({ phase: 'idle', weight: 10 })
  expect(await readFile(`${file}.damaged`, 'utf8')).toBe('{"version":1,')
})

test('the status is JSON of its schema in every phase', async () => {
  const scene = await startScene({ routes: [route()] })
  const check = () => {
    const status: unknown = JSON.parse(JSON.stringify(statusOf(scene)))
    expect([...Value.Errors(RolloutStatusSchema, status)].filter(({ path }) => !isTime(path))).toEqual([])
  }
  check()
  await order(scene, 'start')
  check()
  await pass(scene, 3, CROWD)
  check()
  await order(scene, 'rollback')
  check()
})

/** TypeBox knows no formats unless it is told; Fastify's validator does. */
function isTime(path: string): boolean {
  return /(?:since|At|Since)$/.test(path)
}

test('a slow request of the step before does not keep the last one from passing', async () => {
  const scene = await startScene({ defaults: { rollout: PLAN } })
  const who = callers(100)
  await order(scene, 'start')
  await passUntil(scene, () => statusOf(scene).weight === 50, who)
  const ofLegacy = who.find(caller => bucketOf(`user:${caller}`, 'thing') >= 5_000)
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  scene.legacy.held = promise
  const arrived = scene.upstream.requests.length + 1
  const slow = scene.ask([ofLegacy ?? ''])
  await expect.poll(() => scene.upstream.requests.length).toBe(arrived)
  delete scene.legacy.held
  await passUntil(scene, () => statusOf(scene).weight === 100, who)
  answer()
  expect(await slow).toEqual([{ by: 'legacy', status: 200 }])
  await passUntil(scene, () => statusOf(scene).phase === 'completed', who)
  expect(statusOf(scene).share?.status).toBe('passed')
})
