import { BUCKETS, bucketOf } from './bucket.ts'
import type { Assignment, Route } from './route.ts'
import type { Entry, RoutingTable } from './table.ts'

/** What the decision may ask of a request. The functions are called only when a rule needs their answer. */
export interface AssignmentRequest {
  readonly method: string
  /** The raw request target, query included. */
  readonly url: string
  /** `Access-Control-Request-Method`; asked for OPTIONS only. */
  requestedMethod(): string | undefined
  /** The override that the request asks for, when it is authorised to. */
  override(): 'native' | 'legacy' | undefined
  /** The user id of a verified token. */
  userId(): string | undefined
  /** The client's address. */
  address(): string
  /** Is told the caller's bucket, where the weight decides by it. */
  bucketIs?(bucket: number): void
}

/**
 * The target of a request and the reason. The first rule that applies decides:
 *
 * 1. `unmatched`: no configured route has the request: the default upstream.
 * 2. `native-only`: the route has no upstream: native, also where it serves nothing.
 * 3. `kill-switch`, of the gateway or the route: the upstream.
 * 4. `no-native`: native does not serve the method and path: the upstream, whatever an override or the weight says.
 * 5. `override` of an authorised request: the side that it names.
 * 6. `cohort`: a listed user: native.
 * 7. `weight`: native when the caller's bucket is below the weight, but
 * 8. `breaker`: the upstream for those callers too while the route's breaker is open.
 *
 * Pure: the same request, table and breaker state give the same answer in every process.
 */
export function assign(
  table: RoutingTable,
  request: AssignmentRequest,
  breakerOpen?: (routeId: string) => boolean
): Assignment {
  const entry = request.method === 'OPTIONS' ? findForOptions(table, request) : table.find(request.method, request.url)
  if (entry === undefined) return table.unmatched
  if (entry.settled !== undefined) return entry.settled

  const { route, outcomes } = entry
  const override = request.override()
  if (override !== undefined) return outcomes.override[override]

  // Verifying a token is dear: the caller is asked for only where the answer depends on who it is, and once.
  const isShared = route.weight > 0 && route.weight < 100
  const userId = isShared || route.cohort.size > 0 ? request.userId() : undefined
  if (userId !== undefined && route.cohort.has(userId)) return outcomes.cohort

  const isNative = isShared ? isBelowWeight(route, userId, request) : route.weight >= 100
  if (!isNative) return outcomes.weight.legacy
  return breakerOpen?.(route.id) === true ? outcomes.breaker : outcomes.weight.native
}

function isBelowWeight(route: Route, userId: string | undefined, request: AssignmentRequest): boolean {
  const key = userId === undefined ? `addr:${request.address()}` : `user:${userId}`
  const bucket = bucketOf(key, route.group)
  request.bucketIs?.(bucket)
  return bucket < Math.round((route.weight * BUCKETS) / 100)
}

/**
 * A preflight belongs to the route of the request that it announces, so that both are under one policy; any other
 * OPTIONS request to the route that lists the method, else to the first route that has the path.
 */
function findForOptions(table: RoutingTable, request: AssignmentRequest): Entry | undefined {
  const announced = request.requestedMethod()
  return (
    (announced === undefined ? undefined : table.find(announced, request.url)) ??
    table.find('OPTIONS', request.url) ??
    table.findAnyMethod(request.url)
  )
}
