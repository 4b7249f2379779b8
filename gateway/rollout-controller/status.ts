import { type Static, Type } from '@sinclair/typebox'
import type { BreakerState } from '../breaker/breaker.ts'
import { describeWindow, windowAt } from '../rollout/calendar.ts'
import { VerdictSchema } from '../rollout/guardrails.ts'
import { nextStepOf, obstaclesOf } from '../rollout/observe.ts'
import { RolloutPlanSchema } from '../rollout/plan.ts'
import { ShareVerdictSchema } from '../rollout/share-check.ts'
import { PhaseSchema, weightOf } from '../rollout/state.ts'
import { errorsOf, type Summary } from '../rollout/evidence.ts'
import { addPacked, createHistogram, percentile } from '../rollout/histogram.ts'
import type { Rollout } from './rollout.ts'

const Time = (description: string) => Type.String({ description: `${description} ISO 8601, in UTC.` })
const Count = Type.Integer({ minimum: 0 })

const MeasuredSchema = Type.Object(
  {
    requests: Count,
    errors: Type.Integer({ minimum: 0, description: '5xx, network errors and timeouts.' }),
    serverErrors: Count,
    networkErrors: Count,
    timeouts: Count,
    refusals: Type.Integer({ minimum: 0, description: 'Answers with a status from 400 to 499.' }),
    fallbacks: Type.Integer({ minimum: 0, description: 'Failures that the other side then answered.' }),
    p50Ms: Type.Optional(Type.Number()),
    p95Ms: Type.Optional(Type.Number()),
    p99Ms: Type.Optional(Type.Number())
  },
  { description: 'What one side answered at this step.' }
)

/** How a group's rollout stands, and why. */
export const RolloutStatusSchema = Type.Object({
  group: Type.String(),
  routes: Type.Array(
    Type.Object({
      id: Type.String(),
      weight: Type.Number({ description: 'As configured, in percent.' }),
      breaker: Type.Optional(
        Type.Union([Type.Literal('closed'), Type.Literal('open'), Type.Literal('half-open')], {
          description: 'Absent: the route has none.'
        })
      )
    })
  ),
  phase: PhaseSchema,
  since: Time('When the phase began.'),
  reason: Type.String({ description: 'Why the phase began.' }),
  weight: Type.Number({ description: 'That stands, in percent.' }),
  desiredWeight: Type.Number({ description: 'The weight that is being applied, else the one that stands.' }),
  nextWeight: Type.Optional(Type.Number({ description: 'Of the next step; absent at the last.' })),
  step: Type.Integer({ description: 'Counts the changes of the weight.' }),
  steppedAt: Time('Since when the weight stands, not counting pauses.'),
  readyAt: Type.Optional(Time('Since when the step has passed and waits for somebody.')),
  legacyHealth: Type.Union([Type.Literal('healthy'), Type.Literal('failing'), Type.Literal('unknown')]),
  rollingBack: Type.Optional(
    Type.Object({
      mode: Type.Union([Type.Literal('immediate'), Type.Literal('stepwise')]),
      by: Type.String(),
      reason: Type.String(),
      since: Time('When the rollback began.'),
      heldSince: Type.Optional(Time('Since when it is held because legacy is failing.'))
    })
  ),
  applying: Type.Optional(
    Type.Object({ to: Type.Number(), by: Type.String(), reason: Type.String(), since: Time('When it was decided.') })
  ),
  obstacles: Type.Array(Type.String(), { description: 'Why the step cannot pass yet, in sentences.' }),
  closedBy: Type.Optional(Type.String({ description: 'The no-advance window that it is now.' })),
  verdicts: Type.Array(VerdictSchema),
  share: Type.Optional(ShareVerdictSchema),
  callers: Type.Object({ native: Count, legacy: Count }, { description: 'Distinct, since the weight changed.' }),
  native: MeasuredSchema,
  legacy: MeasuredSchema,
  activeMs: Type.Number({ description: 'Milliseconds of this step in which native answered.' }),
  plan: Type.Composite([RolloutPlanSchema])
})
export type RolloutStatus = Static<typeof RolloutStatusSchema>

/** All of it as JSON. */
export function statusOf(rollout: Rollout, breakers: ReadonlyMap<string, BreakerState>, now: number): RolloutStatus {
  const { state, plan, evidence, group, record } = rollout
  const { intent, rollingBack, readyAt } = state
  const nextWeight = nextStepOf(plan, weightOf(state))?.weight
  const closed = windowAt(plan.noAdvance, now)
  const obstacles = state.phase === 'progressing' ? obstaclesOf(state, { plan, evidence, now }) : []
  return {
    group: group.name,
    routes: group.routes.map(({ id, weight }) => {
      const breaker = breakers.get(id)?.status
      return { id, weight, ...(breaker === undefined ? {} : { breaker }) }
    }),
    phase: state.phase,
    since: iso(state.since),
    reason: state.reason,
    weight: weightOf(state),
    desiredWeight: intent?.to ?? weightOf(state),
    ...(nextWeight === undefined ? {} : { nextWeight }),
    step: state.step,
    steppedAt: iso(state.steppedAt),
    ...(readyAt === undefined ? {} : { readyAt: iso(readyAt) }),
    legacyHealth: state.legacy,
    ...(rollingBack === undefined ? {} : { rollingBack: rollingBackOf(rollingBack) }),
    ...(intent === undefined
      ? {}
      : { applying: { to: intent.to, by: intent.by, reason: intent.reason, since: iso(intent.since) } }),
    obstacles,
    ...(closed === undefined ? {} : { closedBy: describeWindow(closed) }),
    verdicts: [...(evidence?.verdicts ?? [])],
    ...(evidence === undefined ? {} : { share: evidence.share }),
    callers: rollout.measurements.callers(),
    native: measured(record.monitor.native),
    legacy: measured(record.monitor.legacy),
    activeMs: record.monitor.activeMs,
    plan
  }
}

function rollingBackOf({ mode, by, reason, since, heldSince }: NonNullable<Rollout['state']['rollingBack']>) {
  const held = heldSince === undefined ? {} : { heldSince: iso(heldSince) }
  return { mode, by, reason, since: iso(since), ...held }
}

function measured(summary: Summary): Static<typeof MeasuredSchema> {
  const { latency, ...counts } = summary
  const histogram = createHistogram()
  addPacked(histogram, latency)
  const [p50Ms, p95Ms, p99Ms] = [50, 95, 99].map(percent => percentile(histogram, percent))
  return {
    ...counts,
    errors: errorsOf(summary),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    ...(p99Ms === undefined ? {} : { p99Ms })
  }
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
