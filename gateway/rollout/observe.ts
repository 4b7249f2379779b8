import { describeWindow, windowAt } from './calendar.ts'
import { beginRollback, descend, enter, event, intend, setWeight, withoutReady } from './change.ts'
import { overallStatus } from './guardrails.ts'
import { type RolloutPlan, type Step, stepsOf } from './plan.ts'
import { AUTOMATION, type Context, type RolloutState, type Transition, weightOf } from './state.ts'

/** What time and evidence do to a rollout. */
export function observe(state: RolloutState, context: Context): Transition {
  const { plan, evidence, now } = context
  const watched = state.phase === 'progressing' || state.phase === 'paused' || state.phase === 'completed'
  const current = evidence?.step === state.step ? evidence : undefined
  const failed = current?.verdicts.filter(({ status }) => status === 'failed') ?? []

  if (state.rollingBack !== undefined) return goOnRollingBack(state, context)
  if (watched && failed.length > 0 && weightOf(state) > 0 && state.intent?.to !== 0) {
    const reason = failed.map(({ message }) => message).join('; ')
    return beginRollback(state, context, { mode: plan.rollback, reason })
  }
  if (state.intent !== undefined) return { state, effects: [setWeight(state, state.intent)] }
  if (state.phase !== 'progressing') return { state, effects: [] }

  const obstacles = obstaclesOf(state, context)
  if (obstacles.length > 0) return notReady(state, obstacles.join('; '))

  const next = nextStepOf(plan, weightOf(state))
  if (next === undefined) {
    const reason = 'the last step has passed'
    const completed = enter(withoutReady(state), 'completed', reason, now)
    return { state: completed, effects: [event(completed, 'completed', AUTOMATION, reason)] }
  }
  const closed = windowAt(plan.noAdvance, now)
  if (plan.advance === 'automatic' && closed === undefined) {
    const reason = `all guardrails of ${weightOf(state)} % passed`
    return intend(state, next.weight, { phase: 'progressing', event: 'step-passed', by: AUTOMATION, reason }, now)
  }
  return ready(state, context)
}

/**
 * Why the step that a rollout stands at cannot pass yet, in sentences; empty when it has passed. Whether the next one
 * may be taken now is another question: `advance`, and the plan's no-advance windows.
 */
export function obstaclesOf(state: RolloutState, { plan, evidence, now }: Context): string[] {
  const obstacles: string[] = []
  const weight = weightOf(state)
  const step = stepAt(plan, weight)
  if (Object.values(state.weights).some(each => each !== weight)) {
    obstacles.push('the routes of the group stand at different weights; set one weight for all')
  }
  if (state.legacy === 'failing') {
    obstacles.push('legacy is failing its health checks: a step up would leave nothing to go back to')
  }
  const left = state.steppedAt + step.holdMs - now
  if (left > 0) obstacles.push(`the step has to stand for ${Math.ceil(left / 1000)} more seconds`)
  if (evidence === undefined || evidence.step !== state.step) {
    return [...obstacles, 'there is no evidence of this step yet']
  }
  if (evidence.requests < step.minimumRequests) {
    obstacles.push(`native has to answer ${step.minimumRequests - evidence.requests} more requests at this step`)
  }
  if (evidence.activeMs < plan.evidence.minimumMs) {
    const seconds = Math.ceil((plan.evidence.minimumMs - evidence.activeMs) / 1000)
    obstacles.push(`native has to be seen answering for ${seconds} more seconds`)
  }
  if (evidence.verdicts.length === 0) obstacles.push('no guardrail is enabled, so nothing can pass by itself')
  for (const { status, message } of evidence.verdicts) if (status !== 'passed') obstacles.push(message)
  if (evidence.share.status !== 'passed') obstacles.push(evidence.share.message)
  return obstacles
}

/** The first step above a weight. */
export function nextStepOf(plan: RolloutPlan, weight: number): Step | undefined {
  return stepsOf(plan).find(step => step.weight > weight)
}

/** The step that a weight belongs to: the highest that it has reached, else the first. */
function stepAt(plan: RolloutPlan, weight: number): Step {
  const steps = stepsOf(plan)
  const reached = steps.findLast(step => step.weight <= weight) ?? steps[0]
  return reached ?? { weight, holdMs: plan.holdMs, minimumRequests: plan.evidence.minimumRequests }
}

/** At each step down legacy is given `rollbackHoldMs` to bear it, unless native fails at that step as well. */
function goOnRollingBack(state: RolloutState, context: Context): Transition {
  const { plan, evidence, now } = context
  if (state.intent !== undefined) {
    const isBlocked = state.legacy === 'failing' && state.rollingBack?.mode === 'stepwise'
    return { state, effects: isBlocked ? [] : [setWeight(state, state.intent)] }
  }
  const failsHere = evidence?.step === state.step && overallStatus(evidence.verdicts) === 'failed'
  const isHeld = state.rollingBack?.heldSince !== undefined
  const isDue = failsHere || isHeld || now - state.steppedAt >= plan.rollbackHoldMs
  return isDue ? descend(state, context) : { state, effects: [] }
}

function notReady(state: RolloutState, why: string): Transition {
  if (state.readyAt === undefined) return { state, effects: [] }
  const next = withoutReady(state)
  return { state: next, effects: [event(next, 'step-not-ready', AUTOMATION, why)] }
}

/** A step that has passed and waits, for staff or for a window to end; its age is told until somebody acts. */
function ready(state: RolloutState, { plan, now }: Context): Transition {
  const weight = weightOf(state)
  const closed = windowAt(plan.noAdvance, now)
  const waitsFor =
    plan.advance === 'automatic' && closed !== undefined
      ? `the end of ${describeWindow(closed)}`
      : 'somebody to promote it'
  const reason = `${state.group} has passed ${weight} % and waits for ${waitsFor}`
  if (state.readyAt === undefined) {
    const next = { ...state, readyAt: now, alertedAt: now }
    return { state: next, effects: [event(next, 'step-ready', AUTOMATION, reason)] }
  }
  if (now - (state.alertedAt ?? state.readyAt) < plan.readyAlertMs) return { state, effects: [] }
  const hours = ((now - state.readyAt) / 3_600_000).toFixed(1)
  const message = `${reason}, for ${hours} hours now`
  return { state: { ...state, alertedAt: now }, effects: [{ type: 'alert', name: 'step-ready', message }] }
}
