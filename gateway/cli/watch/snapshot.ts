import type { RolloutStatus, RouteView } from '../../admin/schemas.ts'
import { overallStatus, type VerdictStatus } from '../../rollout/guardrails.ts'
import { stepsOf } from '../../rollout/plan.ts'
import type { Client } from '../client.ts'

const TIMEOUT_MS = 2000
const MINUTE_S = 60

/** One side of a rollout's step. */
export interface Side {
  readonly requests: number
  /** Of the requests, in percent; absent without any. */
  readonly errorPercent?: number
  readonly p95Ms?: number
}

/** A route as `watch` shows it. Errors, latencies and the verdict are of its group's rollout at this step. */
export interface Row {
  readonly route: string
  readonly group: string
  readonly kind: 'shared' | 'native only' | 'legacy only'
  readonly weight: number
  readonly killed: boolean
  /** Over the last minute. */
  readonly requestsPerSecond: number
  readonly step?: { readonly number: number; readonly of: number }
  readonly phase?: NonNullable<RouteView['phase']>
  readonly native?: Side
  readonly legacy?: Side
  readonly verdict?: VerdictStatus
  readonly breaker?: NonNullable<RouteView['breaker']>
}

export interface Snapshot {
  readonly at: Date
  readonly revision: number
  readonly rows: readonly Row[]
}

/** How everything stands now. */
export async function takeSnapshot(client: Client, signal: AbortSignal): Promise<Snapshot> {
  const limits = { timeoutMs: TIMEOUT_MS, signal }
  const [{ revision, killSwitch, routes }, rollouts] = await Promise.all([
    client.routes(limits),
    client.rollouts(limits)
  ])
  const byGroup = new Map(rollouts.map(rollout => [rollout.group, rollout]))
  const rows = routes.map(route => rowOf(route, killSwitch, isShared(route) ? byGroup.get(route.group) : undefined))
  return { at: new Date(), revision, rows }
}

function rowOf(route: RouteView, isGatewayKilled: boolean, rollout: RolloutStatus | undefined): Row {
  const { id, group, weight, realised, phase, breaker } = route
  return {
    route: id,
    group,
    kind: isShared(route) ? 'shared' : route.nativeOnly ? 'native only' : 'legacy only',
    weight,
    killed: isShared(route) && (route.killSwitch || isGatewayKilled),
    requestsPerSecond: Number(((realised.minute.native + realised.minute.legacy) / MINUTE_S).toFixed(2)),
    ...(phase === undefined ? {} : { phase }),
    ...(breaker === undefined ? {} : { breaker }),
    ...(rollout === undefined ? {} : measuredOf(rollout))
  }
}

function measuredOf(rollout: RolloutStatus): Pick<Row, 'step' | 'native' | 'legacy' | 'verdict'> {
  const weights = stepsOf(rollout.plan).map(({ weight }) => weight)
  return {
    step: { number: weights.filter(weight => weight <= rollout.weight).length, of: weights.length },
    native: sideOf(rollout.native),
    legacy: sideOf(rollout.legacy),
    ...(rollout.verdicts.length === 0 ? {} : { verdict: overallStatus(rollout.verdicts) })
  }
}

function sideOf({ requests, errors, p95Ms }: RolloutStatus['native']): Side {
  return {
    requests,
    ...(requests === 0 ? {} : { errorPercent: (errors / requests) * 100 }),
    ...(p95Ms === undefined ? {} : { p95Ms })
  }
}

function isShared({ native, nativeOnly }: RouteView): boolean {
  return native !== null && !nativeOnly
}
