import { TypeCompiler } from '@sinclair/typebox/compiler'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VerdictStatus } from '../../../gateway/rollout/guardrails.ts'
import { nextStepOf, obstaclesOf } from '../../../gateway/rollout/observe.ts'
import { type RolloutPlan, stepsOf } from '../../../gateway/rollout/plan.ts'
import {
  type Effect,
  idleRollout,
  type RolloutEvent,
  type RolloutState,
  RolloutStateSchema,
  type Transition,
  weightOf
} from '../../../gateway/rollout/state.ts'
import { rolloutMachine } from '../../../gateway/rollout/transition.ts'
import { evidenceOf, planOf } from './fixture.ts'

const isState = TypeCompiler.Compile(RolloutStateSchema)
const SEED = 20_261_123
const HOLD = 1_000
const order = { by: 'ada', reason: 'because' }
const closedAlways = [
  { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const, from: '00:00', to: '24:00', timeZone: 'UTC' }
]
const timing = { holdMs: HOLD, rollbackHoldMs: 100, readyAlertMs: 5_000 }
const plans = {
  manual: planOf(timing),
  automatic: planOf({ ...timing, advance: 'automatic' }),
  stepwise: planOf({ ...timing, advance: 'automatic', rollback: 'stepwise' }),
  closed: planOf({
    ...timing,
    advance: 'automatic',
    noAdvance: closedAlways.map(each => ({ ...each, days: [...each.days] }))
  })
}
const STATUSES = ['passed', 'failed', 'waiting', 'inconclusive', 'error', undefined] as const
const VERBS = ['start', 'pause', 'resume', 'promote', 'promote-full', 'rollback'] as const

const evidenceFor = (state: RolloutState, status: VerdictStatus | undefined) =>
  status === undefined ? undefined : evidenceOf(state, status)

