import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { entryOf, verifyChain } from '../../../gateway/audit/chain.ts'
import { Lease } from '../../../gateway/replication/lease.ts'
import { headOf, SharedLog } from '../../../gateway/replication/shared-log.ts'
import { Network, seeded } from './network.ts'

const REPLICAS = 50
const REVISIONS = 10_000
const DOCUMENT = 'config'

/** What a leader's entry says of the lease that it was written under. */
interface Written {
  readonly lease: number
}

/** One replica: looks after its lease, and writes revisions, as an operator's hand or as the leader. */
class Replica {
  readonly lease: Lease
  /** Entries that were refused because another replica had taken the lease. */
  fenced = 0
  readonly #log: SharedLog
  readonly #network: Network
  readonly #random: () => number
  readonly #name: string
  #isBusy = false
  #isTicking = false

  constructor(index: number, network: Network, random: () => number) {
    this.#network = network
    this.#random = random
    this.#name = `replica-${index}`
    let attempts = 0
    this.#log = new SharedLog({
      storage: network.logOf(index),
      now: () => network.now,
      uniqueId: () => `${index}/${attempts++}`
    })
    this.lease = new Lease({
      log: this.#log,
      storage: network.beatsOf(index),
      holder: this.#name,
      now: () => network.now,
      logger: { info: () => {} }
    })
  }

  tick(): void {
    if (this.#isTicking) return
    this.#isTicking = true
    void this.lease.tick().finally(() => (this.#isTicking = false))
  }

  /** Tries to make the next revision of what it believes to be the current one. */
  write(): void {
    if (this.#isBusy) return
    const { held } = this.lease
    const isLeaders = held !== undefined && this.#random() < 0.7
    const seen = this.#network.entries.at(-1)?.versions[DOCUMENT] ?? 0
    // What a replica has seen may be old.
    const expected = Math.max(0, seen - (this.#random() < 0.2 ? 1 : 0))
    this.#isBusy = true
    const appended = this.#log.append({
      record: {
        actor: isLeaders ? { kind: 'controller', name: this.#name } : { kind: 'operator', name: this.#name },
        action: 'config.change',
        routes: [],
        revision: { from: expected, to: expected + 1 },
        changes: [],
        reason: '',
        ...(isLeaders ? { evidence: { lease: held } satisfies Written } : {})
      },
      document: { name: DOCUMENT, expected, text: this.#name },
      ...(isLeaders ? { fence: held } : {})
    })
    const settle = (fenced: number) => {
      this.fenced += fenced
      this.#isBusy = false
    }
    void appended.then(
      ({ outcome }) => settle(outcome === 'fenced' ? 1 : 0),
      () => settle(0)
    )
  }
}

/** Cuts, pauses and heals replicas at random, most of all whoever leads. */
function disturb(network: Network, replicas: readonly Replica[], random: () => number): void {
  const leader = replicas.findIndex(({ lease }) => lease.held !== undefined)
  const any = Math.floor(random() * REPLICAS)
  const target = leader >= 0 && random() < 0.5 ? leader : any
  const set = random() < 0.5 ? network.cut : network.paused
  if (set.has(any)) set.delete(any)
  else if (set.size < REPLICAS / 3) set.add(target)
  if (random() < 0.1) set.clear()
}

async function simulate(seed: number): Promise<{ network: Network; fenced: number }> {
  const random = seeded(seed)
  const network = new Network(random)
  const replicas = Array.from({ length: REPLICAS }, (_, index) => new Replica(index, network, random))
  let revisions = 0
  while (revisions < REVISIONS) {
    network.now += 50
    for (const [index, replica] of replicas.entries()) {
      if (network.paused.has(index)) continue
      if (random() < 0.06) replica.tick()
      if (random() < (replica.lease.held === undefined ? 0.05 : 0.5)) replica.write()
    }
    if (random() < 0.08) disturb(network, replicas, random)
    for (let steps = 0; steps < 40 && !network.isIdle; steps++) {
      network.step()
      await Promise.resolve()
    }
    await nextTurn()
    revisions = network.entries.at(-1)?.versions[DOCUMENT] ?? 0
  }
  return { network, fenced: replicas.reduce((sum, { fenced }) => sum + fenced, 0) }
}

describe.each([1, 2, 3])(`${REPLICAS} replicas, ${REVISIONS} revisions, cuts and pauses; seed %i`, seed => {
  test('no revision twice, no write under a lease that was taken over', { timeout: 120_000 }, async () => {
    const {
      network: { entries },
      fenced
    } = await simulate(seed)
    const written = entries.map(({ line }) => entryOf(line))

    const text = `${entries.map(({ line }) => line).join('\n')}\n`
    expect(verifyChain(text, headOf(entries.at(-1)))).toMatchObject({ ok: true, entries: entries.length })
    const revisions = written.flatMap(entry => entry?.revision?.to ?? [])
    expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, index) => index + 1))

    let lease = 0
    let ofLeaders = 0
    for (const [index, entry] of written.entries()) {
      if (entry?.action === 'controller.lead') lease++
      expect(entries[index]?.lease).toBe(lease)
      if (entry?.actor.kind !== 'controller') continue
      ofLeaders++
      expect(entry.evidence).toEqual({ lease })
    }
    expect(fenced).toBeGreaterThan(20)
    expect(lease).toBeGreaterThan(20)
    expect(ofLeaders).toBeGreaterThan(100)
  })
})
