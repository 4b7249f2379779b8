import { readFile } from 'node:fs/promises'
import type { RouteConfig, RoutingConfig } from './config/schema.ts'

/** How often the file is looked for, in milliseconds. */
const POLL_MS = 200

/** Which routes a kill file sends upstream. */
export type Killed = 'none' | 'all' | ReadonlySet<string>

export interface KillFileOptions {
  /** Empty: there is none. */
  readonly path: string
  readonly logger: { error(bindings: object, message: string): void; info(bindings: object, message: string): void }
  /** Called when it came, went, or names other routes. */
  readonly onChange: () => void
}

/**
 * A file on this machine that sends callers upstream while it is there: all routes when it is empty, else those that it
 * names, or whose group it names, one a line. It needs no database, no network and no credential: who may write it may stop this replica.
 */
export class KillFile {
  killed: Killed = 'none'
  readonly #options: KillFileOptions
  #timer: NodeJS.Timeout | undefined
  #text: string | undefined

  constructor(options: KillFileOptions) {
    this.#options = options
  }

  /** Looks for the file, and from now on again and again. */
  async watch(): Promise<void> {
    if (this.#options.path === '') return
    await this.#look()
    this.#timer = setTimeout(() => void this.watch(), POLL_MS)
    this.#timer.unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    const { path, logger, onChange } = this.#options
    const text = await readFile(path, 'utf8').catch(textOfFailure)
    if (text === this.#text) return
    this.#text = text
    this.killed = killedBy(text)
    const routes = typeof this.killed === 'string' ? this.killed : [...this.killed]
    if (text === undefined) logger.info({ path }, 'the kill file is gone')
    else logger.error({ path, routes }, 'the kill file sends callers upstream')
    onChange()
  }
}

/** A configuration with the kill switches of a kill file. */
export function withKilled(config: RoutingConfig, killed: Killed): RoutingConfig {
  if (killed === 'none') return config
  if (killed === 'all') return { ...config, killSwitch: true }
  const routes = config.routes.map(route => (isKilledBy(killed, route) ? { ...route, killSwitch: true } : route))
  return { ...config, routes }
}

/** Does a kill file send the callers of that route upstream? */
export function isKilledBy(killed: Killed, { id, group = id }: Pick<RouteConfig, 'id' | 'group'>): boolean {
  return killed === 'all' || (killed !== 'none' && (killed.has(id) || killed.has(group)))
}

/** What a kill file names and the configuration does not have. */
export function unknownOf({ routes }: RoutingConfig, killed: Killed): string[] {
  if (typeof killed === 'string') return []
  const known = new Set(routes.flatMap(({ id, group = id }) => [id, group]))
  return [...killed].filter(name => !known.has(name))
}

/** A file that is there and cannot be read was put there for a reason. */
function textOfFailure(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : ''
}

function killedBy(text: string | undefined): Killed {
  if (text === undefined) return 'none'
  const ids = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  return ids.length === 0 ? 'all' : new Set(ids)
}
