import type { Db } from 'mongodb'
import type { ConfigStore } from '../config/store.ts'
import type { ControllerOptions } from '../rollout-controller/controller.ts'
import { openController } from '../rollout-controller/controller.ts'
import type { ActResult, Order, RolloutController } from '../rollout-controller/orders.ts'
import type { RolloutStatus } from '../rollout-controller/status.ts'
import type { Verb } from '../rollout/state.ts'
import { failureOf } from '../storage/files.ts'
import type { Batches } from './batches.ts'
import type { Lease } from './lease.ts'
import { MongoRecords, readStatuses } from './mongo-records.ts'
import { type Answer, Orders } from './orders.ts'

export interface SharedRolloutsOptions {
  readonly db: Db
  readonly lease: Lease
  readonly batches: Batches
  readonly store: ConfigStore
  /** The name of this replica. */
  readonly replica: string
  /** What the controller needs besides. */
  readonly controller: Omit<ControllerOptions, 'records' | 'fence' | 'collect'>
  readonly logger: { error(bindings: object, message: string): void }
}

interface Leading {
  readonly lease: number
  readonly controller: RolloutController
  readonly records: MongoRecords
}

/** The rollouts of all replicas: run here while this replica leads, else by the one that does. */
export class SharedRollouts implements RolloutController {
  readonly #options: SharedRolloutsOptions
  readonly #orders: Orders
  #leading: Leading | undefined
  #statuses: RolloutStatus[] = []

  constructor(options: SharedRolloutsOptions) {
    this.#options = options
    this.#orders = new Orders(options.db)
  }

  prepare(): Promise<void> {
    return this.#orders.prepare()
  }

  /** Takes up the lead or leaves it, as the lease says, and tells or hears how the rollouts stand. To be called often. */
  async tick(): Promise<void> {
    const { lease, batches, db, replica } = this.#options
    if (this.#leading !== undefined && this.#leading.lease !== lease.held) await this.#follow()
    if (this.#leading === undefined && lease.held !== undefined) await this.#lead(lease.held)
    const leading = this.#leading
    if (leading === undefined) {
      await batches.receive()
      this.#statuses = await readStatuses(db)
      return
    }
    await this.#orders.serve(replica, (verb, order) => leading.controller.act(verb, order))
    await leading.records.publish(leading.controller.status())
  }

  async act(verb: Verb, order: Order): Promise<ActResult> {
    if (this.#leading !== undefined) return this.#leading.controller.act(verb, order)
    try {
      return await this.#resultOf(await this.#orders.hand(verb, order))
    } catch (error) {
      const message = `the routing store does not answer (${failureOf(error)}): look whether it was done before you repeat it`
      return { outcome: 'refused', message }
    }
  }

  status(): RolloutStatus[] {
    return this.#leading?.controller.status() ?? this.#statuses
  }

  async settled(): Promise<void> {
    await this.#leading?.controller.settled()
  }

  async close(): Promise<void> {
    await this.#follow()
  }

  async #lead(lease: number): Promise<void> {
    const { db, batches, controller, logger } = this.#options
    const records = new MongoRecords({ db, lease, cursors: () => batches.cursors, logger })
    // The records are read first: they say from where on the batches are news to the rollouts.
    const kept = await records.load()
    await batches.lead(records.counted)
    const opened = await openController({
      ...controller,
      records: { load: async () => kept, save: each => records.save(each) },
      fence: lease,
      collect: () => batches.receive().catch(() => {})
    })
    this.#leading = { lease, controller: opened, records }
  }

  async #follow(): Promise<void> {
    const leading = this.#leading
    this.#leading = undefined
    this.#options.batches.follow()
    await leading?.controller.close()
  }

  async #resultOf(answer: Answer): Promise<ActResult> {
    const { store } = this.#options
    if (answer.outcome === 'refused' || answer.outcome === 'unknown') return answer
    await store.reload()
    if (answer.outcome === 'stale') return { outcome: 'stale', current: store.current, changes: answer.changes }
    return { outcome: 'applied', revision: store.current, rollout: answer.rollout }
  }
}
