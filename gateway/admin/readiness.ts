import type { Audit } from '../audit/audit.ts'
import type { ConfigStore } from '../config/store.ts'

const CHECK_TIMEOUT_MS = 1_000

export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What is wrong, in a sentence; absent when nothing is. */
  readonly why?: string
  /** Does the gateway count as ready although this check fails? */
  readonly advisory?: boolean
  readonly detail?: unknown
}

export interface Readiness {
  readonly status: 'ready' | 'not ready'
  readonly checks: readonly Check[]
}

export interface ReadinessOptions {
  readonly store: ConfigStore
  readonly audit: Pick<Audit, 'problem'>
  readonly pingDatabase: () => Promise<void>
  /** Resolves when the legacy backend accepts a connection and answers anything. */
  readonly pingLegacy: () => Promise<void>
  readonly draining: () => boolean
}

/**
 * Whether this process should get requests. A refused edit of the configuration and a legacy that does not answer are
 * told but do not make the gateway unready: the last good revision serves, and no other replica would do better.
 */
export async function readiness(options: ReadinessOptions): Promise<Readiness> {
  const { store, audit, pingDatabase, pingLegacy, draining } = options
  const [database, legacy] = await Promise.all([
    check('database', pingDatabase, 'the database does not answer', false),
    check('legacy', pingLegacy, 'the legacy backend does not answer', true)
  ])
  const { problems, current, unrecordable } = store
  const checks: Check[] = [
    { name: 'shutdown', ok: !draining(), ...(draining() ? { why: 'the gateway is stopping' } : {}) },
    {
      name: 'configuration',
      ok: problems.length === 0,
      advisory: true,
      ...(problems.length === 0
        ? {}
        : { why: 'the configuration as it stands is refused; the last good revision serves' }),
      detail: { revision: current.number, digest: current.digest, problems: problems.map(problem => problem.message) }
    },
    {
      name: 'state',
      ok: unrecordable === undefined,
      advisory: true,
      ...(unrecordable === undefined ? {} : { why: unrecordable })
    },
    {
      name: 'audit',
      ok: audit.problem === undefined,
      advisory: true,
      ...(audit.problem === undefined ? {} : { why: audit.problem })
    },
    database,
    legacy
  ]
  const ready = checks.every(({ ok, advisory }) => ok || advisory === true)
  return { status: ready ? 'ready' : 'not ready', checks }
}

async function check(name: string, ping: () => Promise<void>, why: string, advisory: boolean): Promise<Check> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, CHECK_TIMEOUT_MS, false)
  const ok = await Promise.race([
    ping().then(
      () => true,
      () => false
    ),
    late
  ])
  clearTimeout(timer)
  return ok ? { name, ok, advisory } : { name, ok, advisory, why }
}
