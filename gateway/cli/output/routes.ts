import type { RolloutStatus, RouteDetail, Routes, RouteView } from '../../admin/schemas.ts'
import { count, duration, milliseconds, NOTHING, percent, share, sides, time } from './format.ts'
import type { Paint } from './paint.ts'
import { listOf, tableOf } from './table.ts'

/** Every route, how its weight is and came out, and what stands in its way. */
export function routesText({ revision, killSwitch, routes }: Routes, paint: Paint): string {
  const rows = routes.map(route => [
    paint('cyan', route.id),
    route.group,
    weightText(route, killSwitch, paint),
    percent(route.realised.hour.share),
    count(route.realised.hour.native + route.realised.hour.legacy, 'request'),
    phaseText(route.phase, paint),
    breakerText(route.breaker, paint),
    lastChangeText(route)
  ])
  const columns = ['route', 'group', 'weight', 'on native', 'last hour', 'phase', 'breaker', 'last change']
  return [
    `Revision ${revision}, ${count(routes.length, 'route')}.`,
    ...(killSwitch ? [paint('red', 'The kill switch of the gateway is on: every shared route is on legacy.')] : []),
    '',
    tableOf(
      columns.map(name => ({ name, isNumber: ['weight', 'on native', 'last hour'].includes(name) })),
      rows,
      paint
    )
  ].join('\n')
}

/** One route, with all that is known of why it stands where it stands. */
export function routeText(route: RouteDetail, paint: Paint): string {
  const { realised, lastChange, rollout } = route
  const reasons = Object.entries(route.reasons).map(([reason, requests]) => `${reason} ${count(requests, 'request')}`)
  const facts = listOf(
    [
      ['route', paint('cyan', route.id)],
      ['methods', route.methods.join(', ')],
      ['paths', route.paths.join(', ')],
      ['group', route.group],
      ['native', route.native ?? 'nothing'],
      ['upstream', route.nativeOnly ? 'none: native only' : route.upstream],
      ['weight', weightText(route, false, paint)],
      ['cohort', count(route.cohort, 'user')],
      ['last minute', sides(realised.minute)],
      ['last hour', sides(realised.hour)],
      ['callers', `${count(realised.callers.native, 'caller')} on native, ${realised.callers.legacy} on legacy`],
      ['decided by', reasons.length === 0 ? NOTHING : `${reasons.join(', ')} in the last hour`],
      ['breaker', breakerText(route.breaker, paint)],
      ['last change', lastChange === undefined ? NOTHING : `${lastChangeText(route)}${because(lastChange.reason)}`]
    ],
    paint
  )
  return rollout === undefined ? facts : `${facts}\n\n${rolloutText(rollout, paint)}`
}

/** How a rollout stands, and why. */
export function rolloutText(rollout: RolloutStatus, paint: Paint): string {
  const { group, phase, weight, nextWeight, obstacles, verdicts, native, legacy, closedBy, rollingBack } = rollout
  const pairs = [
    ['rollout', `${paint('cyan', group)}: ${rollout.routes.map(({ id }) => id).join(', ')}`],
    ['phase', `${phaseText(phase, paint)} since ${time(rollout.since)}${because(rollout.reason)}`],
    ['weight', `${percent(weight)} since ${time(rollout.steppedAt)}`],
    ['next step', nextWeight === undefined ? 'none: it stands at the last' : percent(nextWeight)],
    ...(rollout.readyAt === undefined ? [] : [['ready', paint('green', `since ${time(rollout.readyAt)}: promote it`)]]),
    ...(rollingBack === undefined ? [] : [['rolling back', `${rollingBack.mode}${because(rollingBack.reason)}`]]),
    ...(closedBy === undefined ? [] : [['closed', closedBy]]),
    ['native', measuredText(native)],
    ['legacy', `${measuredText(legacy)}; its health: ${rollout.legacyHealth}`],
    ['measured for', duration(rollout.activeMs)],
    ...(rollout.share === undefined ? [] : [['share', rollout.share.message]]),
    ...obstacles.map(obstacle => ['waits for', obstacle]),
    ...verdicts.map(verdict => [verdict.guardrail, `${statusText(verdict.status, paint)}: ${verdict.message}`])
  ]
  return listOf(
    pairs.map(([name = '', value = '']) => [name, value]),
    paint
  )
}

export function weightText(route: RouteView, isGatewayKilled: boolean, paint: Paint): string {
  if (route.nativeOnly) return paint('dim', 'native only')
  if (route.native === null) return paint('dim', 'legacy only')
  const weight = percent(route.weight)
  if (route.killSwitch || isGatewayKilled) return paint('red', `killed (${weight})`)
  return route.weight === 0 ? weight : paint('green', weight)
}

const PHASES = { idle: 'dim', progressing: 'cyan', paused: 'yellow', completed: 'green', 'rolled-back': 'red' } as const

export function phaseText(phase: RouteView['phase'], paint: Paint): string {
  return phase === undefined ? NOTHING : paint(PHASES[phase], phase)
}

export function breakerText(breaker: RouteView['breaker'], paint: Paint): string {
  if (breaker === undefined) return NOTHING
  return breaker === 'closed' ? breaker : paint('red', breaker)
}

const STATUSES = { passed: 'green', failed: 'red', waiting: 'dim', inconclusive: 'yellow', error: 'yellow' } as const

export function statusText(status: keyof typeof STATUSES, paint: Paint): string {
  return paint(STATUSES[status], status)
}

function measuredText({ requests, errors, p95Ms }: RolloutStatus['native']): string {
  return `${count(requests, 'request')}, ${share(errors, requests)} errors, p95 ${milliseconds(p95Ms)}`
}

function lastChangeText({ lastChange }: RouteView): string {
  if (lastChange === undefined) return NOTHING
  return `${time(lastChange.at)} by ${lastChange.by.name} (revision ${lastChange.revision})`
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`
}
