import type { Plan } from '../../admin/schemas.ts'
import { changesOf } from './changes.ts'
import { count, NOTHING, percent } from './format.ts'
import type { Paint } from './paint.ts'
import { tableOf } from './table.ts'

type PlannedRoute = Plan['routes'][number]
type Standing = PlannedRoute['from']

/** A route that would stand otherwise. */
export type Move = Readonly<Omit<PlannedRoute, 'callers'>>

/** What a change would come to: routes, from what to what, and who would move. */
export function planText({ routes, changes, raises }: Plan, paint: Paint): string {
  if (changes.length === 0) return 'It would change nothing of the configuration.'
  const others = changes.filter(({ path }) => !/^(\/routes\/[^/]+)?\/(weight|killSwitch)$/.test(path))
  return [
    ...(routes.length === 0 ? [] : [routesText(routes, paint)]),
    ...(others.length === 0 ? [] : [changesOf(others, paint)]),
    ...otherRaises(raises).map(raise => paint('yellow', `It ${raise}.`))
  ].join('\n\n')
}

/** How callers are exposed, where no table of weights shows it. */
function otherRaises(raises: readonly string[]): readonly string[] {
  return raises.filter(raise => !/^(raises the weight|turns the kill switch) of/.test(raise))
}

/** The share of callers who get native, in percent: a kill switch leaves none. */
export function exposureOf(standing: Standing): number {
  return standing === undefined || standing.killSwitch ? 0 : standing.weight
}

function routesText(routes: readonly PlannedRoute[], paint: Paint): string {
  const rows = routes.map(({ id, from, to, callers }) => [
    paint('cyan', id),
    standingText(from),
    '→',
    paint(exposureOf(to) > exposureOf(from) ? 'yellow' : 'green', standingText(to)),
    count(callers.seen, 'caller'),
    movingText(callers)
  ])
  const names = ['route', 'from', '', 'to', 'seen in the last hour', 'would move']
  return tableOf(
    names.map(name => ({ name })),
    rows,
    paint
  )
}

function standingText(standing: Standing): string {
  if (standing === undefined) return NOTHING
  return standing.killSwitch ? `killed (${percent(standing.weight)})` : percent(standing.weight)
}

function movingText({ moving, toNative, toLegacy, estimated = false }: PlannedRoute['callers']): string {
  if (moving === 0) return 'nobody'
  const parts = [toNative > 0 ? `${toNative} to native` : '', toLegacy > 0 ? `${toLegacy} to legacy` : '']
  return `${estimated ? 'about ' : ''}${parts.filter(part => part !== '').join(', ')}`
}
