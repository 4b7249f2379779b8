import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { canaryDashboard } from '../../../deploy/grafana/canary.ts'
import { call } from '../gateway/support.ts'
import { DEPLOY, metricsIn, namesIn, promtool, WITHOUT_PROMETHEUS } from './promtool.ts'
import { rules } from './rule-files.ts'
import { configWith, type Scene, startScene } from './scene.ts'

const Datasource = Type.Object({ type: Type.Literal('prometheus'), uid: Type.Literal('${datasource}') })
const Panel = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  type: Type.Union(['row', 'timeseries', 'stat', 'state-timeline'].map(type => Type.Literal(type))),
  title: Type.String({ minLength: 2 }),
  description: Type.Optional(Type.String({ minLength: 5 })),
  gridPos: Type.Object({
    h: Type.Integer({ minimum: 1 }),
    w: Type.Integer({ minimum: 1, maximum: 24 }),
    x: Type.Integer({ minimum: 0, maximum: 23 }),
    y: Type.Integer({ minimum: 0 })
  }),
  datasource: Type.Optional(Datasource),
  targets: Type.Optional(
    Type.Array(
      Type.Object({
        datasource: Datasource,
        refId: Type.String({ pattern: '^[A-Z]$' }),
        expr: Type.String({ minLength: 1 }),
        legendFormat: Type.String({ minLength: 1 })
      })
    )
  ),
  fieldConfig: Type.Optional(Type.Object({ defaults: Type.Object({ unit: Type.String({ minLength: 1 }) }) }))
})
const Dashboard = Type.Object({
  uid: Type.Literal('scribe-canary'),
  title: Type.Literal('Canary'),
  schemaVersion: Type.Integer({ minimum: 38 }),
  templating: Type.Object({ list: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })) }),
  annotations: Type.Object({
    list: Type.Array(Type.Object({ name: Type.String(), expr: Type.String(), datasource: Datasource }))
  }),
  panels: Type.Array(Panel)
})

const text = await readFile(join(DEPLOY, 'grafana/dashboards/canary.json'), 'utf8')
const dashboard = Value.Parse(Dashboard, JSON.parse(text))
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ refId, expr }) => ({ title, refId, expr })))
const annotations = dashboard.annotations.list.map(({ name, expr }) => ({ title: name, refId: 'annotation', expr }))

/** As Grafana fills in its variables when all is in sight; a short interval, since the test's Prometheus is young. */
const filled = (expr: string) => expr.replaceAll(/\$(?:instance|route)\b/g, '.*').replaceAll('$__rate_interval', '15s')

const WARM_UP = { timeout: 60_000, interval: 500 }
const WAIT = { timeout: 15_000, interval: 500 }
const SOMETIMES = ['gateway_rollout_ready_timestamp_seconds', 'gateway_rollout_rollback_held_timestamp_seconds']
const OF_NGINX = 'nginx_last_resort_requests_total'

async function provisioned(file: string): Promise<unknown> {
  return parse(await readFile(join(DEPLOY, 'grafana/provisioning', file), 'utf8'))
}

/** A rule file with these expressions. */
function asRules(exprs: readonly string[]): string {
  const named = exprs.map((expr, index) => ({ record: `of:query:${index}`, expr: filled(expr) }))
  return stringify({ groups: [{ name: 'dashboard', rules: named }] })
}

