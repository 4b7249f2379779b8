import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Collection, Db } from 'mongodb'
import { FieldChangeSchema } from '../audit/entry.ts'
import type { ActResult, Order } from '../rollout-controller/orders.ts'
import { RolloutStatusSchema } from '../rollout-controller/status.ts'
import type { Verb } from '../rollout/state.ts'

const COLLECTION = 'orders'
const TIMEOUT_MS = 2_000
/** How long the leader has to take an order, and then to carry it out. */
const TAKE_MS = 8_000
const CARRY_OUT_MS = 10_000
const LOOK_MS = 100
const KEPT_S = 3_600
const CANCELLED = 'cancelled'

const AnswerSchema = Type.Union([
  Type.Object({ outcome: Type.Literal('applied'), revision: Type.Integer(), rollout: RolloutStatusSchema }),
  Type.Object({ outcome: Type.Literal('stale'), revision: Type.Integer(), changes: Type.Array(FieldChangeSchema) }),
  Type.Object({ outcome: Type.Literal('refused'), message: Type.String() }),
  Type.Object({ outcome: Type.Literal('unknown'), message: Type.String() })
])
/** What became of an order, for the replica that it was given to. */
export type Answer = Static<typeof AnswerSchema>

interface OrderDocument {
  readonly _id: string
  readonly at: Date
  readonly verb: Verb
  readonly order: Order
  /** Who carries it out. */
  readonly taken: string | null
  /** JSON. */
  readonly answer?: string
}

/** Orders that one replica was given and the one that leads carries out: each at most once. */
export class Orders {
  readonly #orders: Collection<OrderDocument>

  constructor(db: Db) {
    this.#orders = db.collection<OrderDocument>(COLLECTION)
  }

  /** Makes what the database needs. May be called again and again. */
  async prepare(): Promise<void> {
    await this.#orders.createIndex({ at: 1 }, { expireAfterSeconds: KEPT_S })
  }

  /** Hands an order over and waits for what becomes of it. @throws when the database does not answer. */
  async hand(verb: Verb, order: Order): Promise<Answer> {
    const id = randomUUID()
    await this.#orders.insertOne({ _id: id, at: new Date(), verb, order, taken: null }, { timeoutMS: TIMEOUT_MS })
    const taken = await this.#poll(TAKE_MS, async () => (await this.#get(id))?.taken ?? undefined)
    if (taken === undefined && (await this.#take(id, CANCELLED))) {
      return { outcome: 'refused', message: 'no replica leads the rollouts now, so nothing was changed: try again' }
    }
    const answer = await this.#poll(CARRY_OUT_MS, async () => (await this.#get(id))?.answer)
    const parsed: unknown = answer === undefined ? undefined : JSON.parse(answer)
    if (Value.Check(AnswerSchema, parsed)) return parsed
    const message = 'the replica that leads the rollouts did not say what became of it: look before you repeat it'
    return { outcome: 'refused', message }
  }

  /** Carries out what was handed over, one after the other. @throws when the database does not answer. */
  async serve(leader: string, act: (verb: Verb, order: Order) => Promise<ActResult>): Promise<void> {
    const waiting = await this.#orders.find({ taken: null }, { sort: { at: 1 }, timeoutMS: TIMEOUT_MS }).toArray()
    for (const { _id: id, verb, order } of waiting) {
      if (!(await this.#take(id, leader))) continue
      const answer = JSON.stringify(answerOf(await act(verb, order)))
      await this.#orders.updateOne({ _id: id }, { $set: { answer } }, { timeoutMS: TIMEOUT_MS })
    }
  }

  async #take(id: string, by: string): Promise<boolean> {
    const free = { _id: id, taken: null }
    const { matchedCount } = await this.#orders.updateOne(free, { $set: { taken: by } }, { timeoutMS: TIMEOUT_MS })
    return matchedCount === 1
  }

  #get(id: string): Promise<OrderDocument | null> {
    return this.#orders.findOne({ _id: id }, { timeoutMS: TIMEOUT_MS })
  }

  async #poll<T>(limitMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const end = performance.now() + limitMs
    for (;;) {
      const found = await look()
      if (found !== undefined || performance.now() >= end) return found
      await delay(LOOK_MS)
    }
  }
}

function answerOf(result: ActResult): Answer {
  if (result.outcome === 'applied') {
    return { outcome: 'applied', revision: result.revision.number, rollout: result.rollout }
  }
  if (result.outcome === 'stale') {
    return { outcome: 'stale', revision: result.current.number, changes: [...result.changes] }
  }
  return result
}
