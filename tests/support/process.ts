import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

const START_DEADLINE_MS = 30_000
const STOP_LIMIT_MS = 10_000
/** What a process printed first is dropped beyond this many lines. */
const KEPT_LINES = 200_000

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Line {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface RunningProcess {
  readonly pid: number
  /** Settles when the process has ended and its output is read to the end; never rejects. */
  readonly exited: Promise<Exit>
  /** The lines printed so far, in order; of both streams unless one is named. */
  lines(stream?: Line['stream']): string[]
  /**
   * The first answer of `find` that is not undefined, over the lines printed so far and then each new one.
   * Rejects, with the output, when the process ends before or `deadlineMs` (default 30 s) passes.
   */
  waitForLine<T>(find: (line: string) => T | undefined, deadlineMs?: number): Promise<T>
  /** SIGTERM, and SIGKILL to its whole process group after `limitMs` (default 10 s). Resolves when it has ended. */
  stop(limitMs?: number): Promise<Exit>
  /** SIGKILL to its whole process group. Resolves when it has ended. */
  kill(): Promise<Exit>
}

export interface ProcessOptions {
  /** What messages call it. */
  readonly name: string
  /** Default: the Node that runs this. */
  readonly command?: string
  readonly args: readonly string[]
  /** On top of this process's own; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/**
 * Starts a process in a process group of its own, so that a Ctrl-C on the terminal reaches only the parent, which then
 * stops its children in the order it wants. It never outlives this process's ordinary exit.
 *
 * @throws Error when the command cannot be run
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name, command = process.execPath, args, env = {}, cwd } = options
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = exitOf(child)
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`${name} has no process id`)

  const printed: Line[] = []
  const listeners = new Set<(line: string) => void>()
  const read = (input: Readable, stream: Line['stream']) => {
    createInterface({ input }).on('line', text => {
      printed.push({ stream, text })
      if (printed.length > KEPT_LINES) printed.splice(0, KEPT_LINES / 2)
      for (const listener of listeners) listener(text)
    })
  }
  read(child.stdout, 'stdout')
  read(child.stderr, 'stderr')

  let running = true
  const killGroup = () => {
    // Later the system may have given the number to another process.
    if (!running) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has just ended, which is what was wanted.
    }
  }
  // One listener for each process that runs is no leak.
  process.setMaxListeners(process.getMaxListeners() + 1)
  process.once('exit', killGroup)
  child.once('close', () => {
    running = false
    process.removeListener('exit', killGroup)
    process.setMaxListeners(process.getMaxListeners() - 1)
  })

  const output = () => printed.map(({ text }) => `  ${text}`).join('\n') || '  (nothing)'

  return {
    pid,
    exited,
    lines: stream => printed.filter(line => stream === undefined || line.stream === stream).map(({ text }) => text),

    async waitForLine<T>(find: (line: string) => T | undefined, deadlineMs = START_DEADLINE_MS) {
      for (const { text } of printed) {
        const found = find(text)
        if (found !== undefined) return found
      }
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const fail = (why: string) => reject(new Error(`${name} ${why}; it printed:\n${output()}`))
      const listener = (line: string) => {
        const found = find(line)
        if (found !== undefined) resolve(found)
      }
      listeners.add(listener)
      const timer = setTimeout(() => fail(`did not print the awaited line within ${deadlineMs} ms`), deadlineMs)
      void exited.then(({ code, signal }) => fail(`ended (${signal ?? `exit code ${code}`}) before the awaited line`))
      return promise.finally(() => {
        clearTimeout(timer)
        listeners.delete(listener)
      })
    },

    async stop(limitMs = STOP_LIMIT_MS) {
      child.kill('SIGTERM')
      const timer = setTimeout(killGroup, limitMs)
      return exited.finally(() => clearTimeout(timer))
    },

    async kill() {
      killGroup()
      return exited
    }
  }
}

/** A TCP port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given')
  return address.port
}

function exitOf(child: ChildProcess): Promise<Exit> {
  const { promise, resolve } = Promise.withResolvers<Exit>()
  child.once('close', (code, signal) => resolve({ code, signal }))
  return promise
}
