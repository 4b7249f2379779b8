import { rm, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { appliedWith, type LogEntry, type RunningGateway, routingText, saveByRename } from '../../support/gateway.ts'
import { call, gatewayForTest, routesWith, sample, servedBy, unusedDatabaseUri, upstreamForTest } from './support.ts'

const CHECK_EMAIL = '/users/checkEmail?email=nobody@example.org'
const REFUSED = 'routing configuration refused, the revision stays'
const EDITS = 50
const LIMIT_MS = 1_000
const CLIENTS = 4
const PACE_MS = 4

const refusals = (entries: LogEntry[]) => entries.filter(({ msg }) => msg === REFUSED)

const withWeight = (weight: number) => ({ routes: routesWith({ 'users.check-email': { weight } }) })

async function metricsOf({ adminUrl }: RunningGateway): Promise<string> {
  return (await call(adminUrl, '/metrics')).text
}

interface Outcome {
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly status: number
  readonly side: string
}

/** Clients on kept-alive connections that ask one request after the other and note every answer. */
function steadyLoad(url: string) {
  const agent = new Agent({ connections: CLIENTS, pipelining: 1 })
  const outcomes: Outcome[] = []
  const errors: unknown[] = []
  const waiting = new Set<(outcome: Outcome) => void>()
  const stopped = new AbortController()

  const client = async () => {
    while (!stopped.signal.aborted) {
      const startedAt = performance.now()
      try {
        const answer = await request(url + CHECK_EMAIL, { dispatcher: agent })
        await answer.body.dump()
        const outcome = { startedAt, status: answer.statusCode, side: String(answer.headers['x-served-by']) }
        outcomes.push(outcome)
        for (const tell of waiting) tell(outcome)
      } catch (error) {
        errors.push(error)
      }
      await pause(PACE_MS)
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  return {
    outcomes,
    errors,
    /** Resolves with the `count`th answer from now on that `wanted` takes. */
    answers(count: number, wanted: (outcome: Outcome) => boolean = () => true): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      let seen = 0
      const tell = (outcome: Outcome) => {
        if (!wanted(outcome) || ++seen < count) return
        waiting.delete(tell)
        resolve()
      }
      waiting.add(tell)
      return promise
    },
    async stop() {
      stopped.abort()
      await Promise.all(clients)
      await agent.close()
    }
  }
}

test('50 edits under load: no request fails, and each is served by the new weight within a second', {
  timeout: 60_000
}, async () => {
  const upstream = await upstreamForTest()
  const gateway = await gatewayForTest({
    legacyUrl: upstream.url,
    mongodbUri: unusedDatabaseUri(),
    config: withWeight(0)
  })
  const load = steadyLoad(gateway.url)
  await load.answers(CLIENTS)

  const edits: { side: string; savedAt: number; servedAt: number; until: number }[] = []
  for (let edit = 0; edit < EDITS; edit += 1) {
    const side = edit % 2 === 0 ? 'native' : 'legacy'
    const text = routingText(withWeight(side === 'native' ? 100 : 0))
    const served = load.answers(1, outcome => outcome.side === side)
    // Half of the edits write into the file as it lies there, half put a new one in its place.
    await (edit % 4 < 2 ? writeFile(gateway.configFile, text) : saveByRename(gateway.configFile, text))
    const savedAt = performance.now()
    await served
    const servedAt = performance.now()
    await load.answers(3 * CLIENTS)
    edits.push({ side, savedAt, servedAt, until: performance.now() })
  }
  await load.stop()

  expect(load.errors).toEqual([])
  expect(load.outcomes.filter(({ status }) => status !== 200)).toEqual([])
  expect(Math.max(...edits.map(({ savedAt, servedAt }) => servedAt - savedAt))).toBeLessThan(LIMIT_MS)
  // From the first answer under an edit to the next save there is only that edit's side.
  for (const { side, servedAt, until } of edits) {
    const begun = load.outcomes.filter(({ startedAt }) => startedAt > servedAt && startedAt < until)
    expect(begun.length).toBeGreaterThanOrEqual(CLIENTS)
    expect(new Set(begun.map(outcome => outcome.side))).toEqual(new Set([side]))
  }
})

test('an invalid edit changes nothing, is logged once, and is told until it is mended', async () => {
  const upstream = await upstreamForTest()
  const gateway = await gatewayForTest({
    legacyUrl: upstream.url,
    mongodbUri: unusedDatabaseUri(),
    config: withWeight(100)
  })
  const good = routingText(withWeight(100))
  const configurationCheck = async () => {
    const { status, body } = await call(gateway.adminUrl, '/readyz')
    return { status, body }
  }
  expect(sample(await metricsOf(gateway), 'gateway_config_last_reload_successful')).toBe(1)

  const bad = routingText({ defaults: { weight: -1 }, killSwitch: 'off' })
  await writeFile(gateway.configFile, bad)
  await gateway.waitForLog(({ msg }) => (msg === REFUSED ? true : undefined))
  expect(await servedBy(gateway.url, CHECK_EMAIL)).toBe('native')
  const metrics = await metricsOf(gateway)
  expect(sample(metrics, 'gateway_config_last_reload_successful')).toBe(0)
  expect(sample(metrics, 'gateway_config_problems')).toBe(2)
  expect(sample(metrics, 'gateway_config_revision')).toBe(1)
  expect(await configurationCheck()).toMatchObject({
    status: 200,
    body: {
      status: 'ready',
      checks: expect.arrayContaining([
        expect.objectContaining({
          name: 'configuration',
          ok: false,
          why: expect.stringContaining('refused'),
          detail: expect.objectContaining({
            revision: 1,
            problems: [
              expect.stringMatching(/routing\.config\.json:\d+:\d+ \/killSwitch: found "off", expected/),
              expect.stringMatching(/routing\.config\.json:\d+:\d+ \/defaults\/weight: found -1, expected/)
            ]
          })
        })
      ])
    }
  })

  // Each signal has the file read again, one read after the other; a half-written file comes after them.
  for (let i = 0; i < 3; i += 1) process.kill(gateway.pid, 'SIGHUP')
  const half = good.slice(0, good.length / 2)
  await saveByRename(gateway.configFile, half)
  let seen = 0
  await gateway.waitForLog(({ msg }) => (msg === REFUSED && ++seen === 2) || undefined)
  expect(refusals(gateway.log())).toHaveLength(2)
  expect(await servedBy(gateway.url, CHECK_EMAIL)).toBe('native')

  await saveByRename(gateway.configFile, good)
  await gateway.waitForLog(({ msg }) => (msg === 'routing configuration mended' ? true : undefined))
  const mended = await metricsOf(gateway)
  expect(sample(mended, 'gateway_config_last_reload_successful')).toBe(1)
  expect(sample(mended, 'gateway_config_problems')).toBe(0)
  expect(sample(mended, 'gateway_config_revision')).toBe(1)
  expect((await configurationCheck()).body).toMatchObject({
    checks: expect.arrayContaining([expect.objectContaining({ name: 'configuration', ok: true })])
  })
  expect(refusals(gateway.log())).toHaveLength(2)
})

test('a file emptied and then gone is told each time, and the last revision serves', async () => {
  const upstream = await upstreamForTest()
  const gateway = await gatewayForTest({ legacyUrl: upstream.url, config: { killSwitch: true } })
  await saveByRename(gateway.configFile, '')
  await gateway.waitForLog(({ msg }) => (msg === REFUSED ? true : undefined))
  expect(sample(await metricsOf(gateway), 'gateway_config_problems')).toBeGreaterThan(0)
  await rm(gateway.configFile)
  await gateway.waitForLog(({ msg, problems }) => (msg === REFUSED && String(problems).includes('ENOENT')) || undefined)
  expect(sample(await metricsOf(gateway), 'gateway_config_problems')).toBe(1)
  expect(await servedBy(gateway.url, CHECK_EMAIL)).toBe('legacy')
})

test('SIGHUP reads the file at once, sooner than it is noticed without, and ends nothing', async () => {
  const upstream = await upstreamForTest()
  const gateway = await gatewayForTest({ legacyUrl: upstream.url, config: { killSwitch: true } })
  const times: Record<'asked' | 'noticed', number[]> = { asked: [], noticed: [] }
  for (let revision = 2; revision <= 23; revision += 1) {
    await saveByRename(gateway.configFile, routingText({ killSwitch: revision % 2 === 1 }))
    const savedAt = Date.now()
    // Two edits in turn with the signal, two without: the machine is as busy for both.
    const kind = revision % 4 < 2 ? 'asked' : 'noticed'
    if (kind === 'asked') process.kill(gateway.pid, 'SIGHUP')
    const appliedAt = await gateway.waitForLog(entry =>
      entry.msg === 'routing configuration applied' && entry.revision === revision ? Number(entry.time) : undefined
    )
    times[kind].push(appliedAt - savedAt)
  }
  expect(sample(await metricsOf(gateway), 'gateway_config_revision')).toBe(23)
  const [asked = NaN, noticed = NaN] = [times.asked, times.noticed].map(each => each.sort((a, b) => a - b)[5])
  expect(asked).toBeLessThan(noticed)
  expect(await servedBy(gateway.url, CHECK_EMAIL)).toBe('legacy')
})

test('a target may come from the environment; one whose variable is not set is refused', async () => {
  const upstream = await upstreamForTest()
  const spare = await upstreamForTest()
  const gateway = await gatewayForTest({ legacyUrl: upstream.url, env: { SPARE_URL: spare.url } })
  const targets = { legacy: { url: '${LEGACY_URL}' }, spare: { url: '${SPARE_URL}' } }
  await gateway.reconfigure({ targets, routes: routesWith({ 'prompts.list': { upstream: 'spare' } }) })
  expect(await servedBy(gateway.url, '/api/prompts')).toBe('spare')
  expect(spare.requests).toHaveLength(1)

  await writeFile(gateway.configFile, routingText({ targets: { ...targets, spare: { url: '${NO_SUCH_VARIABLE}' } } }))
  const problems = await gateway.waitForLog(({ msg, problems: told }) => (msg === REFUSED ? told : undefined))
  expect(problems).toEqual([expect.stringMatching(/\/targets\/spare\/url.*expected NO_SUCH_VARIABLE to be set/)])
  expect(await servedBy(gateway.url, '/api/prompts')).toBe('spare')
})

test("a target's new URL gets the requests that begin then; those in flight finish where they are", async () => {
  const answers = Promise.withResolvers<void>()
  const old = await upstreamForTest((_request, response) => {
    response.write('begun,')
    void answers.promise.then(() => response.end('finished'))
  })
  const next = await upstreamForTest()
  const gateway = await gatewayForTest({ legacyUrl: old.url })
  const agent = new Agent()
  onTestFinished(() => agent.close())
  const inFlight = await Promise.all(
    Array.from({ length: 5 }, () => request(`${gateway.url}/slow`, { dispatcher: agent }))
  )

  const config = { targets: { legacy: { url: next.url } } }
  const applied = gateway.waitForLog(entry => appliedWith(routingText(config))(entry) || undefined)
  await saveByRename(gateway.configFile, routingText(config))
  await applied
  expect((await call(gateway.url, '/new')).body).toMatchObject({ upstream: true, url: '/new' })
  answers.resolve()
  expect(await Promise.all(inFlight.map(({ body }) => body.text()))).toEqual(Array(5).fill('begun,finished'))
  expect(old.requests.map(({ url }) => url)).toEqual(Array(5).fill('/slow'))
  expect(next.requests.map(({ url }) => url)).toEqual(['/new'])
})
