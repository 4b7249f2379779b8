import { hash } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EnvironmentSchema } from '../../gateway/environment.ts'
import shipped from '../../routing.config.json' with { type: 'json' }
import { type Exit, startProcess } from './process.ts'

export const GATEWAY_MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url))

/** None of the gateway's own variables reaches it from whoever runs the tests. */
export const NO_VARIABLES: Readonly<Record<string, undefined>> = Object.fromEntries(
  Object.keys(EnvironmentSchema.properties).map(name => [name, undefined])
)

/** One line of the log, parsed. */
export type LogEntry = Readonly<Record<string, unknown>>

export interface GatewayOptions {
  readonly legacyUrl: string
  readonly mongodbUri: string
  readonly jwtSecret: string
  /** Of every route, or of the routes named; default: as shipped, that is 0. */
  readonly weights?: number | Readonly<Record<string, number>>
  readonly env?: Readonly<Record<string, string>>
  /** Laid over the top level of the shipped routing configuration. */
  readonly config?: object
}

export interface RunningGateway {
  readonly url: string
  readonly adminUrl: string
  readonly pid: number
  readonly configFile: string
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<Exit>
  /** Everything printed so far, line by line. */
  lines(): string[]
  /** The log so far, parsed. */
  log(): LogEntry[]
  /** The first answer of `find` that is not undefined, over the log so far and then each new entry. */
  waitForLog<T>(find: (entry: LogEntry) => T | undefined, deadlineMs?: number): Promise<T>
  /** Saves a configuration by rename, laid over the shipped one, and waits until it serves. */
  reconfigure(config: object): Promise<void>
  /** SIGTERM, and SIGKILL after `limitMs` (default 10 s). Removes the configuration. */
  stop(limitMs?: number): Promise<Exit>
  /** SIGKILL. Removes the configuration. */
  kill(): Promise<Exit>
}

/** Starts the gateway as a process of its own on free loopback ports, and waits until it listens. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { legacyUrl, mongodbUri, jwtSecret, weights, env = {}, config } = options
  const directory = await mkdtemp(join(tmpdir(), 'scribe-gateway-'))
  const configFile = join(directory, 'routing.config.json')
  let serving = routingText(config, weights)
  await writeFile(configFile, serving)
  const running = await startProcess({
    name: 'gateway',
    args: [GATEWAY_MAIN],
    env: {
      ...NO_VARIABLES,
      LEGACY_URL: legacyUrl,
      MONGODB_URI: mongodbUri,
      JWT_SECRET: jwtSecret,
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ROUTING_CONFIG: configFile,
      BCRYPT_COST: '4',
      SHUTDOWN_DELAY_MS: '0',
      ...env
    }
  })
  const waitForLog = <T>(find: (entry: LogEntry) => T | undefined, deadlineMs?: number) =>
    running.waitForLine(line => {
      const entry = entryOf(line)
      return entry === undefined ? undefined : find(entry)
    }, deadlineMs)
  const log = () =>
    running
      .lines()
      .map(entryOf)
      .filter(entry => entry !== undefined)
  const removed = async (exit: Promise<Exit>) => {
    const result = await exit
    await rm(directory, { recursive: true, force: true })
    return result
  }

  try {
    const { url, adminUrl } = await waitForLog(({ msg, ...entry }) => (msg === 'listening' ? entry : undefined))
    return {
      url: String(url),
      adminUrl: String(adminUrl),
      pid: running.pid,
      configFile,
      exited: running.exited,
      lines: () => running.lines(),
      log,
      waitForLog,
      async reconfigure(changed) {
        const text = routingText(changed)
        if (text === serving) return
        const isApplied = appliedWith(text)
        const before = log().filter(isApplied).length
        await saveByRename(configFile, text)
        let seen = 0
        await waitForLog(entry => (isApplied(entry) && ++seen > before) || undefined, 5_000)
        serving = text
      },
      stop: limitMs => removed(running.stop(limitMs)),
      kill: () => removed(running.kill())
    }
  } catch (error) {
    await removed(running.kill())
    throw error
  }
}

/** The shipped routing configuration with something laid over its top level, and with other weights. */
export function routingText(config: object = {}, weights: GatewayOptions['weights'] = {}): string {
  const routes = shipped.routes.map(route =>
    route.nativeOnly === true ? route : { ...route, weight: weightOf(route, weights) }
  )
  return JSON.stringify({ ...shipped, routes, ...config }, undefined, 2)
}

/** As an editor does that never leaves half a file: a new file, renamed over the old one. */
export async function saveByRename(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

/** A test for the log entry that says that this text serves from now on. */
export function appliedWith(text: string): (entry: LogEntry) => boolean {
  const digest = hash('sha256', text).slice(0, 12)
  return entry => entry['msg'] === 'routing configuration applied' && entry['digest'] === digest
}

function weightOf({ id, weight }: (typeof shipped.routes)[number], weights: number | Readonly<Record<string, number>>) {
  return typeof weights === 'number' ? weights : (weights[id] ?? weight)
}

function entryOf(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined
  const entry: unknown = JSON.parse(line)
  return typeof entry === 'object' && entry !== null ? { ...entry } : undefined
}
