import { type ClientSession, type Db, MongoServerError } from 'mongodb'
import { PATIENCE_MS } from './patience.ts'
import { createTurns } from './turns.ts'

/** Options for each of the writes that belong together; empty where the deployment has no transactions. */
export interface Transaction {
  readonly session?: ClientSession
}

export interface Transactions {
  /**
   * Runs writes to several documents, all or nothing where the deployment has transactions (a replica set or a sharded
   * cluster), else one after the other. Their order must be safe by itself: a process that dies after any of them
   * leaves nothing that a reader takes for whole, and nothing in the way of the request's repetition.
   *
   * @param writes runs again after a conflict, so it has no other effect; its writes are sequential
   * @param contended names what several requests may write at the same time, such as a document's id. Its transactions
   *   wait here for each other: in the database all but one would start again, and one of many might never win.
   * @throws TransactionTimeout when conflicts, turns or an unreachable database outlast the limit
   */
  run<T>(writes: (transaction: Transaction) => Promise<T>, contended?: string): Promise<T>
}

/** Conflicts, others' turns, or a commit without an answer, for as long as a request may wait. */
export class TransactionTimeout extends Error {
  override readonly name = 'TransactionTimeout'
}

/** IllegalOperation, CommandNotSupported, OperationNotSupportedInTransaction: this deployment has no transaction for it. */
const UNSUPPORTED = new Set<unknown>([20, 115, 263])

/** How long conflicts may go on, in milliseconds. */
const CONFLICT_MS = 5_000

export interface TransactionLimits {
  /** Milliseconds from asking for a transaction to giving up. Default: as long as any other command may take, 45,000. */
  readonly limitMs?: number
  /** Milliseconds from the first conflict to giving up. Default: 5,000. */
  readonly conflictMs?: number
}

export function createTransactions(db: Db, limits: TransactionLimits = {}): Transactions {
  const { limitMs = PATIENCE_MS, conflictMs = CONFLICT_MS } = limits
  const turns = createTurns()
  let supported: Promise<boolean> | undefined

  async function detect(): Promise<boolean> {
    const { setName, msg } = await db.admin().command({ hello: 1 })
    return setName !== undefined || msg === 'isdbgrid'
  }

  async function inTransaction<T>(
    writes: (transaction: Transaction) => Promise<T>,
    contended: string | undefined
  ): Promise<T> {
    const limit = AbortSignal.timeout(limitMs)
    const { promise: late, reject } = Promise.withResolvers<never>()
    limit.addEventListener('abort', () => reject(new TransactionTimeout()), { once: true })
    const act = () =>
      db.client.withSession(session => {
        const begin = attemptsWithin(conflictMs)
        const committed = session.withTransaction(() => {
          limit.throwIfAborted()
          begin()
          return writes({ session })
        })
        // Ending the session, as happens next, also ends the driver's retries.
        return Promise.race([committed, late])
      })
    return contended === undefined ? act() : Promise.race([turns.take(contended, act), late])
  }

  return {
    async run(writes, contended) {
      let transactional = false
      try {
        transactional = await (supported ??= detect())
        return transactional ? await inTransaction(writes, contended) : await writes({})
      } catch (error) {
        // The deployment may have become another one.
        supported = undefined
        if (transactional && isUnsupported(error)) return writes({})
        throw error
      }
    }
  }
}

/** To be called before each attempt; throws when conflicts have gone on for too long since the first of them. */
function attemptsWithin(milliseconds: number): () => void {
  let attempts = 0
  let conflictedAt = 0
  return () => {
    attempts++
    if (attempts === 2) conflictedAt = performance.now()
    if (attempts > 2 && performance.now() - conflictedAt > milliseconds) throw new TransactionTimeout()
  }
}

function isUnsupported(error: unknown): boolean {
  if (!(error instanceof MongoServerError)) return false
  // The driver wraps a 20 in advice on retryable writes.
  const original: unknown = error['originalError']
  return UNSUPPORTED.has(error.code) || isUnsupported(original)
}
