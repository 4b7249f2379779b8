import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import {
  bearer,
  type Call,
  call,
  JWT_SECRET,
  marker,
  routesWith,
  sample,
  startUpstream,
  unusedDatabaseUri,
  type Upstream
} from './support.ts'

const CONFIG = {
  targets: { legacy: { url: '${LEGACY_URL}' }, nobody: { url: 'http://127.0.0.1:9' } },
  routes: routesWith({
    'users.check-email': { weight: 100 },
    'users.login': { weight: 100 },
    'users.profile': { weight: 50 },
    'notes.list': { weight: 100 },
    'prompts.list': { upstream: 'nobody' }
  })
}

let upstream: Upstream
let gateway: RunningGateway

beforeAll(async () => {
  upstream = await startUpstream()
  gateway = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: unusedDatabaseUri(),
    jwtSecret: JWT_SECRET,
    config: CONFIG
  })
})

afterAll(async () => {
  await gateway.stop()
  await upstream.close()
})

const metrics = async () => (await call(gateway.adminUrl, '/metrics')).text

/** Every sample: name, labels, value. */
async function samples() {
  return (await metrics())
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const [, name = '', labels = '', value = ''] = /^([a-zA-Z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
      return { name, labels: new Map(pairs.map(([key = '', text = '']) => [key, text])), value: Number(value) }
    })
}

/** The labels but the bucket's, as one text. */
function keyOf(labels: ReadonlyMap<string, string>): string {
  return [...labels]
    .filter(([key]) => key !== 'le')
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join()
}

function routesOf(): { id: string; weight: number }[] {
  return CONFIG.routes.map(route => {
    if (!('id' in route)) throw new Error('a route without id')
    // What only native serves has no weight to set.
    return { id: String(route.id), weight: 'weight' in route ? Number(route.weight) : 100 }
  })
}

test('every request is counted once, under its route, target, reason and status class', async () => {
  const count = async (labels: Record<string, string>) => sample(await metrics(), 'gateway_requests_total', labels) ?? 0
  const cases: [string, Call, Record<string, string>][] = [
    [
      '/users/checkEmail?email=a',
      {},
      { route: 'users.check-email', target: 'native', reason: 'weight', status_class: '2xx' }
    ],
    [
      '/users/login',
      { method: 'POST', body: [] },
      { route: 'users.login', target: 'native', reason: 'weight', status_class: '4xx' }
    ],
    ['/', {}, { route: 'root', target: 'legacy', reason: 'weight', status_class: '2xx' }],
    ['/api/notes/%61', {}, { route: 'notes.list', target: 'legacy', reason: 'no-native', status_class: '2xx' }],
    ['/nowhere/at/all', {}, { route: 'unmatched', target: 'legacy', reason: 'unmatched', status_class: '2xx' }],
    ['/api/prompts', {}, { route: 'prompts.list', target: 'nobody', reason: 'weight', status_class: '5xx' }]
  ]
  for (const [path, options, labels] of cases) {
    const before = await count(labels)
    await call(gateway.url, path, options)
    await expect.poll(() => count(labels)).toBe(before + 1)
  }
  expect(sample(await metrics(), 'gateway_upstream_failures_total', { route: 'prompts.list' })).toBe(1)
})

test('a client that leaves before its answer is counted as aborted', async () => {
  const silent = await startUpstream(() => {})
  await gateway.reconfigure({ ...CONFIG, targets: { ...CONFIG.targets, legacy: { url: silent.url } } })
  const outgoing = httpRequest(`${gateway.url}/never`)
  const failed = once(outgoing, 'error')
  outgoing.end()
  await expect.poll(() => silent.requests.length).toBe(1)
  outgoing.destroy(new Error('the client leaves'))
  await failed
  await expect
    .poll(async () =>
      sample(await metrics(), 'gateway_requests_total', { route: 'unmatched', status_class: 'aborted' })
    )
    .toBe(1)
  await gateway.reconfigure(CONFIG)
  await silent.close()
})

test('histogram and counter agree, for every combination of labels', async () => {
  const all = await samples()
  const valuesOf = (name: string, wanted: (labels: ReadonlyMap<string, string>) => boolean = () => true) =>
    Object.fromEntries(
      all.filter(each => each.name === name && wanted(each.labels)).map(each => [keyOf(each.labels), each.value])
    )
  const counters = valuesOf('gateway_requests_total')
  expect(Object.keys(counters).length).toBeGreaterThanOrEqual(6)
  expect(valuesOf('gateway_request_duration_seconds_count')).toEqual(counters)
  expect(valuesOf('gateway_request_duration_seconds_bucket', labels => labels.get('le') === '+Inf')).toEqual(counters)
})

test('weights and revision are those that serve, and the process tells of itself', async () => {
  const text = await metrics()
  for (const { id, weight } of routesOf()) {
    expect(sample(text, 'gateway_route_weight_ratio', { route: id })).toBe(weight / 100)
  }
  expect(sample(text, 'gateway_config_revision')).toBeGreaterThanOrEqual(1)
  expect(sample(text, 'gateway_config_last_reload_successful')).toBe(1)
  expect(sample(text, 'gateway_config_problems')).toBe(0)
  expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
})

test('labels come from the routing table, never from a request', async () => {
  const mark = marker()
  await call(gateway.url, `/users/checkEmail?email=${mark}`)
  await call(gateway.url, `/api/notes/${mark}`, { headers: { ...bearer(mark), 'x-request-id': mark } })
  await call(gateway.url, `/${mark}`, { method: 'PATCH', headers: { 'x-gateway-target': mark } })
  const routes = new Set([...routesOf().map(({ id }) => id), 'unmatched'])
  // A route without a group is one by itself.
  const groups = new Set(
    CONFIG.routes.flatMap(route => ('group' in route ? [route.group] : 'id' in route ? [route.id] : []))
  )
  const targets = new Set(['native', 'legacy', 'nobody'])
  const isKnown: Readonly<Record<string, (value: string) => boolean>> = {
    route: value => routes.has(value),
    target: value => targets.has(value),
    upstream: value => targets.has(value),
    reason: value => /^(?:weight|override|cohort|kill-switch|breaker|no-native|native-only|unmatched)$/.test(value),
    status_class: value => /^(?:[1-5]xx|aborted)$/.test(value),
    failure: value => /^upstream_[a-z]+$/.test(value),
    group: value => groups.has(value),
    phase: value => /^(?:idle|progressing|paused|completed|rolled-back)$/.test(value),
    kind: value => /^(?:shared|native-only|legacy-only)$/.test(value),
    guardrail: value => /^(?:errorRate|serverErrorRate|errorIncrease|refusalIncrease|latency|health)$/.test(value),
    status: value => /^(?:passed|failed|waiting|inconclusive|error)$/.test(value),
    check: value => /^(?:shutdown|configuration|state|audit|database|legacy)$/.test(value),
    type: value => /^(?:rollout|breaker|config)\.[a-z-]+$/.test(value),
    severity: value => /^(?:info|warning|error)$/.test(value),
    state: value => /^(?:closed|open|half-open)$/.test(value),
    le: value => value === '+Inf' || Number(value) > 0,
    version: value => /^\d+\.\d+\.\d+$/.test(value)
  }
  const labels = (await samples()).filter(({ name }) => name.startsWith('gateway_')).flatMap(each => [...each.labels])
  expect(labels.length).toBeGreaterThan(100)
  expect(labels.filter(([label, value]) => isKnown[label]?.(value) !== true)).toEqual([])
  expect(await metrics()).not.toContain(mark)
})
