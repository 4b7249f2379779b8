import { confirm, descend, event } from './change.ts'
import { observe } from './observe.ts'
import type { Context, Effect, RolloutEvent, RolloutState, StepEvidence, Transition } from './state.ts'
import type { RolloutPlan } from './plan.ts'
import { obey } from './verbs.ts'

/** What happens to a rollout: pure, total, and the same in every process. */
export type Machine = (
  state: RolloutState,
  event: RolloutEvent,
  evidence: StepEvidence | undefined,
  now: number
) => Transition

/**
 * The state machine of a plan. Automation may always lower a weight; it raises one only where the plan says
 * `advance: "automatic"`. A verb that does not fit the phase is refused and changes nothing.
 *
 * How effects are to be carried out: store the state, then do the effects in order; answer `set-weight` with
 * `weight-applied` or `weight-refused`. A controller that was killed anywhere in between loads the state and sends a
 * `tick`, which asks for an open intent again under its old id.
 */
export function rolloutMachine(plan: RolloutPlan): Machine {
  return (state, happened, evidence, now) => {
    const context: Context = { plan, evidence, now }
    switch (happened.type) {
      case 'tick':
      case 'evidence':
        return observe(state, context)
      case 'legacy-health': {
        const next = { ...state, legacy: happened.health }
        const isHeld = state.rollingBack?.heldSince !== undefined && state.intent === undefined
        return isHeld ? descend(next, context) : { state: next, effects: [] }
      }
      case 'weight-applied':
        return applied(state, happened, context)
      case 'weight-refused':
        return refused(state, happened, context)
      case 'weight-changed-outside':
        return changedOutside(state, happened.weights, context)
      default:
        return obey(state, happened, context)
    }
  }
}

function applied(state: RolloutState, { id, weight }: { id: number; weight: number }, context: Context): Transition {
  if (state.intent?.id === id) return confirm(state, state.intent, context)
  // Applied while a rollback took the intent's place: the weight is known, and the rollback goes on from it.
  if (state.intent === undefined && state.rollingBack === undefined) return { state, effects: [] }
  const weights = Object.fromEntries(Object.keys(state.weights).map(route => [route, weight]))
  return { state: { ...state, weights }, effects: [] }
}

function refused(
  state: RolloutState,
  { id, problem }: { id: number; problem: string },
  { plan, now }: Context
): Transition {
  const { intent } = state
  if (intent?.id !== id) return { state, effects: [] }
  // What lowers a weight stays asked for: the next tick tries again, and staff are not told each time.
  const isRepeated = intent.alertedAt !== undefined && now - intent.alertedAt < plan.readyAlertMs
  if (!intent.raises && isRepeated) return { state, effects: [] }

  const message = `${state.group} could not be set to ${intent.to} %: ${problem}`
  const effects: Effect[] = [
    event(state, 'weight-refused', intent.by, message),
    { type: 'alert', name: 'weight-refused', message }
  ]
  if (!intent.raises) return { state: { ...state, intent: { ...intent, alertedAt: now } }, effects }
  const { intent: _intent, ...rest } = state
  if (rest.phase !== 'progressing') return { state: rest, effects }
  return { state: { ...rest, phase: 'paused', since: now, pausedAt: now, reason: message }, effects }
}

/** Somebody's change stands: a rollout that it crosses is paused for staff to decide. */
function changedOutside(state: RolloutState, weights: Readonly<Record<string, number>>, context: Context): Transition {
  const { intent } = state
  const stand = Object.values(weights)
  if (intent !== undefined && stand.every(weight => weight === intent.to)) {
    return confirm({ ...state, weights: { ...weights } }, intent, context)
  }
  const before = Object.entries(state.weights)
  if (before.length === stand.length && before.every(([route, weight]) => weights[route] === weight)) {
    return { state, effects: [] }
  }
  const { intent: open, readyAt: _ready, alertedAt: _alerted, ...rest } = state
  const reason = 'the weight was changed from outside the rollout'
  const changed = { ...rest, weights: { ...weights }, step: state.step + 1, steppedAt: context.now }
  const effects = [event(changed, 'weight-changed-outside', 'outside', reason)]
  if (state.rollingBack !== undefined) return rollbackAfterChange(changed, effects, open !== undefined, context)
  const runs = state.phase === 'progressing' || state.phase === 'paused'
  if (runs && stand.every(weight => weight === 0)) {
    return { state: { ...changed, phase: 'rolled-back', since: context.now, reason }, effects }
  }
  if (!runs) {
    return { state: { ...changed, phase: 'idle', since: context.now, reason }, effects }
  }
  return { state: { ...changed, phase: 'paused', since: context.now, pausedAt: context.now, reason }, effects }
}

/** A rollback goes on from wherever the weight is now. */
function rollbackAfterChange(
  state: RolloutState,
  effects: readonly Effect[],
  wasApplying: boolean,
  context: Context
): Transition {
  const { rollingBack, ...rest } = state
  if (Object.values(state.weights).every(weight => weight === 0)) {
    const reason = rollingBack?.reason ?? state.reason
    return { state: { ...rest, phase: 'rolled-back', since: context.now, reason }, effects }
  }
  if (!wasApplying) return { state, effects }
  const going = descend(state, context)
  return { state: going.state, effects: [...effects, ...going.effects] }
}
