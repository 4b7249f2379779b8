import type { RouteConfig, RoutingConfig } from '../config/schema.ts'
import { intersection, parsePattern } from './pattern.ts'
import type { Segments } from './pattern.ts'
import { PathRouter } from './path-router.ts'
import { NATIVE, UNMATCHED } from './route.ts'
import type { Assignment, NativeRoute, Reason, Route } from './route.ts'

type Method = RouteConfig['methods'][number]

/** Every assignment that a route can lead to, made once: deciding a request allocates nothing. */
export interface Outcomes {
  readonly nativeOnly: Assignment
  readonly killSwitch: Assignment
  readonly noNative: Assignment
  readonly override: { readonly native: Assignment; readonly legacy: Assignment }
  readonly cohort: Assignment
  readonly breaker: Assignment
  readonly weight: { readonly native: Assignment; readonly legacy: Assignment }
}

/** What a look-up finds: the route, and whether native serves the path with the method. */
export interface Entry {
  readonly route: Route
  /** The position in the configuration; the first route wins where an OPTIONS request could belong to several. */
  readonly position: number
  readonly outcomes: Outcomes
  /** The outcome when no later rule can change it: native only, kill switch, or nothing native behind the path. */
  readonly settled: Assignment | undefined
}

export interface RoutingTable {
  /** The configured routes in the file's order. */
  readonly routes: readonly Route[]
  /** The assignment of a request that belongs to no configured route. */
  readonly unmatched: Assignment
  /** The entry for a method and a raw request target, query included. */
  find(method: string, url: string): Entry | undefined
  /** As `find` for an OPTIONS request without a route of its own: the first route that has the path with any method. */
  findAnyMethod(url: string): Entry | undefined
}

/** The longest parameter that Fastify's router takes in this process; native serves no path that is longer. */
const NATIVE_MAX_PATH = 4096

/**
 * A path that find-my-way and Express read alike: segments of visible ASCII without `%` (find-my-way decodes static
 * segments, Express does not), none empty (find-my-way lets a parameter be empty), no fragment.
 */
