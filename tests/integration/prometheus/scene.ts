import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freshDatabase } from '../../support/fresh-database.ts'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import { withDemoRollout } from '../../support/demo-rollout.ts'
import shipped from '../../../routing.config.json' with { type: 'json' }
import { freePort, startProcess } from '../../support/process.ts'
import { call, JWT_SECRET, NOBODY, bearer, routesWith, startUpstream } from '../gateway/support.ts'
import { DEPLOY } from './promtool.ts'

const SCRAPE_S = 1

export interface Scene {
  readonly gateway: RunningGateway
  readonly prometheusUrl: string
  /** The value of each series that an instant query finds, by its labels. */
  query(expr: string): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[]>
  /** What of everything can happen happens once more: native and legacy answer, fail, fall back. */
  traffic(): Promise<void>
  stop(): Promise<void>
}

/** The routing configuration of the scene, some routes with another policy. */
export function configWith(policies: Readonly<Record<string, object>> = {}): object {
  return withDemoRollout({
    ...shipped,
    targets: { ...shipped.targets, nobody: { url: NOBODY } },
    routes: routesWith({
      'notes.list': { weight: 50 },
      'notes.create': { weight: 50 },
      'ai.search': { weight: 100 },
      'ai.clinical-codes': { weight: 100, fallback: true },
      'prompts.list': { upstream: 'nobody' },
      ...policies
    })
  })
}

/** A gateway under traffic, and Debian's Prometheus that scrapes it by the rules that are shipped. */
export async function startScene(): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-prometheus-'))
  const [database, legacy, webhook] = await Promise.all([freshDatabase(), startUpstream(), startUpstream()])
  const gateway = await startGateway({
    legacyUrl: legacy.url,
    mongodbUri: database.uri,
    jwtSecret: JWT_SECRET,
    env: {
      // Neither answers: native fails, with a fallback where the request is safe.
      OPENAI_BASE_URL: `${NOBODY}/v1`,
      OPENAI_MAX_RETRIES: '0',
      NHS_BASE_URL: NOBODY,
      EVENT_WEBHOOK_URL: webhook.url,
      EVENT_WEBHOOK_SECRET: randomBytes(16).toString('hex')
    },
    config: configWith()
  })
  const port = await freePort()
  const configFile = join(directory, 'prometheus.yml')
  await writeFile(
    configFile,
    stringify({
      global: { scrape_interval: `${SCRAPE_S}s`, evaluation_interval: `${SCRAPE_S}s` },
      rule_files: [join(DEPLOY, 'prometheus/rules/*.yml')],
      scrape_configs: [{ job_name: 'scribe-gateway', static_configs: [{ targets: [new URL(gateway.adminUrl).host] }] }]
    })
  )
  const prometheus = await startProcess({
    name: 'prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`
    ]
  })
  await prometheus.waitForLine(line => /Server is ready to receive web requests/.test(line) || undefined)
  const prometheusUrl = `http://127.0.0.1:${port}`
  const callers = Array.from({ length: 20 }, () => bearer(randomBytes(12).toString('hex')))

  return {
    gateway,
    prometheusUrl,
    async query(expr) {
      const answer = await fetch(`${prometheusUrl}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: expr })
      })
      const body: unknown = await answer.json()
      return resultOf(body)
    },
    async traffic() {
      const note = randomBytes(12).toString('hex')
      await Promise.all([
        ...callers.map(headers => call(gateway.url, `/api/notes/${note}`, { headers })),
        ...callers
          .slice(0, 3)
          .flatMap(headers => [
            call(gateway.url, '/api/ai/search?query=x', { method: 'POST', headers, body: {} }),
            call(gateway.url, '/api/ai/search/clinicalcodes?name=x', { headers }),
            call(gateway.url, '/api/prompts', { headers })
          ])
      ])
    },
    async stop() {
      await prometheus.stop()
      await gateway.stop()
      await Promise.all([legacy.close(), webhook.close(), database.drop()])
      await rm(directory, { recursive: true, force: true })
    }
  }
}

function resultOf(body: unknown) {
  const data = at(body, 'data')
  const result = at(data, 'result')
  if (at(body, 'status') !== 'success' || !Array.isArray(result)) {
    throw new Error(`Prometheus refused the query: ${JSON.stringify(body)}`)
  }
  // A scalar is a pair of numbers, without labels.
  if (at(data, 'resultType') === 'scalar') return [{ metric: {}, value: Number(result[1]) }]
  return result.map((series: unknown) => {
    const [, value] = asArray(at(series, 'value'))
    return { metric: Object.fromEntries(Object.entries(at(series, 'metric') ?? {})), value: Number(value) }
  })
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
