import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Breakers } from '../breaker/breakers.ts'
import type { Clock } from '../clock.ts'
import type { ServingOptions } from '../config/serving-store.ts'
import type { Revision } from '../config/store.ts'
import type { NewEvent } from '../events/event.ts'
import type { Events } from '../events/events.ts'
import { groupsOf, weightsOf } from '../rollout-controller/groups.ts'
import type { Callers } from '../rollout/callers.ts'
import type { Evidence } from '../rollout/evidence.ts'
import type { State } from '../state.ts'
import type { UsageCounter } from '../telemetry/usage-counter.ts'
import { failureOf, type Files } from '../storage/files.ts'
import type { Database } from '../../services/index.ts'
import { Batches } from './batches.ts'
import { Follower } from './follower.ts'
import { BEAT_MS, Lease } from './lease.ts'
import { LogAudit } from './log-audit.ts'
import { CREDENTIALS, LogCredentials } from './log-credentials.ts'
import { CONFIG } from './log-history.ts'
import { MongoBeats } from './mongo-beats.ts'
import { MongoLog } from './mongo-log.ts'
import type { Outbox } from './outbox.ts'
import { Replicas } from './replicas.ts'
import { SharedLog } from './shared-log.ts'
import { SharedRollouts } from './shared-rollouts.ts'
import { openSharedStore } from './shared-store.ts'

/** How often a replica tells and hears. */
const TICK_MS = 500

export interface SharedStateOptions extends ServingOptions {
  /** Of the routing store; closed with the state. */
  readonly database: Database
  /** Of this replica, for people: the name of its machine, say. */
  readonly name: string
  readonly version: string
  readonly directory: string
  readonly files: Files
  readonly clock: Clock
  readonly outbox: Outbox
  /** Of all replicas together. */
  readonly evidence: Evidence
  readonly callers: Callers
  readonly usage: UsageCounter
  readonly breakers: Breakers
  readonly events: Events
}

/**
 * The state that several gateways share, in MongoDB.
 *
 * @throws ConfigInvalidError, and when the database does not answer and this replica never served a revision.
 */
export async function openSharedState(options: SharedStateOptions): Promise<State> {
  const { database, name, clock, outbox, evidence, callers, usage, events, logger } = options
  const { db } = database
  const log = new MongoLog(db)
  const shared = new SharedLog({ storage: log, now: Date.now, uniqueId: randomUUID })
  const follower = new Follower({ log, documents: [CONFIG, CREDENTIALS] })
  const store = await openSharedStore({ ...options, log, shared, follower })
  const audit = new LogAudit(log, shared)
  const id = `${name}/${randomUUID()}`
  const replicas = new Replicas(db, id)
  const onEvent = (event: NewEvent, replica: string) => events.relay({ ...event, replica })
  const now = () => clock.now()
  const batches = new Batches({ db, replica: id, outbox, evidence, callers, usage, now, onEvent })
  const unsubscribe = events.subscribe(({ id: _id, at: _at, ...event }) => {
    // Every replica tells of the configuration by itself.
    if (event.replica === undefined && !event.type.startsWith('config.')) outbox.tell(event)
  })
  const lease = new Lease({
    log: shared,
    storage: new MongoBeats(db),
    holder: name,
    now: () => performance.now(),
    logger
  })
  const startedAt = new Date()
  const report = () =>
    replicas.report({ ...reportOf(options, store.current), startedAt, leads: lease.held !== undefined })
  resetCallers(callers, undefined, store.current)
  let before = store.current
  const onRevision = (current: Revision) => {
    resetCallers(callers, before, current)
    before = current
    void report().catch(() => {})
  }
  store.on('revision', onRevision)
  follower.start()

  return {
    store,
    audit,
    replicas,
    leads: () => lease.held !== undefined,
    credentials: new LogCredentials(shared, follower),
    async openRollouts(parts) {
      const rollouts = new SharedRollouts({
        db,
        lease,
        batches,
        store,
        replica: name,
        controller: { ...parts, store, audit },
        logger
      })
      const stop = startLoops({ rollouts, replicas, batches, lease, report, logger })
      return {
        act: (verb, order) => rollouts.act(verb, order),
        status: () => rollouts.status(),
        settled: () => rollouts.settled(),
        async close() {
          await stop()
          await replicas.leave()
          await rollouts.close()
          await batches.send().catch(() => {})
          await lease.release()
        }
      }
    },
    async close() {
      unsubscribe()
      store.off('revision', onRevision)
      store.close()
      await follower.close()
      await database.close()
    }
  }
}

/** On every replica, so that whichever leads next has seen the callers of the weights that stand. */
function resetCallers(callers: Callers, before: Revision | undefined, current: Revision): void {
  const stood = before === undefined ? undefined : groupsOf(before.config)
  for (const [name, group] of groupsOf(current.config)) {
    const known = stood?.get(name)
    const isSame = known !== undefined && isDeepStrictEqual(weightsOf(known), weightsOf(group))
    if (!isSame) callers.reset(name, current.number)
  }
}

interface Loops {
  readonly rollouts: SharedRollouts
  readonly replicas: Replicas
  readonly batches: Batches
  readonly lease: Lease
  readonly report: () => Promise<void>
  readonly logger: ServingOptions['logger']
}

/** Does again and again what a replica has to. Returns what ends it. */
function startLoops({ rollouts, replicas, batches, lease, report, logger }: Loops): () => Promise<void> {
  const prepared = prepareOnce([replicas, batches, rollouts])
  const loops = [
    // Apart from the rest: a lease must not be lost because something else takes its time.
    repeat(BEAT_MS, () => lease.tick(), logger),
    repeat(TICK_MS, report, logger),
    repeat(TICK_MS, () => batches.send(), logger),
    repeat(
      TICK_MS,
      async () => {
        await prepared()
        await rollouts.tick()
      },
      logger
    )
  ]
  return async () => void (await Promise.all(loops.map(stop => stop())))
}

/** Makes the indexes, as soon as the database answers. */
function prepareOnce(parts: readonly { prepare(): Promise<void> }[]): () => Promise<void> {
  let isPrepared = false
  return async () => {
    if (isPrepared) return
    for (const part of parts) await part.prepare()
    isPrepared = true
  }
}

/** Calls a task, waits for it, and after a pause calls it again. What fails is told when it begins to. */
function repeat(pauseMs: number, task: () => Promise<void>, logger: ServingOptions['logger']): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let failure: string | undefined
  const turn = async () => {
    const failed = await task().then(() => undefined, failureOf)
    if (failed !== undefined && failed !== failure) {
      logger.error({ problem: failed }, 'the routing store does not answer')
    }
    failure = failed
    if (isStopped) return
    timer = setTimeout(next, pauseMs)
    timer.unref()
  }
  let running = turn()
  const next = () => {
    running = turn()
  }
  return async () => {
    isStopped = true
    clearTimeout(timer)
    await running
  }
}

function reportOf({ name, version, breakers }: SharedStateOptions, current: State['store']['current']) {
  const open = [...breakers.states()].filter(([, { status }]) => status !== 'closed')
  return {
    name,
    version,
    revision: current.number,
    digest: current.digest,
    breakers: Object.fromEntries(open.map(([route, { status }]) => [route, status]))
  }
}
