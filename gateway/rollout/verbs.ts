import { describeWindow, windowAt } from './calendar.ts'
import { beginRollback, enter, event, intend, withoutReady } from './change.ts'
import { nextStepOf } from './observe.ts'
import { stepsOf } from './plan.ts'
import { type Context, type RolloutEvent, type RolloutState, type Transition, type Verb, weightOf } from './state.ts'

type OrderEvent = Extract<RolloutEvent, { readonly by: string }>

type Obey = (state: RolloutState, order: OrderEvent, context: Context) => Transition

const VERBS: Readonly<Record<Verb, Obey>> = {
  start,
  pause,
  resume,
  promote,
  'promote-full': promoteFull,
  rollback,
  set
}

/** Does what a person asks for, or says why not and what would be right. */
export function obey(state: RolloutState, order: OrderEvent, context: Context): Transition {
  const obstacle = busy(state, order)
  return obstacle === undefined ? VERBS[order.type](state, order, context) : refuse(state, order.type, obstacle)
}

function busy(state: RolloutState, order: OrderEvent): string | undefined {
  const lowers = order.type === 'rollback' || (order.type === 'set' && order.weight <= lowestOf(state))
  if (lowers) return undefined
  if (state.rollingBack !== undefined) {
    return `It is being rolled back (${state.rollingBack.reason}). Let it reach 0, or roll back to reach it at once.`
  }
  if (state.intent === undefined) return undefined
  return `A change to ${state.intent.to} % is being applied. Ask again when it is done, or roll back.`
}

function start(state: RolloutState, { by, reason, force }: OrderEvent, context: Context): Transition {
  const { plan, now } = context
  const weight = weightOf(state)
  if (state.phase === 'progressing') return refuse(state, 'start', 'It is progressing already.')
  if (state.phase === 'paused') return refuse(state, 'start', 'It is paused. Resume it.')
  const next = nextStepOf(plan, weight)
  if (next === undefined)
    return refuse(state, 'start', `It stands at ${weight} %, and the plan has no step above that.`)
  const apart = standApart(state)
  if (apart !== undefined) return refuse(state, 'start', apart)
  if (weight > 0) {
    const { pausedAt: _paused, ...rest } = withoutReady(state)
    const started = { ...enter(rest, 'progressing', reason, now), step: state.step + 1, steppedAt: now }
    return { state: started, effects: [event(started, 'started', by, reason)] }
  }
  const closed = closedNow(context, force)
  if (closed !== undefined) return refuse(state, 'start', closed)
  return intend(state, next.weight, { phase: 'progressing', event: 'started', by, reason }, now)
}

function pause(state: RolloutState, { by, reason }: OrderEvent, { now }: Context): Transition {
  if (state.phase !== 'progressing') return refuse(state, 'pause', 'Only a rollout that is progressing can be paused.')
  const paused = { ...enter(withoutReady(state), 'paused', reason, now), pausedAt: now }
  return { state: paused, effects: [event(paused, 'paused', by, reason)] }
}

function resume(state: RolloutState, { by, reason }: OrderEvent, { now }: Context): Transition {
  if (state.phase !== 'paused') {
    const hint = state.phase === 'progressing' ? 'It is progressing already.' : 'Start it to begin a rollout.'
    return refuse(state, 'resume', `Only a paused rollout can be resumed. ${hint}`)
  }
  const apart = standApart(state)
  if (apart !== undefined) return refuse(state, 'resume', apart)
  const { pausedAt = now, ...rest } = state
  // The hold counts the time that the rollout could have advanced in.
  const steppedAt = state.steppedAt + (now - pausedAt)
  const resumed = { ...enter(rest, 'progressing', reason, now), steppedAt }
  return { state: resumed, effects: [event(resumed, 'resumed', by, reason)] }
}

function promote(state: RolloutState, { by, reason, force }: OrderEvent, context: Context): Transition {
  const { plan, now } = context
  const problem = notPromotable(state) ?? standApart(state)
  if (problem !== undefined) return refuse(state, 'promote', problem)
  const next = nextStepOf(plan, weightOf(state))
  if (next === undefined) {
    const completed = enter(withoutReady(state), 'completed', reason, now)
    return { state: completed, effects: [event(completed, 'completed', by, reason)] }
  }
  const closed = closedNow(context, force)
  if (closed !== undefined) return refuse(state, 'promote', closed)
  return intend(state, next.weight, { phase: 'progressing', event: 'promoted', by, reason }, now)
}

