import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DEPLOY, metricsIn, promtool, WITHOUT_PROMETHEUS } from './promtool.ts'
import { ruleTests, rules } from './rule-files.ts'

const alerts = rules().filter(({ alert }) => alert !== undefined)
const records = rules().flatMap(({ record }) => record ?? [])

describe.skipIf(WITHOUT_PROMETHEUS)('promtool', () => {
  test('accepts the configuration of Prometheus and its rules', () => {
    const told = promtool(['check', 'config', 'prometheus/prometheus.yml'])
    expect(told.text).toContain('SUCCESS: 2 rule files found')
    expect(told.isOk).toBe(true)
    const files = readdirSync(join(DEPLOY, 'prometheus/rules')).map(file => `prometheus/rules/${file}`)
    expect(promtool(['check', 'rules', '--lint=all', '--lint-fatal', ...files])).toMatchObject({ isOk: true })
  })

  test.each(readdirSync(join(DEPLOY, 'prometheus/tests')))('finds that the rules do what %s says', file => {
    const told = promtool(['test', 'rules', `prometheus/tests/${file}`])
    expect(told.text).toContain('SUCCESS')
    expect(told.isOk).toBe(true)
  })

  test('finds a rule that does not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scribe-rules-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const wrong = `
rule_files: [${join(DEPLOY, 'prometheus/rules/alerts.yml')}]
tests:
  - input_series: [{ series: 'gateway_ready{instance="a"}', values: '0x10' }]
    alert_rule_test: [{ eval_time: 5m, alertname: GatewayNotReady, exp_alerts: [] }]
`
    const file = join(folder, 'wrong.yml')
    await writeFile(file, wrong)
    const told = promtool(['test', 'rules', file])
    expect(told.isOk).toBe(false)
    expect(told.text).toContain('alertname="GatewayNotReady"')
  })
})

describe('every alert', () => {
  const runbook = readFileSync(join(DEPLOY, '../docs/runbook-alerts.md'), 'utf8')
  const anchors = new Set([...runbook.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase()))

  test.each(alerts)(
    '$alert says what is wrong, how bad it is, and where it is written what to do',
    ({ alert = '', ...rule }) => {
      const { labels = {}, annotations = {} } = rule
      expect(labels['severity']).toMatch(/^(?:critical|warning|info)$/)
      expect(annotations['summary']).toMatch(/^\S.{5,}/)
      expect(annotations['description']).toMatch(/^\S.{20,}\.$/)
      expect(annotations['runbook_url']).toBe(`docs/runbook-alerts.md#${alert.toLowerCase()}`)
      expect(anchors).toContain(alert.toLowerCase())
    }
  )

  test.each(alerts)('$alert is tested firing and not firing', ({ alert }) => {
    const outcomes = ruleTests()
      .flatMap(each => each.alert_rule_test ?? [])
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts: expected }) => expected.length > 0)
    expect(new Set(outcomes)).toEqual(new Set([true, false]))
  })

  test('of the runbook is one of the rules', () => {
    expect([...anchors].sort()).toEqual(alerts.map(({ alert = '' }) => alert.toLowerCase()).sort())
  })
})

test.each(records)('%s is tested', record => {
  const exprs = ruleTests().flatMap(each => each.promql_expr_test ?? [])
  expect(exprs.flatMap(({ expr }) => metricsIn(expr))).toContain(record)
})

test('rules name recorded series that there are', () => {
  const recorded = rules().flatMap(({ expr }) => metricsIn(expr).filter(name => name.includes(':')))
  expect(recorded.filter(name => !records.includes(name))).toEqual([])
})
