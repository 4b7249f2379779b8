import type { Order, Plan, RolloutStatus, VERBS } from '../../admin/schemas.ts'
import { stepsOf } from '../../rollout/plan.ts'
import type { Client } from '../client.ts'
import { consentTo, reasonFor } from '../consent.ts'
import type { Context } from '../context.ts'
import { withHint } from '../errors.ts'
import { count, percent, quoted } from '../output/format.ts'
import { planText } from '../output/plan.ts'
import { emptyPlan, movesOf, showPlan, showPropagation, showResult, type WriteOptions } from './write.ts'

type Verb = (typeof VERBS)[number]

export interface OrderRequest extends WriteOptions {
  readonly verb: Verb
  /** The name of a group, or the id of a route: its group acts as one. */
  readonly target: string
  /** Of `set`, in percent. */
  readonly weight?: number
}

/** Gives an order to a rollout. */
export async function order(context: Context, request: OrderRequest): Promise<void> {
  const client = await context.client()
  if (request.verb === 'rollback' && request.dryRun !== true) return rollback(context, client, request)
  const { verb, target, revision, dryRun = false, yes = false } = request
  const { rollout, revision: read } = await client.rollout(target).catch(byFile(target, request.weight))
  const to = weightOf(request, rollout)
  const what = whatOf(request, rollout, to)
  const plan =
    to === undefined ? emptyPlan(read) : await client.plan({ kind: 'set', target: rollout.group, weight: to })
  if (dryRun) {
    showPlan(context, what, plan, request)
    return
  }
  const isRequired = plan.reasonRequired || NEEDS_REASON.has(verb)
  const reason = await reasonFor(context, { reason: request.reason, isRequired })
  await consentTo(context, { what, yes, routes: plan.routes, text: paint => planText(plan, paint) })
  const match = revision ?? (verb === 'pause' ? '*' : read)
  const ordered = await client.order(verb, target, match, { ...bodyOf(request), ...reason })
  showResult(
    context,
    {
      done: `${doneOf(request, rollout)}${plan.routes.length === 0 ? '' : `: ${movesOf(plan)}`}${nowOf(ordered.rollout)}`,
      from: revision ?? read,
      to: ordered.revision,
      changes: plan.changes,
      ...undoOf(request, rollout, plan)
    },
    { rollout: ordered.rollout }
  )
}

/** Asks nothing, and reads nothing first. What it came to is read afterwards. */
async function rollback(context: Context, client: Client, request: OrderRequest): Promise<void> {
  const { target } = request
  const reason = await reasonFor(context, { reason: request.reason, isRequired: false })
  const { rollout, revision, replicas } = await client
    .order('rollback', target, request.revision ?? '*', { ...bodyOf(request), ...reason })
    .catch(byFile(target, 0))
  const routes = await movedTo(revision, rollout, client)
  const moves = routes.length === 0 ? '' : `: ${movesOf({ routes })}`
  const step = rollout.rollingBack === undefined ? '' : ', and goes on down to 0 %'
  const before = routes.length === 0 ? revision : revision - 1
  showResult(
    context,
    {
      done: `Rolled back ${groupText(rollout)}${moves}${step}${nowOf(rollout)}`,
      from: before,
      to: revision,
      changes: routes.map(({ id, from, to }) => ({ path: `/routes/${id}/weight`, from: from.weight, to: to.weight })),
      ...(routes.length === 0
        ? {}
        : backTo(
            rollout.group,
            routes.map(({ from }) => from.weight),
            before
          ))
    },
    { rollout }
  )
  showPropagation(context, replicas)
}

/** How a revision moved the weights of a group; nothing where that cannot be told. */
async function movedTo(revision: number, { routes, applying }: RolloutStatus, client: Client) {
  if (applying !== undefined || revision === 1) return []
  const { changes } = await client.diff(revision - 1, revision).catch(() => ({ changes: [] }))
  return routes.flatMap(({ id }) => {
    const { from, to } = changes.find(({ path }) => path === `/routes/${id}/weight`) ?? {}
    if (typeof from !== 'number' || typeof to !== 'number') return []
    return [{ id, from: { weight: from, killSwitch: false }, to: { weight: to, killSwitch: false } }]
  })
}

