import type { RouteConfig, RoutingConfig } from '../../config/schema.ts'
import { isKilledBy, type Killed } from '../../kill-file.ts'
import { stepsOf } from '../../rollout/plan.ts'
import type { Route } from '../../routing/route.ts'
import { routeCountsOf } from '../../telemetry/native-routes.ts'
import type { ApiOptions } from '../dependencies.ts'
import type { Readiness } from '../readiness.ts'
import type { LiveRoute, LiveTotals, RolloutStatus } from '../schemas.ts'
import { attentionOf } from './attention.ts'
import { inPercent } from './figures.ts'
import { type Measured, measuredOf } from './measured.ts'
import { Sparks } from './sparks.ts'
import { stepEndsAt, verdictOf } from './verdict.ts'

/** So many looks go by between two measurements of a route: of a busy gateway each of them makes another row. */
const LOOKS = 3

export type ViewOptions = Pick<
  ApiOptions,
  'store' | 'clock' | 'rollouts' | 'traffic' | 'evidence' | 'breakers' | 'lastChanges' | 'killed'
>

/** The overview of this moment. */
export class LiveView {
  readonly #options: ViewOptions
  readonly #sparks: Sparks
  #measured = new Map<string, Measured>()
  #looks = 0

  constructor(options: ViewOptions) {
    this.#options = options
    this.#sparks = new Sparks(options.evidence)
  }

  /** Begins anew, after nobody looked for a while: makes ready what takes long. */
  async prepare(): Promise<void> {
    const { store, clock } = this.#options
    this.#measured = new Map()
    await this.#sparks.prepare(store.current.table.routes, () => clock.now())
  }

  /** Every route, in the configuration's order. */
  routes(now: number): LiveRoute[] {
    const { store, rollouts, breakers } = this.#options
    const { config, table } = store.current
    const configs = new Map(config.routes.map(route => [route.id, route]))
    const byRoute = new Map(rollouts.status().flatMap(status => status.routes.map(({ id }) => [id, status] as const)))
    const states = breakers.states()
    this.#measure(table.routes, now)
    return table.routes.flatMap(route => {
      const own = configs.get(route.id)
      const measured = this.#measured.get(route.id)
      if (own === undefined || measured === undefined) return []
      return this.#rowOf({ route, own, measured }, byRoute.get(route.id), states.get(route.id)?.status, now)
    })
  }

  /** Of the routes as they were looked at last. */
  totals(readiness: Readiness | undefined): LiveTotals {
    const { store, killed } = this.#options
    const { number, config } = store.current
    const { routes, nativeRoutes, ...counts } = routeCountsOf(config)
    const sums = [...this.#measured.values()]
    const native = sums.reduce((sum, each) => sum + each.native, 0)
    const requests = sums.reduce((sum, each) => sum + each.native + each.legacy, 0)
    return {
      revision: number,
      killSwitch: config.killSwitch,
      ready: readiness?.status === 'ready',
      problems: problemsOf(readiness, killed()),
      routes,
      ...counts,
      ...(requests === 0 ? {} : { requestSharePercent: inPercent(native, requests) }),
      routeSharePercent: routes === 0 ? 0 : inPercent(nativeRoutes, routes)
    }
  }

  /** A part of the routes at each look, and those that are new. */
  #measure(routes: readonly Route[], now: number): void {
    const sources = { ...this.#options, sparks: this.#sparks }
    const turn = this.#looks++ % LOOKS
    this.#sparks.keep(routes)
    this.#measured = new Map(
      routes.map((route, index) => {
        const known = index % LOOKS === turn ? undefined : this.#measured.get(route.id)
        return [route.id, known ?? measuredOf(route, sources, now)]
      })
    )
  }

  #rowOf(
    { route, own, measured }: { readonly route: Route; readonly own: RouteConfig; readonly measured: Measured },
    rollout: RolloutStatus | undefined,
    breaker: LiveRoute['breaker'],
    now: number
  ): LiveRoute {
    const { store, lastChanges, killed } = this.#options
    const isNativeOnly = own.nativeOnly === true
    const killedBy = isNativeOnly ? undefined : whatKills(route, store.current.config, killed())
    const verdict = rollout === undefined ? undefined : verdictOf(rollout)
    const ends = rollout === undefined ? undefined : stepEndsAt(rollout, now)
    const change = lastChanges.of(route.id)
    return {
      id: route.id,
      group: route.group,
      methods: own.methods,
      paths: own.paths,
      native: own.native ?? null,
      nativeOnly: isNativeOnly,
      upstream: route.upstream,
      killSwitch: killedBy !== undefined,
      weight: route.weight,
      ...measured.shown,
      steps: rollout === undefined ? [] : stepsOf(rollout.plan).map(step => step.weight),
      ...(rollout === undefined ? {} : { phase: rollout.phase }),
      ...(ends === undefined ? {} : { stepEndsAt: new Date(ends).toISOString() }),
      ...(verdict === undefined ? {} : { verdict }),
      ...(breaker === undefined ? {} : { breaker }),
      ...attentionOf({ now, killedBy, breaker, verdict, rollout }),
      ...(change === undefined
        ? {}
        : { lastChange: { at: change.at, by: change.actor, reason: change.reason, revision: change.number } })
    }
  }
}

function whatKills(route: Route, config: RoutingConfig, killed: Killed): string | undefined {
  if (config.killSwitch) return 'The kill switch of the gateway is on.'
  if (route.killSwitch) return 'Its kill switch is on.'
  return isKilledBy(killed, route) ? 'A kill file on this machine sends its callers upstream.' : undefined
}

function problemsOf(readiness: Readiness | undefined, killed: Killed): string[] {
  const checks = readiness?.checks.flatMap(({ ok, why }) => (ok || why === undefined ? [] : [why]))
  return [
    ...(killed === 'none' ? [] : ['a kill file on this machine sends callers upstream']),
    ...(checks ?? ['its checks have not answered yet'])
  ]
}