/** So that a transition that changes its state instead of making a new one throws. */
function frozen(state: RolloutState): RolloutState {
  for (const part of [state, state.weights, state.intent, state.rollingBack])
    if (part !== undefined) Object.freeze(part)
  return state
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** Does the effects as a controller would: what is asked for is applied at once. */
function settle(plan: RolloutPlan, transition: Transition, now: number): Transition {
  const asked = transition.effects.find(effect => effect.type === 'set-weight')
  if (asked === undefined) return transition
  const applied = { type: 'weight-applied', id: asked.id, weight: asked.to } as const
  const next = rolloutMachine(plan)(transition.state, applied, undefined, now)
  return { ...next, effects: [...transition.effects, ...next.effects] }
}

/** One rollout, followed by hand. */
function drive(plan: RolloutPlan, initial = idleRollout('notes', { 'notes.list': 0, 'notes.get': 0 }, 0)) {
  let state = initial
  let now = 0
  const machine = rolloutMachine(plan)
  const take = (transition: Transition) => {
    const settled = settle(plan, transition, now)
    state = settled.state
    return settled
  }
  return {
    get state() {
      return state
    },
    /** Without applying what is asked for. */
    send(event: RolloutEvent, status?: VerdictStatus) {
      const transition = machine(state, event, evidenceFor(state, status), now)
      state = transition.state
      return transition
    },
    do: (event: RolloutEvent, status?: VerdictStatus) => take(machine(state, event, evidenceFor(state, status), now)),
    pass(ms = HOLD) {
      now += ms
      return take(machine(state, { type: 'tick' }, evidenceFor(state, 'passed'), now))
    },
    wait(ms: number) {
      now += ms
    }
  }
}

/** After that many steps that passed. */
function standingAt(plan: RolloutPlan, steps: number) {
  const rollout = drive(plan)
  rollout.do({ type: 'start', ...order })
  for (let i = 0; i < steps; i++) rollout.pass()
  return rollout
}

const names = (effects: readonly Effect[]) =>
  effects.map(effect => (effect.type === 'set-weight' ? `set ${effect.to}` : `${effect.type} ${effect.name}`))

describe('every state × event × verdict', () => {
  const standing = [0, 7, 10, 50, 100].flatMap(weight =>
    (['idle', 'progressing', 'paused', 'completed', 'rolled-back'] as const).flatMap(phase =>
      (['healthy', 'failing', 'unknown'] as const).flatMap(legacy =>
        (['settled', 'raising', 'lowering', 'rolling-back', 'held'] as const).map(kind => ({
          weight,
          phase,
          legacy,
          kind
        }))
      )
    )
  )
  const events: RolloutEvent[] = [
    ...VERBS.map(type => ({ type, ...order })),
    { type: 'rollback', ...order, force: true },
    ...[0, 10, 30, 100].map(weight => ({ type: 'set', weight, ...order }) as const),
    { type: 'tick' },
    { type: 'evidence' },
    ...(['healthy', 'failing', 'unknown'] as const).map(health => ({ type: 'legacy-health', health }) as const),
    { type: 'weight-applied', id: 1, weight: 25 },
    { type: 'weight-applied', id: 9, weight: 25 },
    { type: 'weight-refused', id: 1, problem: 'the disk is full' },
    { type: 'weight-changed-outside', weights: { a: 0 } },
    { type: 'weight-changed-outside', weights: { a: 33 } }
  ]

  function stateOf({ weight, phase, legacy, kind }: (typeof standing)[number]): RolloutState {
    const base: RolloutState = { ...idleRollout('notes', { a: weight }, 0), phase, legacy, step: 3, intents: 1 }
    const intent = { id: 1, phase: 'progressing', event: 'promoted', by: 'ada', reason: 'r', since: 0 } as const
    const rollingBack = { mode: 'stepwise', by: 'automation', reason: 'r', since: 0 } as const
    if (kind === 'raising') return { ...base, intent: { ...intent, to: 100, raises: true } }
    if (kind === 'lowering') return { ...base, intent: { ...intent, to: 0, phase: 'rolled-back', raises: false } }
    if (kind === 'rolling-back') return { ...base, rollingBack }
    if (kind === 'held') return { ...base, rollingBack: { ...rollingBack, heldSince: 0, alertedAt: 0 } }
    return base
  }

  it.each(Object.entries(plans))('holds its invariants under the %s plan', (name, plan) => {
    let cases = 0
    for (const each of standing) {
      for (const event of events) {
        for (const status of STATUSES) {
          for (const now of [HOLD / 2, HOLD * 10]) {
            const state = frozen(stateOf(each))
            const result = rolloutMachine(plan)(state, event, evidenceFor(state, status), now)
            cases++
            if (!holds(plan, state, event, status, result) || !isState.Check(result.state)) {
              throw new Error(JSON.stringify({ name, each, event, status, now, result }))
            }
          }
        }
      }
    }
    expect(cases).toBe(standing.length * events.length * STATUSES.length * 2)
  })

  /** All that must be true of any transition. */
  function holds(
    plan: RolloutPlan,
    state: RolloutState,
    event: RolloutEvent,
    status: VerdictStatus | undefined,
    result: Transition
  ): boolean {
    const weight = weightOf(state)
    const isOrder = 'by' in event
    const asked = result.effects.filter(effect => effect.type === 'set-weight')
    const isNew = asked.some(({ id }) => id > state.intents)
    const raises = isNew && asked.some(({ to }) => to > weight)
    const rules = [
      // One change at a time, and only where it is recorded in the state.
      asked.length <= 1 && asked.every(({ id, to }) => result.state.intent?.id === id && result.state.intent.to === to),
      // A refusal changes nothing.
      result.refusal === undefined || (result.state === state && result.effects.length === 0),
      // Automation raises only where it may, when all passed, to the next step.
      !raises || isOrder || plan.advance === 'automatic',
      !raises || isOrder || (status === 'passed' && state.phase === 'progressing' && state.rollingBack === undefined),
      !raises || isOrder || asked[0]?.to === nextStepOf(plan, weight)?.weight,
      // No window, no raise; but a rollback is not held back.
      !raises || plan !== plans.closed,
      // What is paused, or being rolled back, does not advance, whoever asks; only `set` names another weight.
      !raises || (state.phase !== 'paused' && state.rollingBack === undefined) || event.type === 'set',
      // Failed evidence of this step never leaves a watched rollout going up.
      !(
        status === 'failed' &&
        (event.type === 'tick' || event.type === 'evidence') &&
        state.phase !== 'idle' &&
        state.phase !== 'rolled-back' &&
        weight > 0
      ) ||
        result.state.rollingBack !== undefined ||
        result.state.intent?.to === 0,
      // Only failed evidence starts a rollback by itself.
      isOrder || state.rollingBack !== undefined || result.state.rollingBack === undefined || status === 'failed',
      // Callers are not moved onto a failing legacy by a rollback, unless it is forced.
      !isNew || raises || isOrder || state.legacy !== 'failing' || event.type === 'legacy-health',
      // A raise that was being applied is not asked for again once a rollback has begun.
      event.type === 'set' || result.state.rollingBack === undefined || result.state.intent?.raises !== true,
      // What is done keeps its number.
      result.state.intents >= state.intents && result.state.step >= state.step
    ]
    return rules.every(Boolean)
  }
})

describe('any sequence of events', () => {
  const event = fc.oneof(
    fc.constantFrom(...VERBS).map(type => ({ type, ...order })),
    fc.constantFrom(0, 5, 10, 60, 100).map(weight => ({ type: 'set', weight, ...order }) as const),
    fc.constantFrom('healthy', 'failing', 'unknown').map(health => ({ type: 'legacy-health', health }) as const),
    fc.constant({ type: 'tick' } as const)
  )
  const move = fc.record({
    event,
    status: fc.constantFrom(...STATUSES),
    ms: fc.integer({ min: 0, max: 3 * HOLD }),
    crash: fc.boolean()
  })

  it('raises only by right, keeps its state storable, survives a crash at any change, and can always be taken to 0', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(plans)), fc.array(move, { maxLength: 60 }), (plan, moves) => {
        const machine = rolloutMachine(plan)
        let state = idleRollout('notes', { a: 0, b: 0 }, 0)
        let now = 0
        for (const { event: happened, status, ms, crash } of moves) {
          now += ms
          const before = weightOf(state)
          const transition = machine(state, happened, evidenceFor(state, status), now)
          const stored: unknown = JSON.parse(JSON.stringify(transition.state))
          must(isState.Check(stored), 'the state cannot be stored')
          if (!isState.Check(stored)) return
          const asked = transition.effects.find(effect => effect.type === 'set-weight')
          // A crash before the effects: the next tick asks for the same under the same id, unless it must go lower.
          const effective =
            crash && asked ? machine(stored, { type: 'tick' }, undefined, now) : { ...transition, state: stored }
          const again = effective.effects.find(effect => effect.type === 'set-weight')
          must((again?.to ?? 0) <= (asked?.to ?? 100), 'a crash raised the weight')
          state = settle(plan, effective, now).state
          const mayRaise = 'by' in happened || plan.advance === 'automatic'
          must(mayRaise || weightOf(state) <= before, 'raised without right')
          must(state.phase !== 'paused' || weightOf(state) > 0, 'paused at 0')
          const isOver = state.phase === 'rolled-back' || state.phase === 'idle'
          must(!isOver || state.rollingBack === undefined, 'rolling back what is over')
        }
        const forced = settle(plan, machine(state, { type: 'rollback', ...order, force: true }, undefined, now), now)
        expect(weightOf(forced.state)).toBe(0)
      }),
      { seed: SEED, numRuns: 400 }
    )
  })
})

