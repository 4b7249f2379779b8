import type { GatewayEvent } from '../../events/event.ts'
import { failureOf } from '../../storage/files.ts'
import type { ApiOptions } from '../dependencies.ts'
import { messageOf } from '../event-streams.ts'
import type { Readiness } from '../readiness.ts'
import type { LiveTotals } from '../schemas.ts'
import { LiveView, type ViewOptions } from './view.ts'

/** Between two messages of what changed. */
const TICK_MS = 2_000
/** How old the answers of the readiness checks may be: they ask the database and legacy. */
const READINESS_MS = 6_000
/** How long the first snapshot waits for them. */
const READINESS_WAIT_MS = 250

type Send = (message: string) => void

/** The overview as it changes, for whoever looks. It is made while somebody does, once for all of them. */
export interface Live {
  /**
   * Sends a snapshot, then what changes, and every event as it happens, as server-sent events.
   *
   * @returns what ends it.
   */
  follow(send: Send): Promise<() => void>
}

export interface LiveOptions extends ViewOptions, Pick<ApiOptions, 'version' | 'clock' | 'events' | 'readiness'> {
  readonly logger: { error(bindings: object, message: string): void }
}

export function createLive(options: LiveOptions): Live {
  return new LiveFeed(options)
}

class LiveFeed implements Live {
  readonly #options: LiveOptions
  readonly #view: LiveView
  readonly #followers = new Set<Send>()
  /** Each route as it was last sent. */
  #rows = new Map<string, string>()
  #totals: LiveTotals | undefined
  #at = ''
  #readiness: Readiness | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #stop: (() => void) | undefined

  constructor(options: LiveOptions) {
    this.#options = options
    this.#view = new LiveView(options)
  }

  async follow(send: Send): Promise<() => void> {
    if (this.#followers.size === 0) await this.#prepare()
    if (this.#stop === undefined) this.#start()
    this.#followers.add(send)
    send(this.#snapshot())
    return () => {
      this.#followers.delete(send)
      if (this.#followers.size > 0) return
      this.#stop?.()
      this.#stop = undefined
    }
  }

  #start(): void {
    const { clock, events } = this.#options
    this.#look()
    const stops = [
      clock.every(TICK_MS, () => this.#guardedTick()),
      events.subscribe(event => this.#tell(eventMessage(event)))
    ]
    this.#stop = () => {
      for (const stop of stops) stop()
    }
  }

  /** Callers of the public listener must not pay for a fault of the overview. */
  #guardedTick(): void {
    try {
      this.#tick()
    } catch (error) {
      this.#options.logger.error({ reason: failureOf(error) }, 'the overview could not be made')
    }
  }

  #tick(): void {
    const before = this.#rows
    this.#look()
    const changed = [...this.#rows].filter(([id, row]) => before.get(id) !== row).map(([, row]) => row)
    const gone = [...before.keys()].filter(id => !this.#rows.has(id))
    const parts = [...this.#head(), `"routes":[${changed.join(',')}]`, `"gone":${JSON.stringify(gone)}`]
    this.#tell(messageOf('changes', `{${parts.join(',')}}`))
  }

  #tell(message: string): void {
    for (const send of this.#followers) send(message)
  }

  #snapshot(): string {
    const version = `"version":${JSON.stringify(this.#options.version)}`
    const parts = [...this.#head(), version, `"routes":[${[...this.#rows.values()].join(',')}]`]
    return messageOf('snapshot', `{${parts.join(',')}}`)
  }

  #head(): string[] {
    return [`"at":${JSON.stringify(this.#at)}`, `"totals":${JSON.stringify(this.#totals)}`]
  }

  #look(): void {
    const { clock } = this.#options
    const now = clock.now()
    if (now - this.#askedAt >= READINESS_MS) void this.#askReadiness()
    this.#at = new Date(now).toISOString()
    this.#rows = new Map(this.#view.routes(now).map(route => [route.id, JSON.stringify(route)]))
    this.#totals = this.#view.totals(this.#readiness)
  }

  async #askReadiness(): Promise<void> {
    const { clock, readiness } = this.#options
    this.#askedAt = clock.now()
    this.#readiness = await readiness()
  }

  /** Whoever comes first is not to see a gateway that is not ready only because it was not asked. */
  async #prepare(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, READINESS_WAIT_MS)
    await Promise.all([this.#view.prepare(), Promise.race([this.#askReadiness(), late])])
    clearTimeout(timer)
  }
}

export function eventMessage(event: GatewayEvent): string {
  return messageOf('event', JSON.stringify(event), event.id)
}
