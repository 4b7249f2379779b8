import type { Audit, AuditQuery } from '../audit/audit.ts'
import { entryOf, type Verdict, verifyChain } from '../audit/chain.ts'
import type { AuditEntry, AuditRecord } from '../audit/entry.ts'
import type { MongoLog } from './mongo-log.ts'
import { headOf, type SharedLog } from './shared-log.ts'

/** Another replica leads: what was to be written under the lease was not. */
export class FencedError extends Error {
  override readonly name = 'FencedError'

  constructor() {
    super('another replica leads the rollouts now')
  }
}

/** The audit as the shared log has it. */
export class LogAudit implements Audit {
  problem: string | undefined
  /** The highest number that this process has seen. */
  #highest = 0
  readonly #log: MongoLog
  readonly #shared: SharedLog

  constructor(log: MongoLog, shared: SharedLog) {
    this.#log = log
    this.#shared = shared
  }

  /** @throws FencedError when the lease that it is written under was taken over; and when the database does not answer. */
  async append(record: AuditRecord, fence?: number): Promise<AuditEntry> {
    const result = await this.#shared.append({ record, fence })
    if (result.outcome !== 'appended') throw new FencedError()
    this.#highest = Math.max(this.#highest, result.entry.seq)
    return result.entry
  }

  async entries({ limit, ...query }: AuditQuery): Promise<AuditEntry[]> {
    const found = await this.#log.find({ limit, ...query })
    return found.flatMap(({ line }) => entryOf(line) ?? [])
  }

  async verify(): Promise<Verdict> {
    // First the end: what is appended meanwhile comes after it.
    const last = await this.#log.last()
    const lines = (await this.#log.lines()).slice(0, last?.seq ?? 0)
    const seq = last?.seq ?? 0
    const verdict: Verdict =
      seq < this.#highest
        ? { ok: false, line: seq + 1, problem: `entries up to ${this.#highest} were there and are missing at the end` }
        : verifyChain(lines.map(line => `${line}\n`).join(''), last === undefined ? undefined : headOf(last))
    if (verdict.ok) this.#highest = seq
    this.problem = verdict.ok ? undefined : `the audit is not whole: line ${verdict.line}: ${verdict.problem}`
    return verdict
  }
}
