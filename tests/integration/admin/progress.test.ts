import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ProgressSchema } from '../../../gateway/admin/schemas.ts'
import { durableFiles } from '../../../gateway/storage/files.ts'
import { openProgress } from '../../../gateway/telemetry/progress.ts'
import type { EndedRequests } from '../../../gateway/telemetry/usage-counter.ts'
import { manualClock } from '../../support/clock.ts'
import { call, callers, freshFolder, get, NEW, OLD, OTHER, ROUTE, type Scene, startScene } from './support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const START = Date.UTC(2026, 0, 5, 12)

const NATIVELY: EndedRequests = { routeId: 'thing', side: 'native', reason: 'weight', requests: 1 }
const PARTS = {
  files: durableFiles,
  logger: { error() {} },
  routes: () => ({ routes: 4, nativeRoutes: 1 })
}

const iso = (time: number) => new Date(time).toISOString()
const read = (scene: Scene, credential = scene.first) => get(scene, ProgressSchema, 'GET /api/progress', { credential })

test('requests are counted by span and by side, beside how many routes native has by then', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 100 }, OTHER, OLD, NEW] })
  await scene.ask(callers(7))
  await scene.ask(callers(3), '/old/a')
  await scene.ask(callers(2), '/new')
  // No route matches: no part of what is to be migrated.
  await scene.ask(callers(5), '/elsewhere')
  scene.clock.advance(10 * MINUTE_MS)
  await scene.ask(callers(4), '/other')
  const text = await readFile(scene.configFile, 'utf8')
  const body = { text: text.replace('"id": "other"', '"id": "other", "weight": 100'), reason: 'all of it' }
  expect(await call(scene, 'PUT /api/config', { body })).toMatchObject({ status: 200 })

  expect(await read(scene)).toEqual({
    stepMs: 10 * MINUTE_MS,
    points: [
      { at: iso(START), native: 9, legacy: 3, routes: 4, nativeRoutes: 2 },
      { at: iso(START + 10 * MINUTE_MS), native: 0, legacy: 4, routes: 4, nativeRoutes: 3 }
    ]
  })
  expect(await scene.undescribed()).toEqual([])
})

test('it goes on where the last process stopped, and says nothing of the time between', async () => {
  const clock = manualClock(START)
  const first = await startScene({ clock })
  await first.ask(callers(3))
  clock.advance(10 * MINUTE_MS)
  await first.ask(callers(2))
  await first.close()
  // Within the same span.
  clock.advance(MINUTE_MS)
  const second = await startScene({ clock, folder: first.folder })
  await second.ask(callers(4))
  const legacyOf = async (scene: Scene) =>
    (await read(scene, first.first)).points.map(({ at, legacy }) => [at, legacy] as const)
  const known = [
    [iso(START), 3],
    [iso(START + 10 * MINUTE_MS), 6]
  ]
  expect(await legacyOf(second)).toEqual(known)
  await second.close()

  clock.advance(2 * HOUR_MS)
  const third = await startScene({ clock, folder: first.folder })
  expect(await legacyOf(third)).toEqual([...known, [iso(START + 130 * MINUTE_MS), 0]])
})

test('a span without requests is known to be one', async () => {
  const scene = await startScene()
  scene.clock.advance(25 * MINUTE_MS)
  const { points } = await read(scene)
  expect(points.map(({ native, legacy, routes }) => [native, legacy, routes])).toEqual([
    [0, 0, 3],
    [0, 0, 3],
    [0, 0, 3]
  ])
})

test('what is asked wrongly is told', async () => {
  const scene = await startScene()
  for (const [query, message] of [
    ['from=2026-01-05T12:00:00Z&to=2026-01-05T11:00:00Z', 'the query\'s "from": expected a time before "to"'],
    ['from=yesterday', 'a time such as 2026-01-05T12:00:00Z'],
    ['to=2026-02-31T25:00Z', 'expected a time that there is'],
    ['form=2026-01-05T12:00:00Z', 'did you mean "from"?']
  ] as const) {
    const answer = await call(scene, `GET /api/progress?${query}`)
    expect({ query, ...answer }).toMatchObject({
      query,
      status: 400,
      body: { error: 'bad-request', message: expect.stringContaining(message) }
    })
  }
  expect(await scene.undescribed()).toEqual([])
})

test.each([
  ['cut in half', '{"version":1,"hours":[[17676'],
  ['of another kind', '{"version":2}'],
  ['with a count that is none', '{"version":1,"hours":[],"fine":[[0,-1,0,0,0]]}']
])('a file %s is begun anew, and the gateway serves', async (_what, text) => {
  const first = await startScene()
  await first.close()
  const file = join(first.directory, 'progress.json')
  await writeFile(file, text)
  const again = await startScene({ folder: first.folder })
  await again.ask(callers(2))
  expect((await read(again, first.first)).points).toMatchObject([{ legacy: 2 }])
  await again.close()
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: 1, fine: [[START, 0, 2, 3, 0]] })
})

test('a disk that takes nothing costs the past, not the gateway', async () => {
  const told: string[] = []
  const clock = manualClock(START)
  const progress = await openProgress({
    ...PARTS,
    clock,
    directory: await freshFolder(),
    files: {
      ...durableFiles,
      async write() {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      }
    },
    logger: { error: (_bindings, message) => void told.push(message) }
  })
  progress.count(START, NATIVELY)
  clock.advance(30 * MINUTE_MS)
  await progress.close()
  expect(progress.read(START, START + HOUR_MS).points[0]).toMatchObject({ native: 1 })
  // The same problem is told once.
  expect(told).toEqual(['progress.json cannot be kept'])
})

test('a year and more: whole spans for a week, hours for a year, and neither an answer nor a file without bound', async () => {
  const directory = await freshFolder()
  const liveADay = async (number: number) => {
    const clock = manualClock(START + number * DAY_MS)
    const progress = await openProgress({ ...PARTS, clock, directory })
    progress.count(clock.now(), { ...NATIVELY, requests: 2 })
    clock.advance(20 * MINUTE_MS)
    for (let request = 0; request < 3; request++) progress.count(clock.now(), NATIVELY)
    await progress.close()
  }
  for (let number = 0; number < 400; number++) await liveADay(number)
  const now = START + 400 * DAY_MS
  const progress = await openProgress({ ...PARTS, clock: manualClock(now), directory })
  const countsOf = (from: number, to: number) => {
    const { stepMs, points } = progress.read(from, to)
    return { stepMs, counts: points.map(({ native }) => native) }
  }
  expect(countsOf(now - DAY_MS, now)).toEqual({ stepMs: 10 * MINUTE_MS, counts: [2, 0, 3] })
  // Of a day that is long gone, the hour.
  expect(countsOf(now - 30 * DAY_MS, now - 29 * DAY_MS)).toEqual({ stepMs: HOUR_MS, counts: [5] })
  const year = countsOf(now - 365 * DAY_MS, now)
  expect(year.stepMs).toBe(DAY_MS)
  expect(year.counts).toEqual(Array.from({ length: 365 }, () => 5))
  // What is older is gone.
  const [oldest] = progress.read(0, now).points
  expect(oldest?.at).toBeGreaterThan(now - 368 * DAY_MS)
  await progress.close()
  expect((await stat(join(directory, 'progress.json'))).size).toBeLessThan(20_000)
})
