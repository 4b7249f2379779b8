import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Discovery, DiscoverySchema } from '../../../gateway/admin/schemas.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'
import { openRouteRequests } from '../../../gateway/telemetry/route-requests.ts'
import { createUnmatched } from '../../../gateway/telemetry/unmatched.ts'
import { manualClock } from '../../support/clock.ts'
import { call, callers, freshFolder, get, NEW, OLD, OTHER, ROUTE, type Scene, startScene } from './support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const NOW = Date.UTC(2026, 0, 5, 12)

const read = (scene: Scene, credential = scene.first) =>
  get(scene, DiscoverySchema, 'GET /api/discovery', { credential })

const iso = (time: number) => new Date(time).toISOString()

/** What is shown of paths that each so many callers asked for. */
function shownOf(asked: readonly (readonly [path: string, callers: number])[], known: readonly string[] = []) {
  const unmatched = createUnmatched()
  unmatched.know(known)
  for (const [path, count] of asked)
    for (let caller = 0; caller < count; caller++) unmatched.see(NOW, 'GET', path, caller)
  return unmatched.read(NOW).shapes.map(({ path }) => path)
}

test('what no route matches is listed by volume, and counted with its callers', async () => {
  const scene = await startScene()
  await scene.ask(callers(6), '/widgets/65f0c0ffee65f0c0ffee65f0?token=secret')
  await scene.ask([...callers(2), ...callers(2)], '/other/widgets')
  scene.clock.advance(MINUTE_MS)
  await scene.ask(callers(1), '/WIDGETS/7/')
  await scene.ask(callers(3))

  const { unmatched, unmatchedOthers, since } = await read(scene)
  expect(unmatched).toEqual([
    { method: 'GET', path: '/widgets/:value', requests: 7, callers: 6, lastAt: iso(NOW + MINUTE_MS) },
    { method: 'GET', path: '/other/:value', requests: 4, callers: 2, lastAt: iso(NOW) }
  ])
  expect({ unmatchedOthers, since }).toEqual({ unmatchedOthers: 0, since: iso(NOW) })
  expect(await scene.undescribed()).toEqual([])
})

test('a day later it is gone, hour by hour', async () => {
  const unmatched = createUnmatched()
  const volumes = (now: number) => unmatched.read(now).shapes.map(({ requests }) => requests)
  unmatched.see(NOW, 'GET', '/a/1', 1)
  unmatched.see(NOW + HOUR_MS, 'GET', '/a/1', 2)
  expect(volumes(NOW + 23 * HOUR_MS)).toEqual([2])
  expect(volumes(NOW + 24 * HOUR_MS)).toEqual([1])
  expect(volumes(NOW + 25 * HOUR_MS)).toEqual([])
  expect(unmatched.read(NOW + 25 * HOUR_MS).requests).toBe(0)
})

test.each([
  ['a number', '/api/9434765919/notes'],
  ['an NHS number with spaces', '/api/943%20476%205919'],
  ['an address', '/api/jane.doe@example.org'],
  ['an escaped address', '/api/jane%40example.org'],
  ['an object id', '/api/65f0c0ffee65f0c0ffee65f0'],
  ['a UUID', '/api/3f2504e0-4f89-11d3-9a0c-0305e82c3301'],
  ['a name with an accent', '/api/Zo%C3%AB'],
  ['a name in two words', '/api/jane%20doe'],
  ['a name with an apostrophe', "/api/o'brien"],
  ['a date of birth', '/api/1980-02-29'],
  ['a postcode', '/api/SW1A1AA'],
  ['something long', `/api/${'a'.repeat(33)}`],
  ['one letter', '/api/j'],
  ['a token', '/api/eyJhbGciOiJIUzI1NiJ9.e30.x'],
  ['an escape of a slash', '/api/jane%2Fdoe'],
  ['a path parameter', '/api/notes;name=jane'],
  ['an absolute URL', 'http://jane/api/notes']
])('%s is not shown, whoever asks for it', (_what, path) => {
  const [shown = '', ...others] = shownOf([[path, 9_999]], ['/api', '/notes'])
  expect(others).toEqual([])
  const literal = path
    .replace(/[?].*/, '')
    .split('/')
    .filter(segment => segment !== '' && segment !== 'api' && segment !== 'notes')
  for (const segment of literal) expect(shown).not.toContain(segment.toLowerCase())
  expect(shown).toMatch(/^(\/(:value|api|notes))+$/)
})

test('a segment that looks like a word is shown from its fifth caller on, whatever their number of requests', () => {
  const path = '/api/smith/notes'
  expect(shownOf([[path, 4]], ['/api'])).toEqual(['/api/:value/:value'])
  expect(shownOf(Array.from({ length: 100 }, () => [path, 4]))).toEqual(['/:value/:value/:value'])
  expect(shownOf([[path, 5]], ['/api'])).toEqual([path])
  // It has to be this very shape: what others ask for beside it does not count.
  const beside = ['jones', 'doe', 'smith'].map(name => [`/api/${name}/notes`, 4] as const)
  expect(shownOf(beside, ['/api/things', '/notes/:id'])).toEqual(['/api/:value/notes'])
})

