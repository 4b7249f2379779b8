import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'
import { type GatewayOptions, type RunningGateway, startGateway } from '../../support/gateway.ts'
import { type RunningProcess, startProcess } from '../../support/process.ts'
import { JWT_SECRET, NO_DATABASE, startUpstream } from '../gateway/support.ts'

export const CLI_MAIN = fileURLToPath(new URL('../../../gateway/cli/main.ts', import.meta.url))
export const LAUNCHER = fileURLToPath(new URL('../../../gateway/cli/gateway.mjs', import.meta.url))
/** Makes the Node that runs the launcher say that it is an older one. */
export const OLD_NODE = `--import=data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`
/** Nothing of whoever runs the tests reaches the CLI; with `CI` Node sees no colours on any terminal. */
const CLEAN = {
  CI: undefined,
  GATEWAY_ADMIN_URL: undefined,
  GATEWAY_CREDENTIAL: undefined,
  GATEWAY_CREDENTIAL_FILE: undefined,
  ROUTING_CONFIG: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined
}
const TERMINAL_DEADLINE_MS = 15_000

// A test runs up to a dozen processes.
vi.setConfig({ testTimeout: 60_000 })

export type Env = Readonly<Record<string, string | undefined>>

export interface Done {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What stdout says as JSON. */
  json(): unknown
  /** What stderr says as JSON. */
  error(): unknown
}

export interface RunOptions {
  readonly env?: Env
  readonly cwd?: string
}

/** Starts the CLI as a process; nobody can be asked. */
export function startCli(args: readonly string[], { env = {}, cwd }: RunOptions = {}): Promise<RunningProcess> {
  const options = { name: 'gateway', args: [CLI_MAIN, ...args], env: { ...CLEAN, ...env } }
  return startProcess(cwd === undefined ? options : { ...options, cwd })
}

/** Runs the CLI to its end. */
export async function cli(args: readonly string[], options: RunOptions = {}): Promise<Done> {
  const running = await startCli(args, options)
  const { code } = await running.exited
  const [stdout, stderr] = [running.lines('stdout').join('\n'), running.lines('stderr').join('\n')]
  return { code, stdout, stderr, json: () => JSON.parse(stdout), error: () => JSON.parse(stderr) }
}

export interface Scene {
  readonly gateway: RunningGateway
  readonly stateDir: string
  /** What the CLI needs to reach it as an operator. */
  readonly env: Env
  /** The number of the revision that serves. */
  revision(): Promise<unknown>
  /** Runs the CLI as an operator. */
  run(...args: readonly string[]): Promise<Done>
  stop(): Promise<void>
}

/** A gateway with an upstream that answers, without a database, and the credential of its first start. */
export async function startScene(options: Partial<GatewayOptions> = {}): Promise<Scene> {
  const upstream = await startUpstream()
  const gateway = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: NO_DATABASE,
    jwtSecret: JWT_SECRET,
    ...options
  })
  const credential = gateway
    .lines()
    .map(line => /sgw_\S+$/.exec(line)?.[0])
    .find(found => found !== undefined)
  const env = { GATEWAY_ADMIN_URL: gateway.adminUrl, GATEWAY_CREDENTIAL: credential }
  return {
    gateway,
    stateDir: join(gateway.configFile, '..', '.gateway-state'),
    env,
    async revision() {
      const headers = { authorization: `Bearer ${credential}` }
      const answer = await fetch(`${gateway.adminUrl}/api/config`, { headers })
      return answer.headers.get('etag')
    },
    run: (...args) => cli(args, { env }),
    async stop() {
      await gateway.stop()
      await upstream.close()
    }
  }
}

export interface TerminalDone {
  readonly code: number | null
  /** All that the terminal was sent, escape sequences included. */
  readonly output: string
}

/** What is to be typed, or to be done, once the terminal shows a text. */
export type Answer = readonly [shown: string, typed: string | ((type: (text: string) => void) => void)]

/** Runs the CLI in a pseudo-terminal (of util-linux's `script`) of 40 lines by 140 columns. */
export async function inTerminal(args: readonly string[], env: Env, answers: readonly Answer[]): Promise<TerminalDone> {
  const command = [process.execPath, CLI_MAIN, ...args].map(quoted).join(' ')
  const child = spawn('script', ['-qfec', `stty rows 40 cols 140; exec ${command}`, '/dev/null'], {
    env: { ...process.env, ...CLEAN, TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), TERMINAL_DEADLINE_MS)
  const due = [...answers]
  let output = ''
  let read = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    for (let next = due[0]; next !== undefined; next = due[0]) {
      const [shown, typed] = next
      const at = output.indexOf(shown, read)
      if (at === -1) return
      read = at + shown.length
      due.shift()
      if (typeof typed === 'string') child.stdin.write(typed)
      else typed(text => void child.stdin.write(text))
    }
  })
  const [code]: (number | null)[] = await once(child, 'close')
  clearTimeout(timer)
  if (due.length > 0) throw new Error(`the terminal did not show ${JSON.stringify(due[0]?.[0])}:\n${output}`)
  return { code: code ?? null, output }
}

/** A text without what colours it and moves the cursor. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- escape sequences begin with one
  return text.replaceAll(/\u001B\[[\d;?]*[A-Za-z]/g, '')
}

export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scribe-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", String.raw`'\''`)}'`
}
