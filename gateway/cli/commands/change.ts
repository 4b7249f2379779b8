import type { Changed, Plan, PlanChange } from '../../admin/schemas.ts'
import type { Client } from '../client.ts'
import { consentTo, reasonFor } from '../consent.ts'
import type { Context } from '../context.ts'
import { usage, withHint } from '../errors.ts'
import { changesInLine } from '../output/changes.ts'
import { count, quoted } from '../output/format.ts'
import { planText } from '../output/plan.ts'
import { textOf } from '../text-file.ts'
import { showPlan, showPropagation, showResult, type WriteOptions } from './write.ts'

const BY_HAND = 'The gateway also heeds "killSwitch": true as soon as it is saved in its routing.config.json.'

interface SwitchOptions extends WriteOptions {
  /** Of the whole gateway. */
  readonly all?: boolean
}

/** Sends every caller of a route, or of all, to legacy. Asks nothing. */
export async function kill(context: Context, id: string | undefined, options: SwitchOptions): Promise<void> {
  const target = switchOf(id, options)
  const client = await context.client()
  if (options.dryRun === true) {
    showPlan(context, `kill ${target.name}`, await client.plan(planOf(id, true)), options)
    return
  }
  const reason = await reasonFor(context, { reason: options.reason, isRequired: false })
  const changed = await client.kill(id, options.revision ?? '*', { on: true, ...reason }).catch(withHint(BY_HAND))
  const isNew = changed.changes.length > 0
  showResult(context, {
    done: isNew ? `Killed ${target.name}: native gets none of its callers` : `${target.name} was killed already`,
    from: changed.revision - (isNew ? 1 : 0),
    to: changed.revision,
    changes: changed.changes,
    undo: `gateway unkill ${target.argument} --reason '…'`
  })
  showPropagation(context, changed.replicas)
}

/** Lets the weight decide again. */
export async function unkill(context: Context, id: string | undefined, options: SwitchOptions): Promise<void> {
  const target = switchOf(id, options)
  const client = await context.client()
  await changeBy(context, client, options, {
    what: `unkill ${target.name}`,
    done: `Unkilled ${target.name}: its weight decides again`,
    undo: () => `gateway kill ${target.argument}`,
    change: planOf(id, false),
    send: (match, reason) => client.kill(id, match, { on: false, ...reason })
  })
}

/** Puts the configuration of an earlier revision back, as a new revision. */
export async function restore(context: Context, revision: number, options: WriteOptions): Promise<void> {
  const client = await context.client()
  await changeBy(context, client, options, {
    what: `restore revision ${revision}`,
    done: `Restored revision ${revision}`,
    undo: before => `gateway restore ${before} --reason '…'`,
    change: { kind: 'restore', revision },
    send: (match, reason) => client.restore(revision, match, reason)
  })
}

/** Makes a file's text the configuration. */
export async function apply(context: Context, file: string, options: WriteOptions): Promise<void> {
  const [client, text] = await Promise.all([context.client(), textOf(file, 'the configuration')])
  await changeBy(context, client, options, {
    what: `apply ${file}`,
    done: `Applied ${file}`,
    undo: before => `gateway restore ${before} --reason '…'`,
    change: { kind: 'text', text },
    send: (match, reason) => client.writeConfig(match, { text, ...reason })
  })
}

interface Write {
  readonly what: string
  readonly done: string
  readonly undo: (before: number) => string
  readonly change: PlanChange
  readonly send: (match: number, reason: { readonly reason?: string }) => Promise<Changed>
}

async function changeBy(context: Context, client: Client, options: WriteOptions, write: Write): Promise<void> {
  const plan: Plan = await client.plan(write.change)
  const { revision = plan.revision, dryRun = false, yes = false } = options
  if (dryRun) {
    showPlan(context, write.what, plan, options)
    return
  }
  const reason = await reasonFor(context, { reason: options.reason, isRequired: plan.reasonRequired })
  await consentTo(context, { what: write.what, yes, routes: plan.routes, text: paint => planText(plan, paint) })
  const { revision: to, changes } = await write.send(revision, reason)
  const isNew = changes.length > 0
  showResult(context, {
    done: isNew ? `${write.done} (${count(changes.length, 'field')}): ${changesInLine(changes)}` : 'It was so already',
    from: revision,
    to,
    changes,
    ...(isNew ? { undo: write.undo(revision) } : {})
  })
}

function switchOf(id: string | undefined, { all = false }: SwitchOptions) {
  if ((id === undefined) !== all) throw usage('either the id of a route, or --all')
  return id === undefined ? { name: 'the gateway', argument: '--all' } : { name: id, argument: quoted(id) }
}

function planOf(id: string | undefined, on: boolean): PlanChange {
  return { kind: 'kill', on, ...(id === undefined ? {} : { target: id }) }
}
