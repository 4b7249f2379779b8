import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pino } from 'pino'
import { Pool } from 'undici'
import { inject, onTestFinished } from 'vitest'
import { readEnvironment } from '../../../gateway/environment.ts'
import { createGateway, type Gateway } from '../../../gateway/gateway.ts'
import type { ActResult, Order } from '../../../gateway/rollout-controller/orders.ts'
import type { RolloutStatus } from '../../../gateway/rollout-controller/status.ts'
import type { Verb } from '../../../gateway/rollout/state.ts'
import type { NativeModule } from '../../../services/index.ts'
import { type ManualClock, manualClock } from '../../support/clock.ts'
import { withFreshName } from '../../support/database.ts'
import '../../support/global-setup.ts'
import { bearer, JWT_SECRET, sample, type Upstream, upstreamForTest } from '../gateway/support.ts'

/** A backend that answers 200 until it is told otherwise. */
export interface Side {
  status: number
  /** Answers wait for it. */
  held?: Promise<void>
}

export interface Scene {
  readonly gateway: Gateway
  readonly clock: ManualClock
  readonly upstream: Upstream
  readonly native: Side
  readonly legacy: Side
  readonly folder: string
  readonly configFile: string
  /** One request of each caller, at once; the side that answered and the status, by caller. */
  ask(callers: readonly string[], headers?: Readonly<Record<string, string>>): Promise<{ by: string; status: number }[]>
  /** A sample of the metrics, once all requests that have ended are counted. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>
  close(): Promise<void>
}

export const ROUTE = { id: 'thing', paths: ['/thing'], methods: ['GET'], native: 'thing', servedByHeader: true }

const enough = { minimumRequests: 20 }

/** A plan whose evidence a test can bring together. */
export const PLAN = {
  steps: [10, 50, 100],
  holdMs: 5_000,
  advance: 'automatic',
  evidence: { minimumRequests: 20, minimumMs: 1_000 },
  lookBackMs: 10_000,
  guardrails: {
    errorRate: enough,
    serverErrorRate: enough,
    errorIncrease: enough,
    refusalIncrease: enough,
    // Both sides are in this process, and how fast they are is not the question here.
    latency: { enabled: false }
  }
}

/** Callers by number: about as many of a hundred have their bucket below a weight as it says. */
export const callers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `caller-${from + index}`)

const tokens = new Map<string, { authorization: string }>()

function tokenOf(caller: string): { authorization: string } {
  const known = tokens.get(caller) ?? bearer(caller)
  tokens.set(caller, known)
  return known
}

export interface SceneOptions {
  readonly routes?: readonly object[]
  readonly defaults?: object
  readonly clock?: ManualClock
  /** Of an earlier scene, to go on where it ended. */
  readonly folder?: string
}

/** A whole gateway in this process, on real sockets and files, between a native and a legacy side of the test's own. */
export async function startScene({
  routes = [ROUTE],
  defaults = {},
  clock = manualClock(),
  ...rest
}: SceneOptions = {}) {
  const folder = rest.folder ?? (await freshFolder())
  const configFile = join(folder, 'routing.config.json')
  if (rest.folder === undefined) {
    const config = { version: 1, targets: { legacy: { url: '${LEGACY_URL}' } }, defaults, routes }
    await writeFile(configFile, JSON.stringify(config, undefined, 2))
  }
  const native: Side = { status: 200 }
  const legacy: Side = { status: 200 }
  const upstream = await upstreamForTest((_request, response) => {
    const answer = () => response.writeHead(legacy.status).end()
    void (legacy.held?.then(answer) ?? answer())
  })
  const thing: NativeModule = {
    name: 'thing',
    async plugin(app) {
      for (const path of ['/thing', '/other']) {
        app.get(path, async (_request, reply) => {
          await native.held
          return reply.code(native.status).send({ native: true })
        })
      }
    }
  }
  const gateway = await createGateway({
    environment: readEnvironment({
      LEGACY_URL: upstream.url,
      MONGODB_URI: withFreshName(inject('databaseUri')),
      JWT_SECRET,
      ROUTING_CONFIG: configFile,
      SHUTDOWN_DELAY_MS: '0',
      OVERRIDE_NETWORKS: '127.0.0.1'
    }),
    version: '0.0.0',
    logger: pino({ level: 'silent' }),
    clock,
    modules: [thing]
  })
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
  const pool = new Pool(url, { connections: 8 })
  let isClosed = false
  const scene: Scene = {
    gateway,
    clock,
    upstream,
    native,
    legacy,
    folder,
    configFile,
    async ask(who, headers = {}) {
      const path = '/thing'
      const answers = await Promise.all(
        who.map(caller => pool.request({ path, method: 'GET', headers: { ...tokenOf(caller), ...headers } }))
      )
      return Promise.all(
        answers.map(async answer => {
          await answer.body.dump()
          return { by: String(answer.headers['x-served-by']), status: answer.statusCode }
        })
      )
    },
    async metric(name, labels = {}) {
      return sample((await gateway.admin.inject('/metrics')).body, name, labels)
    },
    async close() {
      if (isClosed) return
      isClosed = true
      await pool.destroy()
      await gateway.close()
    }
  }
  onTestFinished(() => scene.close())
  return scene
}

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scribe-rollout-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Resolves when every request that was answered is counted. */
export async function counted({ gateway }: Scene): Promise<void> {
  await nextTurn()
  await gateway.admin.inject('/metrics')
}

/** Lets so many seconds pass; in each, the callers ask once. What they got. */
export async function pass(scene: Scene, seconds: number, who: readonly string[] = []) {
  const answers: { by: string; status: number }[] = []
  for (let second = 0; second < seconds; second++) {
    if (who.length > 0) answers.push(...(await scene.ask(who)))
    await counted(scene)
    scene.clock.advance(1_000)
    await scene.gateway.rollouts.settled()
  }
  return answers
}

/** Passes seconds until something is so; fails after `limit` of them. */
export async function passUntil(scene: Scene, isSo: () => boolean, who: readonly string[], limit = 60) {
  const answers: { by: string; status: number }[] = []
  for (let second = 0; !isSo(); second++) {
    if (second === limit) throw new Error(`not so after ${limit} seconds: ${JSON.stringify(statusOf(scene))}`)
    answers.push(...(await pass(scene, 1, who)))
  }
  return answers
}

/** How the only group stands. */
export function statusOf({ gateway }: Scene): RolloutStatus {
  const [status, ...more] = gateway.rollouts.status()
  if (status === undefined || more.length > 0) throw new Error('there is not exactly one group')
  return status
}

export const ALICE = { kind: 'operator', name: 'alice' } as const

/** An order of Alice's, for the revision that serves. */
export function order(scene: Scene, verb: Verb, rest: Partial<Order> = {}): Promise<ActResult> {
  const { gateway } = scene
  const base = { target: 'thing', expected: gateway.store.current.number, actor: ALICE, reason: 'the plan of the week' }
  return gateway.rollouts.act(verb, { ...base, ...rest })
}

/** What rollouts told, in order, without alerts. */
export function told({ gateway }: Scene): string[] {
  const events = gateway.events.since().filter(({ type }) => /^rollout\.(?!alert)/.test(type))
  return events.map(({ type, weight }) => `${type.slice('rollout.'.length)}${weight === undefined ? '' : ` ${weight}`}`)
}
