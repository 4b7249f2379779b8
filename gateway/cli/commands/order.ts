import type { Order, Plan, RolloutStatus, VERBS } from '../../admin/schemas.ts'
import { stepsOf } from '../../rollout/plan.ts'
import type { Client } from '../client.ts'
import { consentTo, reasonFor } from '../consent.ts'
import type { Context } from '../context.ts'
import { withHint } from '../errors.ts'
import { count, percent, quoted } from '../output/format.ts'
import { planText } from '../output/plan.ts'
import { emptyPlan, movesOf, showPlan, showResult, type WriteOptions } from './write.ts'

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
    showPlan(context, what, plan)
    return
  }
  const isRequired = plan.reasonRequired || NEEDS_REASON.has(verb)
  const reason = await reasonFor(context, { reason: request.reason, isRequired })
  await consentTo(context, { what, yes, routes: plan.routes, text: paint => planText(plan, paint) })
  const ordered = await client.order(verb, target, revision ?? read, { ...bodyOf(request), ...reason })
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

/** Asks nothing and waits for nothing: what is read before is for the sentence only. */
async function rollback(context: Context, client: Client, request: OrderRequest): Promise<void> {
  const { target, revision } = request
  const before = await client.rollout(target, { isBeside: true }).catch(() => undefined)
  const reason = await reasonFor(context, { reason: request.reason, isRequired: false })
  const ordered = await client
    .order('rollback', target, revision ?? '*', { ...bodyOf(request), ...reason })
    .catch(byFile(target, 0))
  const { rollout } = ordered
  const from = before === undefined ? '' : `${percent(before.rollout.weight)} → `
  const towards = `${from}${percent(rollout.desiredWeight)}`
  const isOver = rollout.rollingBack === undefined
  const step = isOver ? '' : ', and goes on down to 0 %'
  showResult(
    context,
    {
      done: `Rolled back ${groupText(rollout)}: ${towards}${step}${nowOf(rollout)}`,
      from: before?.revision ?? ordered.revision,
      to: ordered.revision,
      changes: [],
      ...(before === undefined ? {} : backTo(before.rollout))
    },
    { rollout }
  )
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
  if (plan.routes.length > 0) return backTo(rollout, plan.revision)
  return verb === 'start' ? { undo: `gateway pause ${quoted(target)}` } : {}
}

/** The weight that stood before; where the routes stood apart, the revision. */
function backTo({ group, routes }: RolloutStatus, revision?: number): { readonly undo?: string } {
  const weights = new Set(routes.map(({ weight }) => weight))
  const [weight] = weights
  if (weights.size === 1 && weight !== undefined) {
    return { undo: `gateway set ${quoted(group)} ${weight}${weight > 0 ? " --reason '…'" : ''}` }
  }
  return revision === undefined ? {} : { undo: `gateway restore ${revision} --reason '…'` }
}
