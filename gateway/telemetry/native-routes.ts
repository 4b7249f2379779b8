import type { RouteConfig, RoutingConfig } from '../config/schema.ts'

/** Can native and an upstream share the route? */
export function isMovable({ native, nativeOnly }: RouteConfig): boolean {
  return native !== undefined && nativeOnly !== true
}

/** How many routes there are, and how many of them native has for itself: at weight 100, or native only. */
export function routeCountsOf({ routes, defaults }: RoutingConfig): {
  readonly routes: number
  readonly movable: number
  readonly at100: number
  readonly nativeRoutes: number
} {
  const movable = routes.filter(isMovable)
  const at100 = movable.filter(({ weight = defaults.weight }) => weight === 100).length
  const nativeOnly = routes.filter(route => route.nativeOnly === true).length
  return { routes: routes.length, movable: movable.length, at100, nativeRoutes: at100 + nativeOnly }
}
