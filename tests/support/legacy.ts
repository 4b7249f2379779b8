import { fileURLToPath } from 'node:url'
import { freePort, startProcess } from './process.ts'

const SCRIPTS = {
  alone: fileURLToPath(new URL('legacy/main.ts', import.meta.url)),
  supervised: fileURLToPath(new URL('legacy/supervisor.ts', import.meta.url))
}
const LISTENING = /^legacy listening on /

export interface LegacyOptions {
  readonly mongodbUri: string
  readonly jwtSecret: string
  /** Whether it comes back when it ends. Default: no. */
  readonly supervised?: boolean
  /** Default: a free one. */
  readonly port?: number
  /** Such as `OPENAI_BASE_URL` and `NHS_BASE_URL`. */
  readonly env?: Readonly<Record<string, string>>
}

export interface RunningLegacy {
  readonly url: string
  readonly port: number
  /** Of the backend itself; a supervised one has another after each start. */
  readonly pid: number
  /** Resolves when it has begun to listen for the nth time; the first time is 1. */
  listening(nth: number, deadlineMs?: number): Promise<void>
  /** Ends the backend, and its supervisor if there is one. */
  stop(): Promise<void>
  /** SIGKILL to the backend. A supervised one comes back by itself; else it resolves when it has ended. */
  kill(): Promise<void>
}

/** Starts the stand-in for the legacy backend as a process of its own, and waits until it listens. */
export async function startLegacy(options: LegacyOptions): Promise<RunningLegacy> {
  const { mongodbUri, jwtSecret, supervised = false, port = await freePort(), env = {} } = options
  const running = await startProcess({
    name: 'legacy',
    args: [supervised ? SCRIPTS.supervised : SCRIPTS.alone],
    env: { ...env, HOST: '127.0.0.1', PORT: String(port), MONGODB_URI: mongodbUri, JWT_SECRET: jwtSecret }
  })

  async function listening(nth: number, deadlineMs?: number): Promise<void> {
    let seen = 0
    await running.waitForLine(line => (LISTENING.test(line) && ++seen === nth) || undefined, deadlineMs)
  }

  function backendPid(): number {
    if (!supervised) return running.pid
    const started = running.lines().findLast(line => line.startsWith('legacy started as process '))
    return Number(started?.split(' ').at(-1))
  }

  try {
    await listening(1)
  } catch (error) {
    await running.kill()
    throw error
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get pid() {
      return backendPid()
    },
    listening,
    async stop() {
      await running.stop()
    },
    async kill() {
      if (supervised) process.kill(backendPid(), 'SIGKILL')
      else await running.kill()
    }
  }
}