const PLAIN = /^(?:\/[!"$&-.0->@-~]+)*\/?(?:\?|$)/

const ORIGIN_OR_ABSOLUTE_FORM = /^(?:\/|https?:\/\/)/i

/**
 * Compiles a configuration and the routes that the native modules registered into a table with one look-up a request.
 *
 * A configured pattern may be broader than the native ones: then the paths that native serves are entered beside it
 * as patterns of their own, and the router's preference for the more specific pattern tells the two apart.
 *
 * Expects a configuration that `parseRoutingConfig` accepted.
 * @throws when a native route's pattern is not of whole segments.
 */
export function compileRoutingTable(config: RoutingConfig, nativeRoutes: readonly NativeRoute[]): RoutingTable {
  const natives = nativeRoutes.map(({ module, method, url }) => ({ module, method, segments: segmentsOf(url) }))
  const plain = new PathRouter<Entry>(NATIVE_MAX_PATH)
  const odd = new PathRouter<Entry>(Number.MAX_SAFE_INTEGER)
  const methods = new Set<Method>()

  const routes = config.routes.map((routeConfig, position) => {
    const route = resolveRoute(config, routeConfig)
    const outcomes = outcomesOf(route)
    const killed = config.killSwitch || route.killSwitch ? outcomes.killSwitch : undefined
    const fixed = routeConfig.nativeOnly === true ? outcomes.nativeOnly : killed
    const elsewhere: Entry = { position, outcomes, settled: fixed ?? outcomes.noNative, route }
    const native: Entry = { position, outcomes, settled: fixed, route }

    for (const method of methodsOf(routeConfig)) {
      methods.add(method)
      for (const pattern of routeConfig.paths.map(segmentsOf)) {
        odd.add(method, pattern, elsewhere)
        for (const [segments, served] of partsOf(pattern, method, routeConfig.native, natives)) {
          plain.add(method, segments, served ? native : elsewhere)
        }
      }
    }
    return route
  })
  plain.compile()
  odd.compile()

  const find = (method: string, url: string): Entry | undefined =>
    isPlain(url) ? plain.find(method, url) : findOdd(odd, method, url)

  return {
    routes,
    unmatched: { route: unmatchedRoute(config), target: config.defaults.upstream, reason: UNMATCHED },
    find,
    findAnyMethod: url => [...methods].map(method => find(method, url)).reduce(firstEntry, undefined)
  }
}

function isPlain(url: string): boolean {
  return PLAIN.test(url) && (url.length <= NATIVE_MAX_PATH || pathOf(url).length <= NATIVE_MAX_PATH)
}

function findOdd(router: PathRouter<Entry>, method: string, url: string): Entry | undefined {
  if (!ORIGIN_OR_ABSOLUTE_FORM.test(url)) return undefined
  // NUL is in no pattern: with it for `%` the router decodes nothing and compares segments as Express does.
  return router.findStrict(method, pathOf(url).replaceAll('%', '\0'))
}

/** The entry of the earlier route; of one route, an entry that native serves. */
function firstEntry(best: Entry | undefined, entry: Entry | undefined): Entry | undefined {
  if (best === undefined || entry === undefined) return best ?? entry
  if (best.position !== entry.position) return best.position < entry.position ? best : entry
  return best.settled === undefined ? best : entry
}

type Native = { readonly module: string; readonly method: string; readonly segments: Segments }

/**
 * A configured pattern with the parts of it that native routes serve: each with whether the named module serves it.
 * Where two native routes meet in one pattern, both have to be of the module, else Fastify might run the other's.
 */
function partsOf(pattern: Segments, method: string, module: string | undefined, natives: readonly Native[]) {
  const parts = new Map<string, [Segments, boolean]>()
  for (const native of natives) {
    // Native answers a preflight on every path that it serves with some method.
    if (native.method !== method && method !== 'OPTIONS') continue
    const shared = intersection(pattern, native.segments)
    if (shared === undefined) continue
    const key = shared.join('/')
    const soFar = parts.get(key)?.[1] ?? true
    parts.set(key, [shared, soFar && native.module === module])
  }
  const whole = pattern.join('/')
  if (!parts.has(whole)) parts.set(whole, [pattern, false])
  return parts.values()
}

function segmentsOf(pattern: string): Segments {
  const segments = parsePattern(pattern)
  if (segments === undefined) {
    throw new Error(`the path pattern '${pattern}' must be of static segments, :parameters and a final * only`)
  }
  return segments
}

function methodsOf(route: RouteConfig): ReadonlySet<Method> {
  const methods = new Set(route.methods)
  return methods.has('GET') ? methods.add('HEAD') : methods
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** The policy of a route that has no upstream, whatever the defaults say. */
const NATIVE_ONLY = { weight: 100, killSwitch: false, cohort: [], fallback: false }

function resolveRoute({ defaults }: RoutingConfig, route: RouteConfig): Route {
  const policy = { ...defaults, ...route, ...(route.nativeOnly === true && NATIVE_ONLY) }
  const timeouts = { ...defaults.timeouts, ...route.timeouts }
  return {
    id: route.id,
    group: route.group ?? route.id,
    weight: policy.weight,
    killSwitch: policy.killSwitch,
    cohort: new Set(policy.cohort),
    fallback: policy.fallback,
    servedBy: policy.servedByHeader,
    upstream: policy.upstream,
    timeouts: { response: timeouts.responseMs, idle: timeouts.idleMs }
  }
}

function unmatchedRoute(config: RoutingConfig): Route {
  return resolveRoute(config, { id: UNMATCHED, paths: [], methods: [], weight: 0, cohort: [] })
}

function outcomesOf(route: Route): Outcomes {
  const native = (reason: Reason): Assignment => ({ route, target: NATIVE, reason })
  const upstream = (reason: Reason): Assignment => ({ route, target: route.upstream, reason })
  return {
    nativeOnly: native('native-only'),
    killSwitch: upstream('kill-switch'),
    noNative: upstream('no-native'),
    override: { native: native('override'), legacy: upstream('override') },
    cohort: native('cohort'),
    breaker: upstream('breaker'),
    weight: { native: native('weight'), legacy: upstream('weight') }
  }
}
