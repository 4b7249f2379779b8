import { overallStatus, type Verdict } from '../../rollout/guardrails.ts'
import { type Step, stepsOf } from '../../rollout/plan.ts'
import type { LiveRoute, RolloutStatus } from '../schemas.ts'

type LiveVerdict = NonNullable<LiveRoute['verdict']>

/** The step that a rollout stands at. */
export function stepOf({ plan, weight }: RolloutStatus): Step | undefined {
  const steps = stepsOf(plan)
  return steps.findLast(step => step.weight <= weight) ?? steps[0]
}

/** When the hold time of the step is over; undefined when nothing holds it, or it is over. */
export function stepEndsAt(rollout: RolloutStatus, now: number): number | undefined {
  const step = stepOf(rollout)
  if (rollout.phase !== 'progressing' || step === undefined) return undefined
  const end = Date.parse(rollout.steppedAt) + step.holdMs
  return end > now ? end : undefined
}

/** What the guardrails say together, and which of them says it; undefined where they judge nothing. */
export function verdictOf(rollout: RolloutStatus): LiveVerdict | undefined {
  const { verdicts, weight } = rollout
  if (verdicts.length === 0 || weight === 0) return undefined
  const status = overallStatus(verdicts)
  const those = verdicts.filter(verdict => verdict.status === status)
  if (status === 'waiting') return { status, message: longestWait(those) }
  if (status !== 'passed') return { status, message: those.map(({ message }) => message).join('; ') }
  const more = missingRequests(rollout)
  if (more > 0) return { status: 'waiting', message: `native has to answer ${more} more requests at this step` }
  return {
    status,
    message: verdicts.length === 1 ? 'its guardrail is met' : `all ${verdicts.length} guardrails are met`
  }
}

/** Guardrails wait at the same time, so the one that needs most says how long. */
function longestWait(waiting: readonly Verdict[]): string {
  const [longest] = waiting.toSorted((a, b) => (b.more ?? 0) - (a.more ?? 0))
  return longest?.message ?? ''
}

function missingRequests(rollout: RolloutStatus): number {
  if (rollout.phase !== 'progressing' && rollout.phase !== 'paused') return 0
  return Math.max(0, (stepOf(rollout)?.minimumRequests ?? 0) - rollout.native.requests)
}
