import type { RoutingConfig } from './config/schema.ts'
import type { Revision } from './config/store.ts'
import { KillFile, type Killed, type KillFileOptions, unknownOf, withKilled } from './kill-file.ts'

export interface ServedRevisionOptions extends Omit<KillFileOptions, 'onChange'> {
  readonly current: () => Revision
  readonly compile: (config: RoutingConfig) => Revision['table']
}

/** The revision that requests are assigned by: the store's, with what a kill file on this machine takes from it. */
export class ServedRevision {
  now: Pick<Revision, 'number' | 'table'>
  readonly #options: ServedRevisionOptions
  readonly #killFile: KillFile

  constructor(options: ServedRevisionOptions) {
    this.#options = options
    this.now = options.current()
    this.#killFile = new KillFile({ ...options, onChange: () => this.update() })
  }

  /** What the kill file sends upstream. */
  get killed(): Killed {
    return this.#killFile.killed
  }

  /** Looks for the kill file, and from now on again and again. */
  async watchKillFile(): Promise<void> {
    await this.#killFile.watch()
  }

  /** To be called when the store has another revision. */
  update(): void {
    const { current, compile, logger } = this.#options
    const revision = current()
    const { killed } = this
    const unknown = unknownOf(revision.config, killed)
    if (unknown.length > 0) logger.error({ unknown }, 'the kill file names what is neither a route nor a group')
    this.now =
      killed === 'none' ? revision : { number: revision.number, table: compile(withKilled(revision.config, killed)) }
  }

  close(): void {
    this.#killFile.close()
  }
}
