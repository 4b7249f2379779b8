import type { Beat, BeatStorage } from '../../../gateway/replication/lease.ts'
import type { LogEntry, LogStorage } from '../../../gateway/replication/shared-log.ts'

/** A number in [0, 1), the same for the same seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Operation {
  readonly replica: number
  /** Carries it out, and what answers it. */
  readonly apply: () => () => void
  readonly fail: () => void
}

/**
 * A database that answers one operation at a time, in any order, and replicas that lose it: requests get lost on their
 * way there, answers on their way back, and a paused replica hears nothing until it goes on.
 */
export class Network {
  readonly entries: LogEntry[] = []
  beat: Beat | undefined
  /** Milliseconds. */
  now = 0
  readonly cut = new Set<number>()
  readonly paused = new Set<number>()
  readonly #random: () => number
  readonly #pending: Operation[] = []
  /** Answers that wait for their replica to go on. */
  readonly #answers: { readonly replica: number; readonly answer: () => void }[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  get isIdle(): boolean {
    return this.#pending.length + this.#answers.length === 0
  }

  logOf(replica: number): LogStorage {
    return {
      last: () => this.#ask(replica, () => this.entries.at(-1)),
      get: seq => this.#ask(replica, () => this.entries[seq - 1]),
      insert: entry =>
        this.#ask(replica, () => {
          if (this.entries[entry.seq - 1] !== undefined) return false
          if (entry.seq !== this.entries.length + 1) throw new Error('an entry that leaves a gap')
          this.entries.push(entry)
          return true
        })
    }
  }

  beatsOf(replica: number): BeatStorage {
    return {
      read: () => this.#ask(replica, () => this.beat),
      beat: (lease, holder) =>
        this.#ask(replica, () => {
          if ((this.beat?.lease ?? 0) > lease) return false
          this.beat = { lease, holder, count: (this.beat?.count ?? 0) + 1 }
          return true
        })
    }
  }

  /** Does one of the things that can happen now. */
  step(): void {
    const answers = this.#answers.filter(({ replica }) => !this.paused.has(replica))
    const choice = Math.floor(this.#random() * (this.#pending.length + answers.length))
    const answer = answers[choice - this.#pending.length]
    if (answer !== undefined) {
      this.#answers.splice(this.#answers.indexOf(answer), 1)
      answer.answer()
      return
    }
    const [operation] = this.#pending.splice(choice, 1)
    if (operation === undefined) return
    const { replica, apply, fail } = operation
    const isLostThere = this.#isLost(replica)
    const done = isLostThere ? fail : apply()
    this.#answers.push({ replica, answer: isLostThere || !this.#isLost(replica) ? done : fail })
  }

  #isLost(replica: number): boolean {
    return this.cut.has(replica) || this.#random() < 0.01
  }

  #ask<T>(replica: number, act: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const fail = () => reject(new Error('no answer'))
    const apply = () => {
      const value = act()
      return () => resolve(value)
    }
    this.#pending.push({ replica, apply, fail })
    return promise
  }
}
