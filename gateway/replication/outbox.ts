import type { NewEvent } from '../events/event.ts'
import type { Callers, Side } from '../rollout/callers.ts'
import { createEvidence, type Evidence, type EvidenceWindow, type Outcome } from '../rollout/evidence.ts'
import { type Used, UsageOutbox } from './usage-outbox.ts'

/** How often callers are told again: a replica that came later has to hear of them too. Milliseconds. */
const TELL_AGAIN_MS = 600_000
/** Events that wait to be sent. */
const MOST_EVENTS = 256

/** Buckets that were seen on one side of a group. */
export interface SeenCallers {
  readonly group: string
  readonly side: Side
  readonly revision: number
  readonly buckets: readonly number[]
}

/** What one replica measured between two batches. */
export interface Measured {
  readonly summaries: readonly Omit<EvidenceWindow, 'index'>[]
  readonly callers: readonly SeenCallers[]
  readonly events: readonly NewEvent[]
  /** Absent when no request ended. */
  readonly used?: Used
}

/** Gathers what this replica measures until it is sent to the others. Of bounded size, however long that takes. */
export class Outbox implements Pick<Evidence, 'record'>, Pick<Callers, 'see'> {
  /** What routes were asked for. */
  readonly usage = new UsageOutbox()
  // Its windows are not looked at: one suffices.
  readonly #evidence = createEvidence({ windows: 1 })
  readonly #targets = new Map<string, { readonly routeId: string; readonly target: string }>()
  readonly #seen = new Map<string, SeenCallers & { readonly buckets: number[] }>()
  readonly #events: NewEvent[] = []
  /** Monotonic milliseconds. */
  #toldSince = performance.now()
  /** What was told since the side of its group last changed. */
  readonly #told = new Map<string, { readonly revision: number; readonly buckets: Set<number> }>()

  record(now: number, routeId: string, target: string, outcome: Outcome, durationMs: number, fellBack = false): void {
    this.#evidence.record(now, routeId, target, outcome, durationMs, fellBack)
    const key = `${routeId} ${target}`
    if (!this.#targets.has(key)) this.#targets.set(key, { routeId, target })
  }

  see(group: string, revision: number, side: Side, bucket: number): void {
    const key = `${group} ${side}`
    const known = this.#told.get(key)
    const told = known === undefined || known.revision < revision ? { revision, buckets: new Set<number>() } : known
    if (told !== known) this.#told.set(key, told)
    if (told.buckets.has(bucket)) return
    told.buckets.add(bucket)
    const seenKey = `${key} ${revision}`
    const seen = this.#seen.get(seenKey) ?? { group, side, revision, buckets: [] }
    seen.buckets.push(bucket)
    this.#seen.set(seenKey, seen)
  }

  /** Notes what happened here, for those who listen elsewhere. The oldest goes where there is too much of it. */
  tell(event: NewEvent): void {
    this.#events.push(event)
    if (this.#events.length > MOST_EVENTS) this.#events.shift()
  }

  /** Everything since the last call. */
  take(): Measured {
    if (performance.now() - this.#toldSince >= TELL_AGAIN_MS) {
      this.#told.clear()
      this.#toldSince = performance.now()
    }
    const drained = [...this.#targets.values()].map(({ routeId, target }) => ({
      routeId,
      target,
      summary: this.#evidence.drain(routeId, target)
    }))
    const callers = [...this.#seen.values()]
    const events = this.#events.splice(0)
    this.#targets.clear()
    this.#seen.clear()
    const used = this.usage.take()
    return {
      summaries: drained.filter(({ summary }) => summary.requests > 0),
      callers,
      events,
      ...(used === undefined ? {} : { used })
    }
  }
}