/** The file is still there when the admin API is not. */
function byFile(target: string, weight: number | undefined): (error: unknown) => never {
  const command = `gateway set ${quoted(target)} ${weight} --file routing.config.json`
  return withHint(weight === undefined ? '' : `Where its configuration file is: ${command}`)
}

/** The admin API takes these only with a reason. */
const NEEDS_REASON: ReadonlySet<Verb> = new Set(['start', 'resume', 'promote', 'promote-full'])

/** The weight that an order leads to; undefined when it changes none. */
function weightOf({ verb, weight }: OrderRequest, rollout: RolloutStatus): number | undefined {
  switch (verb) {
    case 'set':
      return weight
    case 'start':
      // A weight that was set by hand is where its rollout begins.
      return rollout.weight === 0 ? rollout.nextWeight : undefined
    case 'promote':
      return rollout.nextWeight
    case 'promote-full':
      return stepsOf(rollout.plan).at(-1)?.weight
    case 'rollback':
      return 0
    default:
      return undefined
  }
}

function bodyOf({ weight, force = false }: OrderRequest): Order {
  return { ...(weight === undefined ? {} : { weight }), ...(force ? { force } : {}) }
}

const WHAT: Readonly<Record<Verb, string>> = {
  set: 'set',
  start: 'start the rollout of',
  pause: 'pause the rollout of',
  resume: 'resume the rollout of',
  promote: 'promote',
  'promote-full': 'promote fully',
  rollback: 'roll back'
}

const DONE: Readonly<Record<Verb, string>> = {
  set: 'Set',
  start: 'Started the rollout of',
  pause: 'Paused the rollout of',
  resume: 'Resumed the rollout of',
  promote: 'Promoted',
  'promote-full': 'Promoted',
  rollback: 'Rolled back'
}

function whatOf({ verb }: OrderRequest, rollout: RolloutStatus, to: number | undefined): string {
  return `${WHAT[verb]} ${groupText(rollout)}${to === undefined ? '' : ` to ${percent(to)}`}`
}

function doneOf({ verb }: OrderRequest, rollout: RolloutStatus): string {
  return `${DONE[verb]} ${groupText(rollout)}`
}

function groupText({ group, routes }: RolloutStatus): string {
  return routes.length === 1 ? group : `the group ${group} (${count(routes.length, 'route')})`
}

function nowOf({ phase, weight, nextWeight, applying }: RolloutStatus): string {
  if (applying !== undefined) return `; ${percent(applying.to)} is being applied`
  const next = phase !== 'progressing' || nextWeight === undefined ? '' : `, next step ${percent(nextWeight)}`
  return `. It is ${phase} at ${percent(weight)}${next}`
}

function undoOf({ verb, target }: OrderRequest, rollout: RolloutStatus, plan: Plan): { readonly undo?: string } {
  if (verb === 'pause') return { undo: `gateway resume ${quoted(target)} --reason '…'` }
  if (verb === 'resume') return { undo: `gateway pause ${quoted(target)}` }
  if (plan.routes.length > 0) {
    return backTo(
      rollout.group,
      rollout.routes.map(({ weight }) => weight),
      plan.revision
    )
  }
  return verb === 'start' ? { undo: `gateway pause ${quoted(target)}` } : {}
}

/** To the weight that stood before; where the routes stood apart, to the revision. */
function backTo(group: string, weights: readonly number[], revision: number): { readonly undo: string } {
  const [weight = 0, ...others] = new Set(weights)
  if (others.length > 0) return { undo: `gateway restore ${revision} --reason '…'` }
  return { undo: `gateway set ${quoted(group)} ${weight}${weight > 0 ? " --reason '…'" : ''}` }
}
