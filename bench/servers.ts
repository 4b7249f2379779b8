import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, type RunningProcess, startProcess } from '../tests/support/process.ts'
import packageJson from '../package.json' with { type: 'json' }
import { GATEWAY_MAIN, NO_VARIABLES, routingText } from '../tests/support/gateway.ts'
import { CannotMeasure, MEASURED_CORE } from './machine.ts'

const HOST = '127.0.0.1'
const START_LIMIT_MS = 30_000
const POLL_MS = 50
/** Linux shows every architecture's user space 100 ticks a second. */
const MICROSECONDS_A_TICK = 10_000
/** `sh` becomes the command, so the process id stays; no process on the load core has to read the log. */
const PRINT_TO_FILE = 'exec "$@" >"$0"'

/** As `npm start` runs the gateway. */
const START_FLAGS = packageJson.scripts.start.split(' ').filter(word => word.startsWith('--'))

export const LEGACY_MAIN = fileURLToPath(new URL('../tests/support/legacy/main.ts', import.meta.url))

export interface Server {
  readonly name: string
  readonly url: string
  readonly pid: number
}

interface ScriptOptions {
  readonly name: string
  /** It listens on the loopback address at `PORT`. */
  readonly script: string
  /** Of Node itself. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the core of what is measured. */
  readonly core?: number | 'load'
  /** Where its standard output goes. */
  readonly log?: string
  /** Asked until it answers 200; a path on another port is given whole. Default: any answer of the server itself. */
  readonly ready?: string
}

/** Starts servers whose ends, and whose files' removal, are deferred to the stack. */
export interface Starter {
  readonly directory: string
  script(options: ScriptOptions): Promise<Server>
  /** nginx in one process; `server` is what stands in its `server` block, `http` beside it. */
  nginx(name: string, core: number | 'load', server: string, http?: string): Promise<Server>
  gateway(options: GatewayOptions): Promise<Server>
}

interface GatewayOptions {
  readonly name: string
  readonly legacyUrl: string
  readonly mongodbUri: string
  readonly jwtSecret: string
  /** Of the routes named, or of all. */
  readonly weights?: number | Readonly<Record<string, number>>
  readonly env?: Readonly<Record<string, string>>
}

export async function createStarter(started: AsyncDisposableStack): Promise<Starter> {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-bench-'))
  started.defer(() => rm(directory, { recursive: true, force: true }))

  const start = async (
    name: string,
    port: number,
    command: readonly string[],
    { core = MEASURED_CORE, env = {}, log = '/dev/null', ready }: Omit<ScriptOptions, 'name' | 'script'>
  ): Promise<Server> => {
    const pinned = core === 'load' ? command : ['taskset', '-c', String(core), ...command]
    const running = await startProcess({ name, command: 'sh', args: ['-c', PRINT_TO_FILE, log, ...pinned], env })
    started.defer(async () => void (await running.stop()))
    const url = `http://${HOST}:${port}`
    await answering(running, name, ready ?? url, ready !== undefined)
    return { name, url, pid: running.pid }
  }

  const script = async ({ name, script: file, flags = [], env, ...rest }: ScriptOptions) => {
    const port = await freePort()
    return start(name, port, [process.execPath, ...flags, file], {
      ...rest,
      env: { NODE_ENV: 'production', HOST, ...env, PORT: String(port) }
    })
  }

  return {
    directory,
    script,

    async nginx(name, core, server, http = '') {
      const port = await freePort()
      const prefix = await mkdtemp(join(directory, 'nginx-'))
      const file = join(prefix, 'nginx.conf')
      await writeFile(file, nginxConfiguration(port, server, http))
      return start(name, port, ['nginx', '-e', 'stderr', '-p', prefix, '-c', file], { core })
    },

    async gateway({ name, legacyUrl, mongodbUri, jwtSecret, weights, env }) {
      const own = await mkdtemp(join(directory, 'gateway-'))
      const configFile = join(own, 'routing.config.json')
      await writeFile(configFile, routingText({}, weights))
      const adminPort = await freePort()
      return script({
        name,
        script: GATEWAY_MAIN,
        flags: START_FLAGS,
        env: {
          ...NO_VARIABLES,
          ...env,
          LEGACY_URL: legacyUrl,
          MONGODB_URI: mongodbUri,
          JWT_SECRET: jwtSecret,
          HOST,
          ADMIN_PORT: String(adminPort),
          ROUTING_CONFIG: configFile
        },
        log: join(own, 'log'),
        ready: `http://${HOST}:${adminPort}/readyz`
      })
    }
  }
}

/** Resident memory of a process, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kibibytes === undefined) throw new CannotMeasure(`/proc/${pid}/status names no VmRSS`)
  return Number(kibibytes) * 1024
}

/** Processor time of a process and all its threads so far, in microseconds, to 10 ms. */
export async function processorMicroseconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // proc(5): the name, in parentheses, may hold anything; then state is field 3, utime 14 and stime 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_A_TICK
}

/** In one process, so that its memory is one number; a request log would be work that the others do not do. */
function nginxConfiguration(port: number, server: string, http: string): string {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(kind => `${kind}_temp_path ${kind};`)
  return `
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  ${folders.join('\n  ')}
  ${http}
  server {
    listen ${HOST}:${port};
    ${server}
  }
}
`
}

async function answering(running: RunningProcess, name: string, url: string, mustBeOk: boolean): Promise<void> {
  let ended = false
  void running.exited.then(() => (ended = true))
  const deadline = Date.now() + START_LIMIT_MS
  for (;;) {
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response && (response.ok || !mustBeOk)) return
    if (ended || Date.now() > deadline) {
      const printed = running.lines().join('\n')
      throw new CannotMeasure(`${name} ${ended ? 'ended' : 'did not answer'} before it was ready:\n${printed}`)
    }
    await delay(POLL_MS)
  }
}
