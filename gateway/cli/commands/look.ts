import type { PageQuery } from '../client.ts'
import type { Context } from '../context.ts'
import { usage } from '../errors.ts'
import { count, time } from '../output/format.ts'
import { changesInLine, changesOf } from '../output/changes.ts'
import { routesText, routeText } from '../output/routes.ts'
import { replicasText } from '../output/replicas.ts'
import { statusText } from '../output/status.ts'
import { listOf, tableOf } from '../output/table.ts'

const LONGEST_CHANGES = 100

export async function status(context: Context): Promise<void> {
  const client = await context.client()
  const answer = await client.status()
  context.show(answer, paint => statusText(answer, client.url, paint))
}

export async function replicas(context: Context): Promise<void> {
  const client = await context.client()
  const answer = await client.replicas()
  context.show(answer, paint => replicasText(answer, paint))
}

export async function routes(context: Context, id: string | undefined): Promise<void> {
  const client = await context.client()
  if (id === undefined) {
    const answer = await client.routes()
    context.show(answer, paint => routesText(answer, paint))
    return
  }
  const route = await client.route(id)
  context.show(route, paint => routeText(route, paint))
}

export interface ExplainOptions {
  readonly as?: string
  readonly address?: string
  readonly header?: readonly string[]
}

/** Why a request would go where it would go. */
export async function explain(
  context: Context,
  { method, url, as: userId, address, header = [] }: ExplainOptions & { readonly method: string; readonly url: string }
): Promise<void> {
  const client = await context.client()
  const answer = await client.explain({
    method,
    url,
    headers: Object.fromEntries(header.map(headerOf)),
    ...(userId === undefined ? {} : { userId }),
    ...(address === undefined ? {} : { address })
  })
  context.show(answer, paint => {
    const { route, group, weight, caller, bucket, threshold, revision } = answer
    const facts = listOf(
      [
        ['route', `${route} of the group ${group}, weight ${weight} %, revision ${revision}`],
        ['caller', bucket === undefined ? caller : `${caller}, bucket ${bucket} of 10,000`],
        ...(threshold === undefined ? [] : [['native', `for the buckets below ${threshold}`] as const])
      ],
      paint
    )
    const rules = answer.rules.map(({ rule, applies, why }) =>
      applies ? [paint('green', '→'), paint('bold', rule), why] : ['', rule, paint('dim', why)]
    )
    const columns = [{ name: '' }, { name: 'rule' }, { name: 'why' }]
    return `${paint('bold', answer.sentence)}\n\n${facts}\n\n${tableOf(columns, rules, paint)}`
  })
}

export async function history(context: Context, query: PageQuery): Promise<void> {
  const client = await context.client()
  const records = await client.revisions(query)
  context.show(records, paint => {
    const rows = records.map(({ number, at, actor, reason, changes }) => [
      String(number),
      time(at),
      `${actor.kind} ${actor.name}`,
      shortened(changesInLine(changes)),
      reason
    ])
    const columns = [
      { name: 'revision', isNumber: true },
      { name: 'at' },
      { name: 'by' },
      { name: 'what' },
      { name: 'why' }
    ]
    return rows.length === 0 ? 'No revision is kept.' : tableOf(columns, rows, paint)
  })
}

/** @param to default: the revision that serves. */
export async function diff(context: Context, from: number, to: number | undefined): Promise<void> {
  const client = await context.client()
  const answer = await client.diff(from, to ?? (await client.config()).revision)
  context.show(answer, paint => {
    const changes = count(answer.changes.length, 'field')
    return `From revision ${answer.from} to ${answer.to}: ${changes}.\n\n${changesOf(answer.changes, paint)}`
  })
}

function headerOf(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw usage(`the header "${text}": expected 'name: value'`)
  return [name, value]
}

function shortened(text: string): string {
  return text.length <= LONGEST_CHANGES ? text : `${text.slice(0, LONGEST_CHANGES - 1)}…`
}
