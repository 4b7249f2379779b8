import type { SharedLog } from './shared-log.ts'

/** How often the leader is heard, and the others look. */
export const BEAT_MS = 1_000
/** A leader that could not be heard for so long leads no more. */
export const RENEW_MS = 3_000
/** A leader that was not heard for so long is replaced. */
export const LEASE_MS = 5_000

/** A sign of life of whoever leads. */
export interface Beat {
  readonly lease: number
  readonly holder: string
  /** Grows with every beat. */
  readonly count: number
}

/** Where signs of life are kept. Its methods reject when the storage does not answer. */
export interface BeatStorage {
  read(): Promise<Beat | undefined>
  /** Leaves a sign of life; false when one of a later lease is there. */
  beat(lease: number, holder: string): Promise<boolean>
}

export interface LeaseOptions {
  readonly log: Pick<SharedLog, 'append'>
  readonly storage: BeatStorage
  /** The name of this replica. */
  readonly holder: string
  /** Milliseconds, monotonic; goes on while the process is paused. */
  readonly now: () => number
  readonly logger: { info(bindings: object, message: string): void }
}

/**
 * Who of the replicas leads. Taking the lease is an entry of the shared log, which shuts out whoever had it before; the
 * beats only tell when that has to be done. How long no beat came is measured by each replica's own monotonic clock, so
 * clocks need not agree, and one that runs wrong makes two believe that they lead, never two that can write.
 */
export class Lease {
  /** The lease that this replica has; undefined when it does not lead. */
  held: number | undefined
  readonly #options: LeaseOptions
  /** The beat that was seen last, of whomever. */
  #seen: Beat | undefined
  #seenAt: number
  /** The lease that stood in the log when this replica wanted it. */
  #standing = 0
  #renewedAt = 0

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#seenAt = options.now()
  }

  /** Leads on, steps down, or takes over. To be called every BEAT_MS. Never rejects. */
  async tick(): Promise<void> {
    try {
      if (this.held === undefined) await this.#follow()
      else await this.#renew(this.held)
    } catch {
      // The storage does not answer; how long that may last is decided below.
    }
    this.checkHeld()
  }

  /** Steps down when the lease could not be renewed in time. To be called before anything is done as the leader. */
  checkHeld(): void {
    if (this.held !== undefined && this.#options.now() - this.#renewedAt >= RENEW_MS) {
      this.#stepDown('it could not be renewed in time')
    }
  }

  /** Another replica may lead as soon as it looks, instead of after LEASE_MS. Never rejects. */
  async release(): Promise<void> {
    const { held } = this
    if (held === undefined) return
    this.#stepDown('the gateway is stopping')
    await this.#options.storage.beat(held, '').catch(() => false)
  }

  async #renew(held: number): Promise<void> {
    const { storage, holder, now } = this.#options
    const at = now()
    if (await storage.beat(held, holder)) this.#renewedAt = at
    else this.#stepDown('another replica has it')
  }

  async #follow(): Promise<void> {
    const { storage, now } = this.#options
    const beat = await storage.read()
    const isNew = beat?.lease !== this.#seen?.lease || beat?.count !== this.#seen?.count
    if (isNew) {
      this.#seen = beat
      this.#seenAt = now()
    }
    const isReleased = beat === undefined || beat.holder === ''
    if (isReleased || now() - this.#seenAt >= LEASE_MS) await this.#take(beat)
  }

  async #take(beat: Beat | undefined): Promise<void> {
    const { log, storage, holder, now, logger } = this.#options
    const at = now()
    const result = await log.append({
      record: {
        actor: { kind: 'system', name: holder },
        action: 'controller.lead',
        routes: [],
        changes: [],
        reason: reasonOf(beat)
      },
      takes: Math.max(beat?.lease ?? 0, this.#standing)
    })
    if (result.outcome !== 'appended') {
      // Somebody was faster. One that died before its first beat is waited for like any other.
      if (result.outcome === 'fenced') this.#standing = result.lease
      this.#seenAt = now()
      return
    }
    this.held = result.stored.lease
    this.#renewedAt = at
    logger.info({ lease: this.held }, 'this replica leads the rollouts')
    await storage.beat(this.held, holder)
  }

  #stepDown(why: string): void {
    this.#options.logger.info({ lease: this.held, why }, 'this replica leads the rollouts no more')
    this.held = undefined
    this.#seenAt = this.#options.now()
  }
}

function reasonOf(beat: Beat | undefined): string {
  if (beat === undefined) return 'no replica led the rollouts'
  return beat.holder === '' ? 'the leader stopped' : `the leader ${beat.holder} was not heard of`
}
