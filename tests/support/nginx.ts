import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort, type RunningProcess, startProcess } from './process.ts'
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from './self-signed.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

export interface NginxOptions {
  /** `host:port` of the gateways' public listeners. */
  readonly gateways: readonly string[]
  readonly legacyUrl: string
  /** Default: the shipped routing configuration. */
  readonly configFile?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A line of the access log. */
export type AccessEntry = Readonly<Record<string, unknown>>

export interface RunningNginx {
  readonly httpsUrl: string
  readonly httpUrl: string
  readonly process: RunningProcess
  /** The access log so far. */
  log(): AccessEntry[]
  stop(): Promise<void>
}

export interface RenderedNginx {
  readonly directory: string
  readonly configFile: string
  readonly env: Readonly<Record<string, string>>
}

/** Renders the configuration into a directory of its own, with the command that the README names. */
export async function renderNginx(options: NginxOptions): Promise<RenderedNginx> {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-nginx-'))
  // Started by root, nginx works as another user, who has to reach its socket.
  await chmod(directory, 0o755)
  const files = { certificate: join(directory, 'certificate.pem'), key: join(directory, 'key.pem') }
  await writeFile(files.certificate, SELF_SIGNED_CERTIFICATE)
  await writeFile(files.key, SELF_SIGNED_KEY)
  const env = {
    GATEWAY_UPSTREAMS: options.gateways.join(','),
    LEGACY_URL: options.legacyUrl,
    LISTEN_ADDRESS: '127.0.0.1',
    HTTPS_PORT: String(await freePort()),
    HTTP_PORT: String(await freePort()),
    TLS_CERTIFICATE: files.certificate,
    TLS_CERTIFICATE_KEY: files.key,
    RUN_DIRECTORY: directory,
    ACCESS_LOG: join(directory, 'access.log'),
    ...options.env
  }
  const args = ['nginx/render.ts', options.configFile ?? 'routing.config.json']
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } })
  const configFile = join(directory, 'nginx.conf')
  await writeFile(configFile, stdout)
  return { directory, configFile, env }
}

/** Debian's nginx, in front of gateways, on free loopback ports. */
export async function startNginx(options: NginxOptions): Promise<RunningNginx> {
  const { directory, configFile, env } = await renderNginx(options)
  const nginx = await startProcess({ name: 'nginx', command: 'nginx', args: ['-c', configFile, '-p', directory] })
  const [httpsUrl, httpUrl] = [`https://127.0.0.1:${env['HTTPS_PORT']}`, `http://127.0.0.1:${env['HTTP_PORT']}`]
  try {
    await listening(httpUrl, nginx)
  } catch (error) {
    await nginx.kill()
    throw error
  }
  return {
    httpsUrl,
    httpUrl,
    process: nginx,
    log: () => entriesOf(join(directory, 'access.log')),
    async stop() {
      await nginx.stop()
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** Nginx says nothing when it listens: asked until it answers, or has ended. */
async function listening(url: string, nginx: RunningProcess): Promise<void> {
  let hasEnded = false
  void nginx.exited.then(() => (hasEnded = true))
  for (;;) {
    const isThere = await fetch(url, { redirect: 'manual' }).then(
      () => true,
      () => false
    )
    if (isThere) return
    if (hasEnded) throw new Error(`nginx has ended: ${nginx.lines().join('\n')}`)
  }
}

function entriesOf(file: string): AccessEntry[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map(line => {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null ? { ...entry } : {}
  })
}