test('the callers of one shape are those of the last day', () => {
  const unmatched = createUnmatched()
  for (let caller = 0; caller < 4; caller++) unmatched.see(NOW, 'GET', '/smith', caller)
  unmatched.see(NOW + 18 * HOUR_MS, 'GET', '/smith', 4)
  expect(unmatched.read(NOW + 18 * HOUR_MS).shapes).toMatchObject([{ path: '/smith', callers: 5, requests: 5 }])
  expect(unmatched.read(NOW + 30 * HOUR_MS).shapes).toMatchObject([{ path: '/:value', callers: 1, requests: 1 }])
})

test('a path is looked at as far as anybody reads', () => {
  expect(shownOf([[`/${'a/'.repeat(100)}`, 1]])).toEqual([`${'/:value'.repeat(12)}/*`])
  expect(shownOf([[`/${'x'.repeat(10_000)}`, 1]])).toEqual(['/:value/*'])
  expect(shownOf([['/?name=jane', 9]])).toEqual(['/'])
})

test('a million paths of one caller take no memory to speak of, show nothing, and hide nothing', async () => {
  const unmatched = createUnmatched()
  unmatched.know(['/api/things'])
  for (let caller = 0; caller < 6; caller++) unmatched.see(NOW, 'GET', '/api/widgets', caller)
  const flood = (count: number) => {
    for (let number = 0; number < count; number++) {
      unmatched.see(NOW, 'GET', `/api/jane-${lettersOf(number)}/${number % 3 === 0 ? 'things' : 'notes'}`, 7)
      // Somebody uses it meanwhile.
      if (number % 100 === 0) unmatched.see(NOW, 'GET', '/api/widgets', number % 6)
    }
  }
  flood(20_000)
  const before = await heldBytes()
  flood(1_000_000)
  expect((await heldBytes()) - before).toBeLessThan(4 * 1024 * 1024)

  const { shapes, requests } = unmatched.read(NOW)
  expect(requests).toBe(6 + 1_020_000 + 10_200)
  expect(shapes.map(({ path }) => path).filter(path => /jane|notes/.test(path))).toEqual([])
  expect(shapes.find(({ path }) => path === '/api/widgets')).toMatchObject({ requests: 10_206, callers: 6 })
  // Nothing was lost by the way.
  expect(shapes.reduce((sum, shape) => sum + shape.requests, 0)).toBe(requests)
}, 60_000)

test('a flood of known words shows no more than fits, and counts the rest', () => {
  const unmatched = createUnmatched()
  unmatched.know(['/api/things'])
  for (let number = 0; number < 4_096; number++) {
    const words = number.toString(2).padStart(12, '0').replaceAll('0', '/api').replaceAll('1', '/things')
    unmatched.see(NOW, 'GET', words, 7)
  }
  const { shapes, requests } = unmatched.read(NOW)
  expect(shapes.length).toBeLessThanOrEqual(1_000)
  expect(requests).toBe(4_096)
})

test('a flood by many callers shows no more than fits, and counts the rest', () => {
  const unmatched = createUnmatched()
  for (let word = 0; word < 2_000; word++) {
    const name = String.fromCodePoint(97 + (word % 26), 97 + (Math.floor(word / 26) % 26), 97 + Math.floor(word / 676))
    for (let caller = 0; caller < 5; caller++) unmatched.see(NOW, 'GET', `/${name}`, caller)
  }
  const { shapes, requests } = unmatched.read(NOW)
  expect(shapes.length).toBeLessThanOrEqual(1_000)
  expect(requests).toBe(10_000)
  expect(shapes.reduce((sum, shape) => sum + shape.requests, 0)).toBe(requests)
})

test('at most a hundred are listed, and the others are a number', async () => {
  const scene = await startScene()
  // Other lengths are other shapes.
  for (let words = 0; words < 110; words++) {
    const path = Array.from({ length: 7 }, (_, bit) => (((words >> bit) & 1) === 1 ? 'old' : '7')).join('/')
    await scene.ask(callers(words < 100 ? 2 : 1), `/x/${path}`)
  }
  const { unmatched, unmatchedOthers } = await read(scene)
  expect(unmatched).toHaveLength(100)
  expect(unmatched.every(({ requests }) => requests === 2)).toBe(true)
  expect(unmatchedOthers).toBe(10)
})

