import pLimit from 'p-limit'
import type { Audit } from '../audit/audit.ts'
import type { Actor } from '../audit/entry.ts'
import type { Breakers } from '../breaker/breakers.ts'
import type { Clock } from '../clock.ts'
import type { ConfigStore } from '../config/store.ts'
import type { Events } from '../events/events.ts'
import type { Callers } from '../rollout/callers.ts'
import type { Evidence } from '../rollout/evidence.ts'
import type { Effect, RolloutEvent, Verb } from '../rollout/state.ts'
import { failureOf } from '../storage/files.ts'
import { applyWeight, numbersOf } from './apply-weight.ts'
import { type Group, groupsOf, weightsOf } from './groups.ts'
import { Health, type HealthOptions } from './health.ts'
import { Measurements } from './measurements.ts'
import type { ActResult, Order, RolloutController } from './orders.ts'
import type { RolloutRecords } from './records.ts'
import { Rollout } from './rollout.ts'
import { type RolloutStatus, statusOf } from './status.ts'
import { targetOf, unknownTarget } from './targets.ts'
import { eventOf } from './tell.ts'

const TICK_MS = 1_000
const HEALTH_MS = 5_000
/** How often what was measured is kept when nothing else is. A crash loses at most that much of it. */
const KEEP_MS = 10_000

export interface ControllerOptions extends HealthOptions {
  readonly store: ConfigStore
  readonly audit: Audit
  readonly evidence: Evidence
  readonly callers: Callers
  readonly breakers: Pick<Breakers, 'states'>
  readonly events: Events
  readonly clock: Clock
  /** Where the rollouts are kept. */
  readonly records: RolloutRecords
  /** The lease that the controller acts under, where replicas share the store. */
  readonly fence?: number
  /** Brings in what other replicas measured. Between two calls nothing of theirs becomes evidence. */
  readonly collect?: () => Promise<void>
}

/** Takes the rollouts up where the last process left them, and looks after them once a second. */
export async function openController(options: ControllerOptions): Promise<RolloutController> {
  const controller = new Controller(options)
  await controller.open()
  return controller
}

/** Verbs that may raise a weight, now or at their next step. */
const NEEDS_REASON: ReadonlySet<Verb> = new Set(['start', 'resume', 'promote', 'promote-full'])