describe('a rollout', () => {
  it('goes through its steps by itself where it may, and completes', () => {
    const rollout = drive(plans.automatic)
    rollout.do({ type: 'start', ...order })
    const weights = [weightOf(rollout.state)]
    for (let i = 0; i < 4; i++) {
      rollout.pass()
      weights.push(weightOf(rollout.state))
    }
    expect(weights).toEqual(stepsOf(plans.automatic).map(({ weight }) => weight))
    expect(rollout.state.phase).toBe('progressing')
    expect(names(rollout.pass().effects)).toEqual(['event completed'])
    expect(rollout.state.phase).toBe('completed')
  })

  it('moves the routes of a group as one', () => {
    const rollout = drive(plans.manual)
    const { effects } = rollout.do({ type: 'start', ...order })
    expect(effects[0]).toMatchObject({
      type: 'set-weight',
      routes: ['notes.list', 'notes.get'],
      to: 10,
      by: 'ada',
      reason: 'because'
    })
    expect(rollout.state.weights).toEqual({ 'notes.list': 10, 'notes.get': 10 })
  })

  it('does not pass before its hold time, its evidence and its share', () => {
    const rollout = drive(plans.automatic)
    rollout.do({ type: 'start', ...order })
    const { state } = rollout
    const why = (status: VerdictStatus, rest = {}, now = HOLD) =>
      obstaclesOf(state, { plan: plans.automatic, evidence: evidenceOf(state, status, rest), now })
    expect(why('passed')).toEqual([])
    expect(why('passed', {}, HOLD - 1)).toEqual(['the step has to stand for 1 more seconds'])
    expect(why('passed', { requests: 499 })).toEqual(['native has to answer 1 more requests at this step'])
    expect(why('passed', { activeMs: 59_000 })).toEqual(['native has to be seen answering for 1 more seconds'])
    expect(why('passed', { step: state.step - 1 })).toEqual(['there is no evidence of this step yet'])
    expect(why('waiting')).toEqual(['the error rate: waiting'])
    expect(
      why('passed', { share: { ...evidenceOf(state, 'passed').share, status: 'differs', message: 'skewed' } })
    ).toEqual(['skewed'])
    expect(why('passed', { verdicts: [] })).toEqual(['no guardrail is enabled, so nothing can pass by itself'])
  })

  it('does not pass while legacy fails, and does when it is healthy again', () => {
    const rollout = drive(plans.automatic)
    rollout.do({ type: 'start', ...order })
    rollout.do({ type: 'legacy-health', health: 'failing' }, 'passed')
    expect(names(rollout.pass().effects)).toEqual([])
    expect(weightOf(rollout.state)).toBe(10)
    rollout.do({ type: 'legacy-health', health: 'healthy' }, 'passed')
    rollout.pass()
    expect(weightOf(rollout.state)).toBe(25)
  })

  it('stands ready where staff must promote, says so once, and again as it ages', () => {
    const rollout = drive(plans.manual)
    rollout.do({ type: 'start', ...order })
    expect(names(rollout.pass().effects)).toEqual(['event step-ready'])
    expect(rollout.state.readyAt).toBe(HOLD)
    expect(rollout.pass(4_999).effects).toEqual([])
    const alert = rollout.pass(1).effects
    expect(alert).toEqual([
      { type: 'alert', name: 'step-ready', message: expect.stringContaining('for 0.0 hours now') }
    ])
    expect(rollout.pass(4_999).effects).toEqual([])
    expect(names(rollout.do({ type: 'evidence' }, 'waiting').effects)).toEqual(['event step-not-ready'])
    rollout.pass()
    expect(names(rollout.do({ type: 'promote', ...order }).effects)).toEqual(['set 25', 'event promoted'])
    expect(rollout.state.readyAt).toBeUndefined()
  })

  it('counts no paused time as hold time', () => {
    const rollout = drive(plans.automatic)
    rollout.do({ type: 'start', ...order })
    rollout.wait(600)
    rollout.do({ type: 'pause', ...order })
    expect(rollout.pass(10 * HOLD).effects).toEqual([])
    rollout.do({ type: 'resume', ...order })
    expect(rollout.pass(399).effects).toEqual([])
    expect(names(rollout.pass(1).effects)).toEqual(['set 25', 'event step-passed'])
  })

  it('waits for the end of a window, unless forced', () => {
    const rollout = drive(plans.closed)
    expect(rollout.do({ type: 'start', ...order }).refusal?.message).toContain('No weight is raised in mon tue')
    rollout.do({ type: 'start', ...order, force: true })
    expect(names(rollout.pass().effects)).toEqual(['event step-ready'])
    expect(names(rollout.do({ type: 'evidence' }, 'failed').effects)).toContain('event rolled-back')
  })

  it('goes on from a weight that stands already', () => {
    const rollout = drive(plans.automatic, idleRollout('notes', { a: 30 }, 0))
    expect(names(rollout.do({ type: 'start', ...order }).effects)).toEqual(['event started'])
    expect(names(rollout.pass().effects)).toEqual(['set 50', 'event step-passed'])
  })
})