describe('the dashboard', () => {
  test('is what its generator makes', () => {
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(canaryDashboard())))
  })

  test('has what a reader needs: a sentence and a unit for each panel, numbers that are its own, no overlap', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance', 'route'])
    for (const { description, fieldConfig, targets = [] } of panels) {
      expect(description).toBeDefined()
      expect(fieldConfig?.defaults.unit).toBeDefined()
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
      expect(targets.length).toBeGreaterThan(0)
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`)
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
  })

  test('has each panel of native beside the same of legacy', () => {
    const titles = panels.map(({ title }) => title)
    const native = titles.filter(title => title.startsWith('Native: '))
    expect(native).toHaveLength(3)
    for (const title of native) {
      expect(titles[titles.indexOf(title) + 1]).toBe(title.replace('Native', 'Legacy'))
    }
  })

  test('is found by its provisioning', async () => {
    expect(await provisioned('datasources/prometheus.yml')).toMatchObject({
      apiVersion: 1,
      datasources: [{ type: 'prometheus', url: '${PROMETHEUS_URL}' }]
    })
    expect(await provisioned('dashboards/scribe-gateway.yml')).toMatchObject({
      apiVersion: 1,
      providers: [{ type: 'file', options: { path: '/etc/grafana/dashboards/scribe-gateway' } }]
    })
  })
})

describe.skipIf(WITHOUT_PROMETHEUS)('with a gateway and Prometheus', () => {
  let scene: Scene
  const onSceneEnd: (() => Promise<void>)[] = []

  beforeAll(async () => {
    scene = await startScene()
    const stop = new AbortController()
    // Rates need several scrapes with something new in each.
    const going = (async () => {
      while (!stop.signal.aborted) {
        await scene.traffic()
        await delay(250)
      }
    })()
    onSceneEnd.push(async () => {
      stop.abort()
      await going
      await scene.stop()
    })
    await vi.waitFor(async () => {
      const failing = await scene.query('route_target:gateway_errors_per_attempt:ratio_rate5m{target="native"} > 0')
      if (failing.length === 0) throw new Error('Prometheus has not seen native fail yet')
    }, WARM_UP)
  })

  afterAll(async () => {
    for (const end of onSceneEnd) await end()
  })

  test('promtool finds nothing to say of the metrics', async () => {
    const { text: exposition } = await call(scene.gateway.adminUrl, '/metrics')
    const told = promtool(['check', 'metrics'], exposition)
    expect(told).toEqual({ isOk: true, text: '' })
    const bad = exposition.replaceAll('gateway_fallbacks_total', 'gatewayFallbacks')
    expect(promtool(['check', 'metrics'], bad).isOk).toBe(false)
  })

  test('every expression of the dashboard is PromQL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scribe-rules-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'rules.yml')
    const exprs = [...queries, ...annotations].map(({ expr }) => expr)
    await writeFile(file, asRules(exprs))
    expect(promtool(['check', 'rules', file])).toMatchObject({ isOk: true })
    await writeFile(file, asRules([...exprs, 'sum by (a (b)']))
    expect(promtool(['check', 'rules', file]).isOk).toBe(false)
  })

  test('every metric that the dashboard and the rules name is one that a gateway has, or a rule makes', async () => {
    const { text: exposition } = await call(scene.gateway.adminUrl, '/metrics')
    const known = new Set([...namesIn(exposition), ...rules().flatMap(({ record }) => record ?? [])])
    // They are there while a step waits, or a rollback is held.
    for (const name of SOMETIMES) expect(exposition).toContain(`# TYPE ${name} gauge`)
    for (const name of [...SOMETIMES, OF_NGINX]) known.add(name)
    const named = [...queries, ...annotations, ...rules()].flatMap(({ expr }) => metricsIn(expr))
    expect(named.length).toBeGreaterThan(60)
    expect(named.filter(name => !known.has(name))).toEqual([])
  })

  test.each(queries)('"$title" has data ($refId)', async ({ expr }) => {
    await expect
      .poll(async () => (await scene.query(filled(expr))).filter(({ value }) => Number.isFinite(value)), WAIT)
      .not.toEqual([])
  })

  test('what native failed shows as an error of native, and its breaker as open', async () => {
    const errors = queries.find(({ title }) => title === 'Native: errors')
    const found = await scene.query(filled(errors?.expr ?? ''))
    const ofRoute = (route: string) => found.find(({ metric }) => metric['route'] === route)?.value
    expect(ofRoute('ai.search')).toBeGreaterThan(0)
    expect(ofRoute('notes.list')).toBe(0)
    const open = await scene.query('max by (route) (max_over_time(gateway_breaker_state{state="open"}[5m])) == 1')
    expect(open.map(({ metric }) => metric['route'])).toContain('ai.search')
  })

  test('a change of a weight is annotated', async () => {
    await scene.gateway.reconfigure(configWith({ 'notes.list': { weight: 40 }, 'notes.create': { weight: 40 } }))
    for (const { expr } of annotations.filter(({ title }) => title !== 'Event')) {
      await expect.poll(() => scene.query(filled(expr)), WAIT).not.toEqual([])
    }
  })
})
