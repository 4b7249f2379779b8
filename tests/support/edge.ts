import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Environment, readEnvironment } from '../../gateway/environment.ts'
import { createGateway, type Gateway } from '../../gateway/gateway.ts'

/** One line of the log, parsed. */
export type LogLine = Readonly<Record<string, unknown>>

export interface Edge {
  readonly port: number
  readonly url: string
  readonly gateway: Gateway
  /** What has been logged so far. */
  readonly log: readonly LogLine[]
  /** The log as it was written. */
  readonly logText: string
  /** The `count` first lines (default 1) that tell of a request, as soon as they are there. */
  requestLines(count?: number): Promise<LogLine[]>
  close(): Promise<void>
}

export interface EdgeOptions {
  /** Port on the loopback address, or origin, of the upstream `legacy`. */
  readonly upstream: number | string
  /** Milliseconds; a route may say otherwise. */
  readonly timeouts?: { readonly responseMs?: number; readonly idleMs?: number }
  /** As in routing.config.json; without any, every request is `unmatched`. */
  readonly routes?: readonly object[]
  /** Laid over the top level of the routing configuration. */
  readonly config?: object
  readonly env?: Partial<Environment>
}

const RESPONSE_TIMEOUT_MS = 10_000

/** The gateway in this process on a free port, everything relayed to the upstream, its log kept for the test. It has no database. */
export async function startEdge({ upstream, timeouts, routes = [], config, env }: EdgeOptions): Promise<Edge> {
  const directory = await mkdtemp(join(tmpdir(), 'edge-'))
  const file = join(directory, 'routing.config.json')
  const routing = {
    version: 1,
    targets: { legacy: { url: '${LEGACY_URL}', connectTimeoutMs: 2_000 } },
    defaults: {
      weight: 0,
      servedByHeader: true,
      timeouts: { responseMs: RESPONSE_TIMEOUT_MS, idleMs: 0, ...timeouts }
    },
    routes,
    ...config
  }
  await writeFile(file, JSON.stringify(routing, undefined, 2))

  const log: LogLine[] = []
  let logText = ''
  const waiting = new Set<() => void>()
  const sink = {
    write(line: string) {
      logText += line
      const parsed: unknown = JSON.parse(line)
      if (typeof parsed === 'object' && parsed !== null) log.push({ ...parsed })
      for (const check of waiting) check()
    }
  }
  const gateway = await createGateway({
    environment: {
      ...readEnvironment({
        LEGACY_URL: typeof upstream === 'string' ? upstream : `http://127.0.0.1:${upstream}`,
        // The discard port, where nobody answers: the relay needs no database.
        MONGODB_URI: 'mongodb://127.0.0.1:9/none',
        JWT_SECRET: 'a secret of the tests, long enough'
      }),
      ROUTING_CONFIG: file,
      BCRYPT_COST: 4,
      SHUTDOWN_TIMEOUT_MS: 1_000,
      SHUTDOWN_DELAY_MS: 0,
      ...env
    },
    version: '0.0.0-test',
    logger: pino({ level: env?.LOG_LEVEL ?? 'info' }, sink)
  })
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 })

  return {
    port: Number(new URL(url).port),
    url,
    gateway,
    log,
    get logText() {
      return logText
    },
    requestLines(count = 1) {
      const { promise, resolve } = Promise.withResolvers<LogLine[]>()
      const check = () => {
        const lines = log.filter(({ msg }) => msg === 'request')
        if (lines.length < count) return
        waiting.delete(check)
        resolve(lines)
      }
      waiting.add(check)
      check()
      return promise
    },
    async close() {
      await gateway.close()
      await rm(directory, { recursive: true, force: true })
    }
  }
}
