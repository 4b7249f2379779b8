import { type Edit, restore, setKillSwitch, setRouteKillSwitch, setWeight } from '../config/edits.ts'
import type { ConfigStore, Preview, Revision } from '../config/store.ts'
import { groupsOf } from '../rollout-controller/groups.ts'
import { BUCKETS } from '../routing/bucket.ts'
import type { Route } from '../routing/route.ts'
import { Problem, unknown } from './problem.ts'
import type { Plan, PlanChange } from './schemas.ts'

type Valid = Extract<Preview, { readonly outcome: 'valid' }>
type PlannedRoute = Plan['routes'][number]

/**
 * The edit that a planned change is.
 *
 * @throws Problem when what it names is not there.
 */
export async function editOf(change: PlanChange, store: ConfigStore): Promise<Edit> {
  if (change.kind === 'set') return setWeight(sharedRoutes(change.target, store), change.weight)
  if (change.kind === 'text') return restore(change.text)
  if (change.kind === 'restore') return restore(await textOf(change.revision, store))
  const { target, on } = change
  return target === undefined ? setKillSwitch(on) : setRouteKillSwitch(anyRoutes(target, store), on)
}

/**
 * The text of a revision.
 *
 * @throws Problem when it is not kept.
 */
export async function textOf(revision: number, store: ConfigStore): Promise<string> {
  const text = await store.history.text(revision)
  if (text === undefined) throw unknownRevision(revision, store)
  return text
}

export function unknownRevision(revision: number, { current }: ConfigStore): Problem {
  const known = `expected one that GET /api/config/revisions lists, at most ${current.number}`
  return new Problem('unknown', `revision ${revision} is not kept: ${known}`)
}

/** What a change would come to, and for how many of the last hour's callers. */
export function planOf(store: ConfigStore, preview: Valid, seen: (routeId: string) => readonly number[]): Plan {
  const { current } = store
  const { changes, raises } = preview
  const before = standings(current)
  const after = standings(preview)
  const ids = [...new Set([...before.keys(), ...after.keys()])]
  return {
    revision: current.number,
    changes: [...changes],
    raises: [...raises],
    reasonRequired: raises.length > 0,
    routes: ids.flatMap(id => plannedRoute(id, before.get(id), after.get(id), seen))
  }
}

interface Standing {
  readonly group: string
  readonly weight: number
  readonly killSwitch: boolean
}

/** The kill switch of the gateway does not concern routes without an upstream. */
function standings({ table, config }: Pick<Revision, 'table' | 'config'>): Map<string, Standing> {
  const nativeOnly = new Set(config.routes.filter(route => route.nativeOnly === true).map(({ id }) => id))
  const standing = ({ id, group, weight, killSwitch }: Route) =>
    [id, { group, weight, killSwitch: killSwitch || (config.killSwitch && !nativeOnly.has(id)) }] as const
  return new Map(table.routes.map(standing))
}

function plannedRoute(
  id: string,
  from: Standing | undefined,
  to: Standing | undefined,
  seen: (routeId: string) => readonly number[]
): PlannedRoute[] {
  if (from?.weight === to?.weight && from?.killSwitch === to?.killSwitch && from?.group === to?.group) return []
  return [
    {
      id,
      ...(from === undefined ? {} : { from: { weight: from.weight, killSwitch: from.killSwitch } }),
      ...(to === undefined ? {} : { to: { weight: to.weight, killSwitch: to.killSwitch } }),
      callers: callersOf(seen(id), from, to)
    }
  ]
}

function callersOf(
  buckets: readonly number[],
  from: Standing | undefined,
  to: Standing | undefined
): PlannedRoute['callers'] {
  const [old, next] = [thresholdOf(from), thresholdOf(to)]
  const seen = buckets.length
  if (from !== undefined && to !== undefined && from.group !== to.group) {
    // In another group a caller has another bucket, which nobody knows yet.
    const onNative = buckets.filter(bucket => bucket < old).length
    const toNative = Math.round(((seen - onNative) * next) / BUCKETS)
    const toLegacy = Math.round(onNative * (1 - next / BUCKETS))
    return { seen, moving: toNative + toLegacy, toNative, toLegacy, estimated: true }
  }
  const toNative = buckets.filter(bucket => bucket >= old && bucket < next).length
  const toLegacy = buckets.filter(bucket => bucket >= next && bucket < old).length
  return { seen, moving: toNative + toLegacy, toNative, toLegacy }
}

/** Callers of a lower bucket are on native. */
function thresholdOf(standing: Standing | undefined): number {
  if (standing === undefined || standing.killSwitch) return 0
  return Math.round((standing.weight * BUCKETS) / 100)
}

function sharedRoutes(target: string, { current: { config } }: ConfigStore): string[] {
  const groups = [...groupsOf(config).values()]
  const byRoute = groups.find(({ routes }) => routes.some(({ id }) => id === target))
  const group = groups.find(({ name }) => name === target) ?? byRoute
  if (group !== undefined) return group.routes.map(({ id }) => id)
  const names = groups.flatMap(({ name, routes }) => [name, ...routes.map(({ id }) => id)])
  throw unknown('route or group that can be rolled out', target, [...new Set(names)])
}

function anyRoutes(target: string, { current: { table } }: ConfigStore): string[] {
  const { routes } = table
  const named = routes.filter(({ id }) => id === target)
  const found = named.length > 0 ? named : routes.filter(({ group }) => group === target)
  if (found.length > 0) return found.map(({ id }) => id)
  throw unknown('route or group', target, [...new Set(routes.flatMap(({ id, group }) => [group, id]))])
}
