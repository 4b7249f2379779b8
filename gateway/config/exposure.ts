import type { RouteConfig, RoutingConfig } from './schema.ts'

/**
 * How a configuration sends more callers to native than another one: sentence parts such as `raises the weight of
 * "notes.list" from 0 to 10`. Empty when it sends nobody there who was not sent before.
 */
export function raisesOf(before: RoutingConfig, after: RoutingConfig): string[] {
  const old = new Map(before.routes.map(route => [route.id, route]))
  const gateway = before.killSwitch && !after.killSwitch ? ['turns the kill switch of the gateway off'] : []
  const routes = after.routes.flatMap(route =>
    raisesOfRoute(exposureOf(before, old.get(route.id)), exposureOf(after, route))
  )
  return [...gateway, ...routes]
}

interface Exposure {
  readonly id: string
  readonly weight: number
  readonly isKilled: boolean
  readonly cohort: readonly string[]
  /** May the gateway raise the weight by itself? */
  readonly isAutomatic: boolean
}

function raisesOfRoute(before: Exposure, { id, weight, isKilled, cohort, isAutomatic }: Exposure): string[] {
  const raises: string[] = []
  if (weight > before.weight) raises.push(`raises the weight of "${id}" from ${before.weight} to ${weight}`)
  if (before.isKilled && !isKilled) raises.push(`turns the kill switch of "${id}" off`)
  const added = cohort.filter(user => !before.cohort.includes(user)).length
  if (added > 0) raises.push(`adds ${added} to the cohort of "${id}"`)
  if (isAutomatic && !before.isAutomatic) raises.push(`lets a rollout of "${id}" advance by itself`)
  return raises
}

function exposureOf({ defaults }: RoutingConfig, route: RouteConfig | undefined): Exposure {
  const { id = '', native, nativeOnly = false, weight = defaults.weight, cohort = defaults.cohort } = route ?? {}
  const isServed = native !== undefined
  return {
    id,
    weight: nativeOnly ? 100 : isServed ? weight : 0,
    isKilled: isServed && (route?.killSwitch ?? defaults.killSwitch),
    cohort: isServed ? cohort : [],
    isAutomatic: isServed && !nativeOnly && (route?.rollout?.advance ?? defaults.rollout.advance) === 'automatic'
  }
}
