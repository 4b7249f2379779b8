import { AUTOMATION, type Context, type Effect, type EventName, type Intent, type Phase } from './state.ts'
import { type RolloutState, type Transition, weightOf } from './state.ts'

/** The parts that transitions are made of. */

export function event(state: RolloutState, name: EventName, by: string, reason: string): Effect {
  return { type: 'event', name, weight: weightOf(state), by, reason }
}

/** Into a phase that needs no change of weight. */
export function enter(state: RolloutState, phase: Phase, reason: string, now: number): RolloutState {
  return { ...state, phase, since: now, reason }
}

/** Asks for a weight: the state holds the intent, the effect is to be done once the state is stored. */
export function intend(
  state: RolloutState,
  to: number,
  then: { readonly phase: Phase; readonly event: EventName; readonly by: string; readonly reason: string },
  now: number
): Transition {
  const id = state.intents + 1
  // An intent that is still open may have been applied already.
  const lowest = Math.min(...Object.values(state.weights), state.intent?.to ?? 100)
  const intent: Intent = { ...then, id, to, raises: to > lowest, since: now }
  const next = { ...state, intent, intents: id }
  return { state: next, effects: [setWeight(next, intent)] }
}

export function setWeight(state: RolloutState, { id, to, by, reason }: Intent): Effect {
  return { type: 'set-weight', id, routes: Object.keys(state.weights), from: state.weights, to, by, reason }
}

/** The intent is in force: the phase that it leads to begins, and a new step. */
export function confirm(state: RolloutState, intent: Intent, { now }: Pick<Context, 'now'>): Transition {
  const { intent: _intent, readyAt: _ready, alertedAt: _alerted, pausedAt: _paused, rollingBack, ...rest } = state
  const weights = Object.fromEntries(Object.keys(state.weights).map(route => [route, intent.to]))
  const entered = intent.phase === state.phase ? rest : enter(rest, intent.phase, intent.reason, now)
  const next: RolloutState = {
    ...entered,
    weights,
    step: state.step + 1,
    steppedAt: now,
    ...(intent.phase === 'paused' ? { pausedAt: now } : {}),
    ...(rollingBack === undefined || intent.to === 0 ? {} : { rollingBack })
  }
  return { state: next, effects: [event(next, intent.event, intent.by, intent.reason)] }
}

/** Nothing stands ready any more. */
export function withoutReady({ readyAt: _ready, alertedAt: _alerted, ...rest }: RolloutState): RolloutState {
  return rest
}

/**
 * Goes on with a rollback, or begins it: the next lower weight when legacy can take the callers, else it is held and
 * staff are told, again and again. Legacy of unknown health counts as able: native is known to be worse. Where both
 * sides fail, staying is the lesser harm: moving all callers onto a failing backend can only make it fail more.
 */
export function descend(state: RolloutState, context: Context, force = false): Transition {
  const { plan, now } = context
  const { rollingBack } = state
  if (rollingBack === undefined) return { state, effects: [] }
  if (state.legacy === 'failing' && !force) return hold(state, context)

  const { heldSince: _held, alertedAt: _alerted, ...going } = rollingBack
  const weight = weightOf(state)
  const below = plan.steps.map(step => (typeof step === 'number' ? step : step.weight)).filter(each => each < weight)
  const to = going.mode === 'immediate' ? 0 : (below.at(-1) ?? 0)
  const { by, reason } = going
  const then =
    to === 0
      ? ({ phase: 'rolled-back', event: 'rolled-back', by, reason } as const)
      : ({ phase: 'progressing', event: 'stepped-down', by, reason } as const)
  return intend({ ...state, rollingBack: going }, to, then, now)
}

function hold(state: RolloutState, { plan, now }: Context): Transition {
  const { rollingBack } = state
  if (rollingBack === undefined) return { state, effects: [] }
  const { heldSince = now, alertedAt, by, reason } = rollingBack
  if (alertedAt !== undefined && now - alertedAt < plan.readyAlertMs) return { state, effects: [] }
  const message =
    `${state.group} must go back from ${weightOf(state)} % (${reason}) but legacy is failing too; it goes back when ` +
    'legacy is healthy, or at once with "rollback" and force'
  const next = { ...state, rollingBack: { ...rollingBack, heldSince, alertedAt: now } }
  const alert: Effect = { type: 'alert', name: 'rollback-held', message }
  const isNew = rollingBack.heldSince === undefined
  return { state: next, effects: isNew ? [event(next, 'rollback-held', by, message), alert] : [alert] }
}

/** Begins a rollback to 0. An intent that is open is dropped: it must not raise the weight while a rollback is held. */
export function beginRollback(
  state: RolloutState,
  context: Context,
  order: {
    readonly mode: 'immediate' | 'stepwise'
    readonly by?: string
    readonly reason: string
    readonly force?: boolean
  }
): Transition {
  const { mode, by = AUTOMATION, reason, force = false } = order
  const { intent: _intent, ...settled } = withoutReady(state)
  const next = { ...settled, rollingBack: { mode, by, reason, since: context.now } }
  const { state: begun, effects } = descend(next, context, force)
  return { state: begun, effects: [event(state, 'rolling-back', by, reason), ...effects] }
}