test('nothing of it is written, logged or measured', async () => {
  const scene = await startScene()
  const mark = 'jane-marker'
  await scene.ask(callers(4), `/${mark}/notes`)
  await scene.ask(callers(4), `/old/${mark}`)
  expect((await call(scene, 'GET /api/discovery')).text).not.toContain(mark)
  const { body: metrics } = await scene.gateway.admin.inject('/metrics')
  expect(metrics).not.toContain(mark)
  await scene.close()
  const files = await readdir(scene.directory, { recursive: true, withFileTypes: true })
  const texts = await Promise.all(
    files.filter(file => file.isFile()).map(file => readFile(join(file.parentPath, file.name), 'utf8'))
  )
  expect(texts.length).toBeGreaterThan(2)
  expect(texts.join('\n')).not.toContain(mark)
})

test('routes without a native service are listed by volume: what to migrate next', async () => {
  const more = { id: 'more', paths: ['/more'], methods: ['GET', 'POST'] }
  const scene = await startScene({ routes: [ROUTE, OLD, NEW, more, { ...more, id: 'quiet', paths: ['/quiet'] }] })
  await scene.ask(callers(3), '/old/a')
  await scene.ask(callers(5), '/more')
  await scene.ask(callers(9))
  const { withoutNative } = await read(scene)
  expect(withoutNative).toEqual([
    { route: 'more', methods: ['GET', 'POST'], paths: ['/more'], requests: 5, lastAt: iso(NOW) },
    { route: 'old', methods: ['GET'], paths: ['/old/*'], requests: 3, lastAt: iso(NOW) },
    { route: 'quiet', methods: ['GET', 'POST'], paths: ['/quiet'], requests: 0 }
  ])
})

test('routes with an upstream are listed by how long nobody asked for them, over restarts too', async () => {
  const first = await startScene({ routes: [ROUTE, OLD, NEW] })
  const { clock, folder, first: credential = '' } = first
  await first.ask(callers(1), '/old/a')
  clock.advance(30 * MINUTE_MS)
  await first.ask(callers(1))
  const lastAts = [iso(NOW), iso(NOW + 30 * MINUTE_MS)]
  expect(daysOf(await read(first))).toEqual([
    ['old', 0.02, lastAts[0]],
    ['thing', 0, lastAts[1]]
  ])
  await first.close()

  clock.advance(6 * HOUR_MS)
  const again = await startScene({ folder, clock })
  const discovery = await read(again, credential)
  expect(discovery.since).toBe(iso(NOW))
  expect(daysOf(discovery)).toEqual([
    ['old', 0.27, lastAts[0]],
    ['thing', 0.25, lastAts[1]]
  ])
})

test('a crash loses at most an hour of it', async () => {
  const { promise: kept, resolve } = Promise.withResolvers<void>()
  const clock = manualClock(NOW)
  const parts = { clock, directory: await freshFolder(), logger: { error() {} } }
  const files: Files = {
    ...durableFiles,
    async move(from, to) {
      await durableFiles.move(from, to)
      resolve()
    }
  }
  const crashed = await openRouteRequests({ ...parts, files })
  crashed.keep(['thing', 'other'])
  const ended = { routeId: 'thing', side: 'native', reason: 'weight', requests: 1 } as const
  crashed.count(NOW, ended)
  // Another replica's, which came later: it is no step back.
  crashed.count(NOW - MINUTE_MS, ended)
  clock.advance(HOUR_MS)
  await kept
  const next = await openRouteRequests({ ...parts, files })
  expect(next.of('thing', NOW + HOUR_MS)).toMatchObject({ since: NOW, lastAt: NOW })
  expect(next.of('other', NOW + HOUR_MS).lastAt).toBeUndefined()
})

test('a route that is new has not been without a request for longer than it is there', async () => {
  const scene = await startScene({ routes: [ROUTE, OLD] })
  scene.clock.advance(6 * HOUR_MS)
  const text = await readFile(scene.configFile, 'utf8')
  const body = { text: text.replace('"routes": [', `"routes": [ ${JSON.stringify(OTHER)},`), reason: 'one more' }
  expect(await call(scene, 'PUT /api/config', { body })).toMatchObject({ status: 200 })
  scene.clock.advance(6 * HOUR_MS)
  const { unused } = await read(scene)
  expect(unused.map(({ route, days, lastAt }) => [route, days, lastAt])).toEqual([
    ['thing', 0.5, undefined],
    ['old', 0.5, undefined],
    ['other', 0.25, undefined]
  ])
})

/** Bytes that somebody still holds. Buffers that nobody does are freed beside the program, soon after. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('nothing can be collected')
  for (let round = 0; round < 3; round++) {
    collect()
    await nextTurn()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** A number in letters. */
function lettersOf(number: number): string {
  return number.toString(26).replaceAll(/\d/g, digit => 'qrstuvwxyz'.charAt(Number(digit)))
}

function daysOf({ unused }: Discovery) {
  return unused.map(({ route, days, lastAt }) => [route, days, lastAt])
}