/** To the last step, which then has to pass like any other. */
function promoteFull(state: RolloutState, { by, reason, force }: OrderEvent, context: Context): Transition {
  const { plan, now } = context
  const problem = notPromotable(state) ?? standApart(state)
  if (problem !== undefined) return refuse(state, 'promote-full', problem)
  const last = stepsOf(plan).at(-1)
  if (last === undefined || last.weight <= weightOf(state)) {
    return refuse(state, 'promote-full', 'It stands at the last step already. Promote it to complete the rollout.')
  }
  const closed = closedNow(context, force)
  if (closed !== undefined) return refuse(state, 'promote-full', closed)
  return intend(state, last.weight, { phase: 'progressing', event: 'promoted', by, reason }, now)
}

/** Works in every phase, also after completion and for a weight that was set by hand. */
function rollback(state: RolloutState, { by, reason, force }: OrderEvent, context: Context): Transition {
  const { intent, rollingBack, legacy } = state
  if (weightOf(state) === 0 && (intent?.to ?? 0) === 0) {
    return refuse(state, 'rollback', 'It stands at 0 % already.')
  }
  if (legacy === 'failing' && force !== true) {
    const message = 'Legacy is failing its health checks, so a rollback would move callers onto it. Force it to do so.'
    return refuse(state, 'rollback', message)
  }
  if (rollingBack !== undefined && intent?.to === 0) return refuse(state, 'rollback', 'It is going to 0 % already.')
  // Force, and a second order, mean at once.
  const mode = rollingBack === undefined && force !== true ? context.plan.rollback : 'immediate'
  return beginRollback(state, context, { mode, by, reason, force: force === true })
}

/**
 * A weight by hand. It ends a rollout that is over, and pauses one that runs; 0 is a rollback in one step that asks
 * nothing of legacy.
 */
function set(state: RolloutState, order: OrderEvent, context: Context): Transition {
  const { by, reason, force } = order
  const weight = order.type === 'set' ? order.weight : Number.NaN
  if (!(weight >= 0 && weight <= 100) || Number(weight.toFixed(2)) !== weight) {
    return refuse(state, 'set', 'A weight is a number from 0 to 100 with at most two decimals.')
  }
  if (Object.values(state.weights).every(each => each === weight) && state.intent === undefined) {
    return refuse(state, 'set', `It stands at ${weight} % already.`)
  }
  const closed = weight > lowestOf(state) ? closedNow(context, force) : undefined
  if (closed !== undefined) return refuse(state, 'set', closed)
  const runs = state.phase === 'progressing' || state.phase === 'paused' || state.rollingBack !== undefined
  const phase = runs ? (weight === 0 ? 'rolled-back' : 'paused') : 'idle'
  // A weight below that of a rollback does not end it: it goes on from there.
  const { rollingBack, ...rest } = withoutReady(state)
  const kept = rollingBack === undefined ? rest : { ...rest, rollingBack }
  const then = {
    phase: rollingBack === undefined || weight === 0 ? phase : 'progressing',
    event: 'set',
    by,
    reason
  } as const
  return intend(kept, weight, then, context.now)
}

function notPromotable({ phase }: RolloutState): string | undefined {
  if (phase === 'progressing') return undefined
  if (phase === 'paused') return 'It is paused. Resume it first, or set a weight.'
  return phase === 'completed' ? 'The rollout is completed.' : 'No rollout is running. Start one.'
}

function standApart(state: RolloutState): string | undefined {
  if (lowestOf(state) === weightOf(state)) return undefined
  const weights = Object.entries(state.weights).map(([route, weight]) => `${route} ${weight} %`)
  return `Its routes stand at different weights (${weights.join(', ')}). Set one weight for all.`
}

function closedNow({ plan, now }: Context, force: boolean | undefined): string | undefined {
  const closed = force === true ? undefined : windowAt(plan.noAdvance, now)
  if (closed === undefined) return undefined
  return `No weight is raised in ${describeWindow(closed)}. Ask again later, or force it.`
}

function lowestOf({ weights }: RolloutState): number {
  return Math.min(...Object.values(weights))
}

function refuse(state: RolloutState, verb: Verb, message: string): Transition {
  return { state, effects: [], refusal: { verb, phase: state.phase, message } }
}
