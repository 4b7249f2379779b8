import type { Changed, FieldChange, Plan } from '../../admin/schemas.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { count, percent } from '../output/format.ts'
import { type Move, planText } from '../output/plan.ts'

/** Of every command that changes something. */
export interface WriteOptions {
  readonly reason?: string
  /** The number of the revision that the change is made for; default: the one that serves. */
  readonly revision?: number
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly force?: boolean
}

/** What a change came to. */
export interface Result {
  /** A sentence without its full stop. */
  readonly done: string
  readonly from: number
  readonly to: number
  readonly changes: readonly FieldChange[]
  /** The command that takes it back; absent: there is nothing to take back. */
  readonly undo?: string
}

/** Shows what a change would come to. */
export function showPlan(context: Context, what: string, plan: Plan, { reason }: WriteOptions): void {
  const isMissing = plan.reasonRequired && reason === undefined
  context.show({ dryRun: true, what, ...plan }, paint =>
    [
      paint('bold', `Plan, for revision ${plan.revision}: ${what}.`),
      planText(plan, paint),
      isMissing ? 'Nothing was done. To do it, give a --reason.' : 'Nothing was done.'
    ].join('\n\n')
  )
}

/** Shows what was done, by which revision, and how to take it back. */
export function showResult(context: Context, result: Result, details: object = {}): void {
  const { done, from, to, undo } = result
  context.show({ ...result, ...details }, paint => {
    const revision = from === to ? `Revision ${to} stays.` : `Revision ${from} → ${to}.`
    const back = undo === undefined ? [] : [`Undo: ${paint('cyan', undo)}`]
    return [`${paint('green', '✓')} ${done}. ${revision}`, ...back].join('\n')
  })
}

/**
 * Tells who of the replicas serves what was done. Nothing where one gateway stands alone.
 *
 * @throws CliError naming those that do not.
 */
export function showPropagation(context: Context, replicas: Changed['replicas']): void {
  if (replicas === undefined) return
  const { applied, missing } = replicas
  if (!context.isJson && applied.length > 0) {
    context.note(paint => paint('dim', `In force on ${count(applied.length, 'replica')}: ${applied.join(', ')}.`))
  }
  if (missing.length === 0) return
  const named = missing.map(({ name, why }) => `${name} ${why}`).join('; ')
  throw new CliError(EXIT.refused, 'failed', `it is done, but not in force everywhere yet: ${named}`, { replicas })
}

/** Such as `10 % → 25 %`; by route where they differ. */
export function movesOf({ routes }: { readonly routes: readonly Move[] }): string {
  const moves = routes.map(({ from, to }) => `${percent(from?.weight)} → ${percent(to?.weight)}`)
  const [move = '', ...others] = new Set(moves)
  return others.length === 0 ? move : routes.map(({ id }, index) => `${id} ${moves[index]}`).join(', ')
}

/** A plan of nothing, for what changes no weight. */
export function emptyPlan(revision: number): Plan {
  return { revision, changes: [], raises: [], reasonRequired: false, routes: [] }
}
