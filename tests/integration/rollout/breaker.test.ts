import { expect, test } from 'vitest'
import type { GatewayEvent } from '../../../gateway/events/event.ts'
import { callers, counted, ROUTE, type Scene, startScene } from './support.ts'

const COOLDOWN_MS = 10_000

/** One after the other, each counted before the next comes. */
async function askInTurn(scene: Scene, who: readonly string[], headers?: Readonly<Record<string, string>>) {
  const answers: string[] = []
  for (const caller of who) {
    const [answer] = await scene.ask([caller], headers)
    await counted(scene)
    answers.push(`${answer?.by} ${answer?.status}`)
  }
  return answers
}

const breakerEvents = (events: readonly GatewayEvent[]) =>
  events.filter(({ type }) => type.startsWith('breaker.')).map(({ type }) => type)
const stateOf = async (scene: Scene, state: string) => scene.metric('gateway_breaker_state', { route: 'thing', state })
const reasons = async (scene: Scene, reason: string) =>
  (await scene.metric('gateway_requests_total', { route: 'thing', reason })) ?? 0

test('native failures open it: callers go to legacy, until trials succeed', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 100 }] })
  const { gateway, native, clock } = scene
  expect(await askInTurn(scene, callers(2))).toEqual(['native 200', 'native 200'])
  expect(await stateOf(scene, 'closed')).toBe(1)

  native.status = 503
  // Each falls back, so no caller sees a failure; after ten in a row native is not asked any more.
  expect(new Set(await askInTurn(scene, callers(10)))).toEqual(new Set(['legacy 200']))
  expect(await reasons(scene, 'breaker')).toBe(0)
  expect(breakerEvents(gateway.events.since())).toEqual(['breaker.open'])
  expect([await stateOf(scene, 'open'), await stateOf(scene, 'closed')]).toEqual([1, 0])
  await askInTurn(scene, callers(5))
  expect(await reasons(scene, 'breaker')).toBe(5)

  native.status = 200
  clock.advance(COOLDOWN_MS - 1)
  expect(await askInTurn(scene, callers(1))).toEqual(['legacy 200'])
  clock.advance(1)
  expect(await askInTurn(scene, callers(4))).toEqual(Array.from({ length: 4 }, () => 'native 200'))
  expect(breakerEvents(gateway.events.since())).toEqual(['breaker.open', 'breaker.half-open', 'breaker.closed'])
  expect(await stateOf(scene, 'closed')).toBe(1)
})

test('a trial that fails keeps it open for twice as long', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 100 }] })
  const { gateway, native, clock } = scene
  native.status = 500
  await askInTurn(scene, callers(10))
  clock.advance(COOLDOWN_MS)
  await askInTurn(scene, callers(1))
  expect(breakerEvents(gateway.events.since())).toEqual(['breaker.open', 'breaker.half-open', 'breaker.open'])
  native.status = 200
  clock.advance(COOLDOWN_MS)
  expect(await askInTurn(scene, callers(1))).toEqual(['legacy 200'])
  clock.advance(COOLDOWN_MS)
  expect(await askInTurn(scene, callers(1))).toEqual(['native 200'])
})

test('only so many trials are under way at once', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 100 }] })
  scene.native.status = 500
  await askInTurn(scene, callers(10))
  scene.native.status = 200
  scene.clock.advance(COOLDOWN_MS)
  const seen = scene.upstream.requests.length
  const held = Promise.withResolvers<void>()
  scene.native.held = held.promise
  const answers = scene.ask(callers(8))
  await expect.poll(() => scene.upstream.requests.length - seen).toBe(5)
  held.resolve()
  expect((await answers).filter(({ by }) => by === 'native')).toHaveLength(3)
})

test('callers whose side is legacy anyway are not counted as turned away', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 50 }] })
  scene.native.status = 500
  await scene.ask(callers(100))
  await counted(scene)
  const before = await reasons(scene, 'breaker')
  const answers = await scene.ask(callers(100))
  await counted(scene)
  expect(new Set(answers.map(({ by }) => by))).toEqual(new Set(['legacy']))
  const byBreaker = (await reasons(scene, 'breaker')) - before
  expect(byBreaker).toBeGreaterThan(20)
  expect(byBreaker).toBeLessThan(80)
})

test('an override is heard by the breaker and passes it', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 0 }] })
  scene.native.status = 500
  await askInTurn(scene, callers(10), { 'x-gateway-target': 'native' })
  expect(await stateOf(scene, 'open')).toBe(1)
  scene.native.status = 200
  expect(await askInTurn(scene, callers(1), { 'x-gateway-target': 'native' })).toEqual(['native 200'])
})

test('its options come from the configuration; a route may have none', async () => {
  const strict = { ...ROUTE, weight: 100, breaker: { consecutiveFailures: 2 } }
  const scene = await startScene({
    routes: [strict, { ...ROUTE, id: 'other', paths: ['/other'] }, { ...ROUTE, id: 'third', paths: ['/third'] }],
    defaults: { breaker: { enabled: false } }
  })
  expect(await stateOf(scene, 'closed')).toBeUndefined()
  await scene.close()

  const enabled = await startScene({ routes: [strict], defaults: { breaker: { consecutiveFailures: 9 } } })
  enabled.native.status = 500
  await askInTurn(enabled, callers(2))
  expect(await stateOf(enabled, 'open')).toBe(1)
})

test('what native alone serves has no breaker', async () => {
  const scene = await startScene({ routes: [{ id: 'thing', paths: ['/thing'], methods: ['GET'], nativeOnly: true }] })
  expect(await stateOf(scene, 'closed')).toBeUndefined()
})