describe('a rollback', () => {
  it('goes to 0 at once, also after completion', () => {
    const rollout = standingAt(plans.automatic, 5)
    expect(rollout.state.phase).toBe('completed')
    expect(names(rollout.do({ type: 'evidence' }, 'failed').effects)).toEqual([
      'event rolling-back',
      'set 0',
      'event rolled-back'
    ])
    expect(rollout.state).toMatchObject({ phase: 'rolled-back', reason: 'the error rate: failed' })
    expect(rollout.pass().effects).toEqual([])
  })

  it('goes down the steps, holding each, and faster while native fails there too', () => {
    const rollout = standingAt(plans.stepwise, 3)
    rollout.do({ type: 'evidence' }, 'failed')
    expect(weightOf(rollout.state)).toBe(50)
    expect(rollout.pass(99).effects).toEqual([])
    expect(names(rollout.pass(1).effects)).toEqual(['set 25', 'event stepped-down'])
    expect(names(rollout.do({ type: 'evidence' }, 'failed').effects)).toEqual(['set 10', 'event stepped-down'])
    expect(names(rollout.pass(100).effects)).toEqual(['set 0', 'event rolled-back'])
    expect(rollout.state.phase).toBe('rolled-back')
  })

  it('is held while legacy fails, tells staff again and again, and goes on when it is healthy', () => {
    const rollout = standingAt(plans.automatic, 1)
    rollout.do({ type: 'legacy-health', health: 'failing' })
    expect(names(rollout.do({ type: 'evidence' }, 'failed').effects)).toEqual([
      'event rolling-back',
      'event rollback-held',
      'alert rollback-held'
    ])
    expect(weightOf(rollout.state)).toBe(25)
    expect(rollout.pass(4_999).effects).toEqual([])
    expect(names(rollout.pass(1).effects)).toEqual(['alert rollback-held'])
    expect(rollout.do({ type: 'rollback', ...order }).refusal?.message).toContain('Force it')
    expect(names(rollout.do({ type: 'legacy-health', health: 'healthy' }).effects)).toEqual([
      'set 0',
      'event rolled-back'
    ])
  })

  it('goes at once when forced', () => {
    const rollout = standingAt(plans.stepwise, 3)
    rollout.do({ type: 'legacy-health', health: 'failing' })
    expect(names(rollout.do({ type: 'rollback', ...order, force: true }).effects)).toEqual([
      'event rolling-back',
      'set 0',
      'event rolled-back'
    ])
  })

  it('takes the place of a raise that is being applied, and goes on if that was applied after all', () => {
    const rollout = standingAt(plans.automatic, 0)
    const raise = rollout.send({ type: 'promote', ...order }).effects.find(effect => effect.type === 'set-weight')
    const back = rollout.send({ type: 'evidence' }, 'failed').effects.find(effect => effect.type === 'set-weight')
    rollout.send({ type: 'weight-applied', id: raise?.id ?? 0, weight: 25 })
    expect(weightOf(rollout.state)).toBe(25)
    expect(rollout.send({ type: 'tick' }).effects).toMatchObject([{ id: back?.id, to: 0, from: { 'notes.list': 25 } }])
    rollout.send({ type: 'weight-applied', id: back?.id ?? 0, weight: 0 })
    expect(rollout.state).toMatchObject({ phase: 'rolled-back', weights: { 'notes.list': 0, 'notes.get': 0 } })
  })
})

