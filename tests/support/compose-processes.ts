import { statSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import type { Compose, Service } from './compose.ts'
import { makeImages } from './compose-images.ts'
import { NO_VARIABLES } from './gateway.ts'
import { type RunningProcess, startProcess } from './process.ts'

const HEALTH_LIMIT_MS = 60_000
/** Those of our own code; the others are Debian's packages, which are those of this machine. */
const IMAGES: readonly string[] = ['gateway', 'stand-in']
const WORLD = 0o755
const EVERYBODY = 0o1777

/**
 * Runs the commands of docker-compose.yml as processes: in what the Dockerfile copies into their images, with the
 * environment, the user and the capabilities that compose gives them, on loopback addresses. Names of containers become
 * their addresses, paths of secrets, volumes and tmpfs become paths here.
 */
export class ComposeProcesses {
  readonly #compose: Compose
  readonly #directory: string
  readonly #replacements: Readonly<Record<string, string>>
  readonly #running = new Map<string, RunningProcess>()

  private constructor(compose: Compose, directory: string, replacements: Readonly<Record<string, string>>) {
    this.#compose = compose
    this.#directory = directory
    this.#replacements = replacements
  }

  /** @param replacements texts of the environment that are another here, with what they are */
  static async create(compose: Compose, replacements: Readonly<Record<string, string>>): Promise<ComposeProcesses> {
    const directory = await mkdtemp(join(tmpdir(), 'scribe-compose-'))
    await chmod(directory, WORLD)
    await mkdir(join(directory, 'tmp'))
    await chmod(join(directory, 'tmp'), EVERYBODY)
    const targets = Object.values(compose.services).flatMap(({ build }) => build?.target ?? [])
    await makeImages(
      [...new Set(targets)].filter(target => IMAGES.includes(target)),
      join(directory, 'images')
    )
    const processes = new ComposeProcesses(compose, directory, replacements)
    for (const name of Object.keys(compose.services)) await processes.#makeMounts(name)
    return processes
  }

  /** Starts one whose dependencies are met. Resolves when it is healthy; one without a check, when it has ended with 0. */
  async start(name: string): Promise<RunningProcess> {
    const service = this.#service(name)
    const running = await this.#run(name, [...(service.entrypoint ?? []), ...(service.command ?? [])])
    this.#running.set(name, running)
    if (service.healthcheck !== undefined) await this.#healthy(name, running)
    else if ((await running.exited).code !== 0) throw new Error(`${name} failed: ${running.lines().join('\n')}`)
    return running
  }

  /**
   * As `docker compose exec`: runs a command beside one that runs, and resolves with what it prints.
   *
   * @throws Error with its output when it does not end with 0
   */
  async exec(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const running = await this.#run(name, command, env)
    const { code } = await running.exited
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${running.lines().join('\n')}`)
    return running.lines('stdout').join('\n')
  }

  /** By the signal that compose sends. */
  async stop(name: string): Promise<number | null> {
    const running = this.#running.get(name)
    if (running === undefined) throw new Error(`${name} does not run`)
    if (this.#service(name).stop_signal === 'SIGQUIT') process.kill(running.pid, 'SIGQUIT')
    else process.kill(running.pid, 'SIGTERM')
    this.#running.delete(name)
    return (await running.exited).code
  }

  /** SIGKILL, as the kernel does it. */
  async kill(name: string): Promise<void> {
    await this.#running.get(name)?.kill()
    this.#running.delete(name)
  }

  /** Where something of a container is here. */
  path(name: string, path: string): string {
    return this.#here(name, path)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(running => running.kill()))
    await rm(this.#directory, { recursive: true })
  }

  #service(name: string): Service {
    const service = this.#compose.services[name]
    if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
    return service
  }

  async #healthy(name: string, running: RunningProcess): Promise<void> {
    const [kind, ...command] = this.#service(name).healthcheck?.test ?? []
    if (kind !== 'CMD') throw new Error(`the health check of ${name} is ${kind}, expected CMD`)
    const until = performance.now() + HEALTH_LIMIT_MS
    const ended = new AbortController()
    void running.exited.then(() => ended.abort())
    let said: string[] = []
    while (performance.now() < until && !ended.signal.aborted) {
      const check = await this.#run(name, command)
      if ((await check.exited).code === 0) return
      said = check.lines()
    }
    throw new Error(`${name} is not healthy: ${said.join('\n')}\nit printed:\n${running.lines().join('\n')}`)
  }

  #run(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
    const { build, environment = {}, user } = this.#service(name)
    const ours = IMAGES.find(target => target === build?.target)
    const here = [...asUser(user), ...command.map(word => this.#here(name, word))]
    const own = Object.entries(environment).map(([key, value]) => [key, this.#here(name, value)])
    const [first = '', ...args] = here
    return startProcess({
      name,
      command: first,
      args,
      cwd: ours === undefined ? this.#directory : join(this.#directory, 'images', ours),
      env: {
        ...NO_VARIABLES,
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        ...Object.fromEntries(own),
        ...env
      }
    })
  }

  /** A text with the paths and names that it has in a container, with those that they have here. */
  #here(name: string, text: string): string {
    let result = text
    for (const [from, to] of Object.entries(this.#replacements)) if (result === from) result = to
    for (const other of Object.keys(this.#compose.services)) {
      const address = this.#addressOf(other, name)
      if (address !== undefined) result = result.replaceAll(new RegExp(`(?<![\\w.-])${other}(?=:\\d)`, 'g'), address)
    }
    const mounts = this.#mounts(name)
    return result.replaceAll(/(?<![\w/.:-])\/[\w./-]+/g, path => {
      const mount = mounts.find(([there]) => path === there || path.startsWith(`${there}/`))
      return mount === undefined ? path : mount[1] + path.slice(mount[0].length)
    })
  }

  /** On a network that both are on; the only one, for a container that renders for others. */
  #addressOf(name: string, seenBy: string): string | undefined {
    const shared = this.#service(seenBy).networks
    const networks = Object.entries(this.#service(name).networks ?? {})
    const reachable = networks.filter(([network]) => shared === undefined || network in shared)
    return reachable.map(([, { ipv4_address: address }]) => address).find(address => address !== undefined)
  }

  /** What is mounted where, and is where here: of this container, then of the others, for which it may render. */
  #mounts(name: string): [string, string][] {
    const others = Object.keys(this.#compose.services).filter(other => other !== name)
    const secrets = Object.entries(this.#compose.secrets).map(([secret, { file }]): [string, string] => [
      `/run/secrets/${secret}`,
      file
    ])
    const volumes = [name, ...others].flatMap(each => volumesOf(this.#service(each)))
    return [
      ...secrets,
      ...volumes.map((mount): [string, string] => [mount.target, this.#hereOf(mount)]),
      ['/tmp', join(this.#directory, 'tmp')]
    ]
  }

  /** What is bound stays where it is beside what else is, for one file may name another. */
  #hereOf({ source, target }: Mount): string {
    return source.startsWith('/') ? join(this.#directory, 'bound', target) : join(this.#directory, 'volumes', source)
  }

  /** A named volume belongs to the first that writes it, as its image says. What is bound is copied, with other names in it. */
  async #makeMounts(name: string): Promise<void> {
    const [uid = 0, gid = 0] = this.#service(name).user.split(':').map(Number)
    for (const mount of volumesOf(this.#service(name))) {
      const here = this.#hereOf(mount)
      if (mount.source.startsWith('/')) {
        await cp(mount.source, here, { recursive: true })
        await this.#rename(name, here)
      } else {
        await mkdir(here, { recursive: true })
        if (mount.writable && process.getuid?.() === 0) await chown(here, uid, gid)
      }
    }
  }

  async #rename(name: string, path: string): Promise<void> {
    if (statSync(path).isDirectory()) {
      for (const entry of await readdir(path)) await this.#rename(name, join(path, entry))
    } else if (basename(path).includes('prometheus.yml')) {
      await writeFile(path, this.#here(name, await readFile(path, 'utf8')))
    }
  }
}

interface Mount {
  /** The name of a volume, or a path of the machine. */
  readonly source: string
  readonly target: string
  readonly writable: boolean
}

function volumesOf({ volumes = [] }: Service): Mount[] {
  return volumes.map(volume => {
    const [source = '', target = '', mode] = volume.split(':')
    return { source, target, writable: mode !== 'ro' }
  })
}

/** As compose does it: another user, no capability, none to be gained. Only root can; the stdout is opened by its path, so it has to be the user's. */
function asUser(user: string): string[] {
  const own = ['bash', '-c', 'exec "$@" > >(cat)', 'bash']
  if (process.getuid?.() !== 0) return own
  const [uid, gid] = user.split(':')
  const privileges = ['--clear-groups', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all']
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...privileges, ...own]
}