class Controller implements RolloutController {
  readonly #options: ControllerOptions
  readonly #health: Health
  readonly #rollouts = new Map<string, Rollout>()
  readonly #exclusive = pLimit(1)
  #checking: Promise<void> = Promise.resolve()
  #isChecking = false
  #checkedAt = Number.NEGATIVE_INFINITY
  #keptAt = 0
  #stop: () => void = () => {}

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#health = new Health(options)
  }

  async open(): Promise<void> {
    const { store, clock } = this.#options
    const now = clock.now()
    const records = await this.#options.records.load()
    for (const group of groupsOf(store.current.config).values()) {
      const measurements = new Measurements(group, { ...this.#options, now })
      this.#rollouts.set(group.name, new Rollout(records.get(group.name), measurements, now))
    }
    store.on('revision', this.#onRevision)
    await this.#exclusive(() => this.#followConfig())
    await this.#exclusive(() => this.#tick())
    this.#stop = clock.every(TICK_MS, () => {
      // A tick that waits already sees all that a second one would.
      if (this.#exclusive.pendingCount === 0) void this.#exclusive(() => this.#tick())
    })
  }

  act(verb: Verb, order: Order): Promise<ActResult> {
    return this.#exclusive(() => this.#act(verb, order))
  }

  status(): RolloutStatus[] {
    const states = this.#options.breakers.states()
    const now = this.#options.clock.now()
    return [...this.#rollouts.values()].map(rollout => statusOf(rollout, states, now))
  }

  async settled(): Promise<void> {
    await this.#exclusive(() => {})
    await this.#checking
    await this.#exclusive(() => {})
  }

  async close(): Promise<void> {
    this.#stop()
    this.#options.store.off('revision', this.#onRevision)
    await this.settled()
    await this.#save().catch(ignore)
  }

  readonly #onRevision = () => void this.#exclusive(() => this.#followConfig())

  async #act(verb: Verb, order: Order): Promise<ActResult> {
    const { store, clock } = this.#options
    const { expected, actor, reason, force = false, weight } = order
    const rollout = targetOf(this.#rollouts, order.target)
    if (rollout === undefined) return { outcome: 'unknown', message: unknownTarget(this.#rollouts, order.target) }
    const { current } = store
    if (expected !== current.number) {
      const changes = await store.history.diff(expected, current.number).catch(() => undefined)
      return { outcome: 'stale', current, changes: changes ?? [] }
    }
    const raises = verb === 'set' && Math.min(...Object.values(rollout.state.weights)) < (weight ?? 0)
    if ((NEEDS_REASON.has(verb) || raises) && reason.trim() === '') {
      return { outcome: 'refused', message: 'a reason is required, since this may raise the weight' }
    }
    rollout.measure(clock.now(), this.#health.nativeFailures)
    const base = { by: actor.name, reason, force }
    const event: RolloutEvent =
      verb === 'set' ? { ...base, type: verb, weight: weight ?? Number.NaN } : { ...base, type: verb }
    const problem = await this.#happen(rollout, event, actor)
    if (problem !== undefined) return { outcome: 'refused', message: problem }
    return {
      outcome: 'applied',
      revision: store.current,
      rollout: statusOf(rollout, this.#options.breakers.states(), clock.now())
    }
  }

  async #tick(): Promise<void> {
    const { clock, collect } = this.#options
    await collect?.()
    const now = clock.now()
    this.#checkHealth(now)
    const active = [...this.#rollouts.values()].filter(({ isActive }) => isActive)
    // All of them before the first is kept: what was collected and not measured would be lost with this process.
    for (const rollout of active) rollout.measure(now, this.#health.nativeFailures)
    for (const rollout of active) {
      const upstreams = rollout.group.routes.map(({ upstream }) => upstream)
      const legacy = this.#health.legacy(upstreams, rollout.measurements.recentOfLegacy(now))
      if (legacy !== rollout.state.legacy) await this.#happen(rollout, { type: 'legacy-health', health: legacy })
      await this.#happen(rollout, { type: 'tick' })
    }
    if (now - this.#keptAt >= KEEP_MS) await this.#save().catch(ignore)
  }

  #checkHealth(now: number): void {
    const watched = [...this.#rollouts.values()].filter(({ isWatched }) => isWatched)
    if (this.#isChecking || watched.length === 0 || now - this.#checkedAt < HEALTH_MS) return
    this.#checkedAt = now
    this.#isChecking = true
    const upstreams = watched.flatMap(({ group }) => group.routes.map(({ upstream }) => upstream))
    this.#checking = this.#health.check(upstreams).finally(() => {
      this.#isChecking = false
    })
  }

  /** Groups come, go, and have other weights after a change that was not the controller's own. */
  async #followConfig(): Promise<void> {
    const { store, clock } = this.#options
    const groups = groupsOf(store.current.config)
    for (const [name, rollout] of this.#rollouts) {
      if (groups.has(name)) continue
      rollout.measurements.forget()
      this.#rollouts.delete(name)
    }
    for (const [name, group] of groups) {
      const known = this.#rollouts.get(name)
      if (known === undefined) this.#add(group, clock.now())
      else await this.#followGroup(known, group)
    }
  }

  #add(group: Group, now: number): void {
    this.#rollouts.set(group.name, new Rollout(undefined, new Measurements(group, { ...this.#options, now }), now))
  }

  async #followGroup(rollout: Rollout, group: Group): Promise<void> {
    rollout.measurements.group = group
    const weights = weightsOf(group)
    const stands = rollout.state.weights
    const isSame =
      Object.keys(stands).length === group.routes.length &&
      Object.entries(weights).every(([route, weight]) => stands[route] === weight)
    if (!isSame) await this.#happen(rollout, { type: 'weight-changed-outside', weights })
  }

  /**
   * Takes an event to a group's machine, keeps what comes of it, and does what is to be done: in this order, so that a
   * process that is killed anywhere goes on where it stood.
   *
   * @returns why what was asked for was not done.
   */
  async #happen(rollout: Rollout, event: RolloutEvent, actor?: Actor): Promise<string | undefined> {
    const { clock, store } = this.#options
    const now = clock.now()
    const { transition, record } = rollout.consider(event, now)
    const { refusal, effects } = transition
    if (refusal !== undefined) return refusal.message
    try {
      if (actor !== undefined) await this.#auditOrder(rollout, event, actor, effects)
      if (record !== rollout.record) await this.#save(rollout, record)
    } catch (error) {
      return `it cannot be recorded (${failureOf(error)})`
    }
    rollout.adopt(record, now, store.current.number)
    let problem: string | undefined
    for (const effect of effects) problem = (await this.#carryOut(rollout, effect)) ?? problem
    return problem
  }

  async #carryOut(rollout: Rollout, effect: Effect): Promise<string | undefined> {
    const { store, audit, events, fence } = this.#options
    const { group, evidence, state } = rollout
    if (effect.type !== 'set-weight') {
      events.emit(eventOf(effect, group))
      return undefined
    }
    const outcome = await applyWeight({
      store,
      audit,
      group,
      effect,
      evidence,
      key: `${group.name}/${effect.id}/${state.intent?.since ?? 0}`,
      isResumed: effect.id === rollout.resumedIntent,
      fence
    })
    const problem = await this.#happen(rollout, outcome)
    if (outcome.type === 'weight-refused') return outcome.problem
    return outcome.type === 'weight-changed-outside' ? 'the weight was changed from outside meanwhile' : problem
  }

  /** An order that changes no weight stands in the audit by itself; one that does stands there with the change. */
  async #auditOrder(rollout: Rollout, event: RolloutEvent, actor: Actor, effects: readonly Effect[]): Promise<void> {
    if (!('by' in event) || effects.some(({ type }) => type === 'set-weight')) return
    const { evidence, group } = rollout
    const entry = {
      actor,
      action: `rollout.${event.type}`,
      routes: group.routes.map(({ id }) => id),
      changes: [],
      reason: event.reason,
      evidence: { rollout: group.name, ...(evidence === undefined ? {} : numbersOf(evidence)) }
    }
    await this.#options.audit.append(entry, this.#options.fence)
  }

  /** @throws when it cannot be kept; then nothing has changed. */
  async #save(changed?: Rollout, record?: Rollout['record']): Promise<void> {
    const records = new Map([...this.#rollouts].map(([name, rollout]) => [name, rollout.record]))
    if (changed !== undefined && record !== undefined) records.set(changed.group.name, record)
    this.#keptAt = this.#options.clock.now()
    await this.#options.records.save(records)
  }
}

/** Where it is kept has told. */
function ignore(): void {}
