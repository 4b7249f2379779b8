import { nearestOf } from '../config/schema-check.ts'
import type { Rollout } from './rollout.ts'

/** The rollout of a group's name or a route's id; undefined when nothing of that name can be rolled out. */
export function targetOf(rollouts: ReadonlyMap<string, Rollout>, target: string): Rollout | undefined {
  const byRoute = [...rollouts.values()].find(({ group }) => group.routes.some(({ id }) => id === target))
  return rollouts.get(target) ?? byRoute
}

/** Says that there is nothing of that name, and what was perhaps meant. */
export function unknownTarget(rollouts: ReadonlyMap<string, Rollout>, target: string): string {
  const groups = [...rollouts.values()].map(({ group }) => group)
  const nearest = nearestOf(
    target,
    groups.flatMap(({ name, routes }) => [name, ...routes.map(({ id }) => id)])
  )
  const known = groups.map(({ name }) => name).join(', ')
  const hint = nearest === undefined ? `known groups are ${known}` : `did you mean "${nearest}"?`
  return `there is no route and no group "${target}" that can be rolled out (${hint})`
}