describe('a change of weight', () => {
  it('is asked for under its id until it is confirmed', () => {
    const rollout = drive(plans.manual)
    const [first] = rollout.send({ type: 'start', ...order }).effects
    expect(rollout.state).toMatchObject({ phase: 'idle', intent: { id: 1, to: 10 } })
    expect(rollout.send({ type: 'tick' }).effects).toEqual([first])
    expect(rollout.send({ type: 'promote', ...order }).refusal?.message).toContain('being applied')
    rollout.send({ type: 'weight-applied', id: 1, weight: 10 })
    expect(rollout.state).toMatchObject({ phase: 'progressing', step: 1 })
    expect(rollout.send({ type: 'weight-applied', id: 1, weight: 10 })).toEqual({ state: rollout.state, effects: [] })
  })

  it('that is refused pauses a raise and keeps asking for a lower weight', () => {
    const rollout = drive(plans.manual)
    rollout.do({ type: 'start', ...order })
    rollout.send({ type: 'promote', ...order })
    const refusal = rollout.send({ type: 'weight-refused', id: 2, problem: 'the disk is full' })
    expect(names(refusal.effects)).toEqual(['event weight-refused', 'alert weight-refused'])
    expect(rollout.state).toMatchObject({ phase: 'paused', weights: { 'notes.list': 10 } })
    rollout.send({ type: 'rollback', ...order })
    expect(rollout.send({ type: 'weight-refused', id: 3, problem: 'the disk is full' }).effects).toHaveLength(2)
    expect(rollout.send({ type: 'tick' }).effects).toMatchObject([{ type: 'set-weight', id: 3, to: 0 }])
    expect(rollout.send({ type: 'weight-refused', id: 3, problem: 'the disk is full' }).effects).toEqual([])
  })

  it('from outside pauses the rollout; to 0 it ends it', () => {
    const rollout = drive(plans.automatic)
    rollout.do({ type: 'start', ...order })
    rollout.send({ type: 'weight-changed-outside', weights: { 'notes.list': 40, 'notes.get': 10 } })
    expect(rollout.state.phase).toBe('paused')
    expect(rollout.send({ type: 'resume', ...order }).refusal?.message).toContain('notes.list 40 %, notes.get 10 %')
    rollout.send({ type: 'weight-changed-outside', weights: { 'notes.list': 0, 'notes.get': 0 } })
    expect(rollout.state.phase).toBe('rolled-back')
  })

  it('by hand ends a rollout that is over and pauses one that runs', () => {
    const rollout = drive(plans.automatic)
    expect(rollout.do({ type: 'set', weight: 12.345, ...order }).refusal?.message).toContain('two decimals')
    rollout.do({ type: 'set', weight: 20, ...order })
    expect(rollout.state.phase).toBe('idle')
    rollout.do({ type: 'start', ...order })
    rollout.do({ type: 'set', weight: 60, ...order })
    expect(rollout.state.phase).toBe('paused')
    expect(rollout.do({ type: 'promote', ...order }).refusal).toMatchObject({
      verb: 'promote',
      phase: 'paused',
      message: expect.stringContaining('Resume it first')
    })
  })
})
