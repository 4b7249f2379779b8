import type { Changed, Order, Ordered, PlanChange, RolloutStatus } from '../../../admin/schemas.ts'
import { type Answer, send } from '../api.ts'

type Verb = 'start' | 'pause' | 'resume' | 'promote' | 'promote-full' | 'rollback' | 'set'

/** Something that staff can do, as its button and dialog show it. */
export interface Action {
  readonly name: string
  readonly kind: 'primary' | 'plain' | 'danger'
  /** What it does, as a sentence. */
  readonly what: string
  /** What is to be planned before it is done; undefined when it moves nobody. */
  readonly change?: PlanChange
  /** It must not fail because another change came in between. */
  readonly isEmergency: boolean
  /** The gateway wants to know why, whatever it moves; else the plan says whether it does. */
  readonly needsReason?: boolean
  /** A weight is asked for. */
  readonly asksWeight?: { readonly group: string; readonly from: number }
  run(order: Order, revision: number | '*'): Promise<Answer<unknown>>
}

/** What the phase of a rollout allows; the gateway has the last word. */
export function rolloutActions(status: RolloutStatus): readonly Action[] {
  const { phase, group, weight, nextWeight, rollingBack } = status
  const last = Math.max(...status.plan.steps.map(step => (typeof step === 'number' ? step : step.weight)))
  const back = weight > 0 ? [rollback(status)] : []
  const set = setWeight(group, weight)
  if (rollingBack !== undefined) return [...back, set]
  if (phase === 'progressing') {
    const next = nextWeight === undefined ? complete(group) : promote(group, nextWeight)
    const full = nextWeight !== undefined && nextWeight < last ? [promoteFull(group, last)] : []
    return [next, ...full, pause(group), set, ...back]
  }
  if (phase === 'paused')
    return [order(group, 'resume', { name: 'Resume', kind: 'primary', what: RESUMES }), set, ...back]
  const start = nextWeight === undefined ? [] : [startAt(group, weight, nextWeight)]
  return [...start, set, ...back]
}

const RESUMES = 'The rollout goes on where it was paused. No weight changes now.'

/** @param id of a route; undefined: of the whole gateway */
export function killAction(id: string | undefined, isOn: boolean): Action {
  const on = !isOn
  const path = id === undefined ? '/kill-switch' : `/routes/${encodeURIComponent(id)}/kill-switch`
  const whose = id === undefined ? 'every route' : 'this route'
  return {
    name: `${id === undefined ? 'Kill switch of the gateway' : 'Kill switch'}: turn ${on ? 'on' : 'off'}`,
    kind: on ? 'danger' : 'primary',
    what: on
      ? `Every caller of ${whose} goes to legacy at once. Weights stay as they are and count again when it is turned off.`
      : `Callers of ${whose} go where the weight says again.`,
    change: { kind: 'kill', on, ...(id === undefined ? {} : { target: id }) },
    isEmergency: on,
    run: ({ reason }, revision) =>
      send<Changed>('PUT', path, { on, ...(reason === undefined ? {} : { reason }) }, { revision })
  }
}

/** These may raise a weight, now or later. */
const NEED_REASON: ReadonlySet<Verb> = new Set(['start', 'resume', 'promote', 'promote-full'])

type Rest = Pick<Action, 'name' | 'kind' | 'what'> & Partial<Action>

function order(group: string, verb: Verb, rest: Rest): Action {
  const path = `/rollouts/${encodeURIComponent(group)}/${verb}`
  const needsReason = NEED_REASON.has(verb)
  return {
    isEmergency: false,
    needsReason,
    ...rest,
    run: (body, revision) => send<Ordered>('POST', path, body, { revision })
  }
}

function planned(group: string, weight: number): PlanChange {
  return { kind: 'set', target: group, weight }
}

function startAt(group: string, weight: number, next: number): Action {
  const what =
    weight > 0
      ? `A rollout begins at the weight that stands, ${weight} %.`
      : `A rollout begins: the weight goes to ${next} %.`
  const moves = weight > 0 ? {} : { change: planned(group, next) }
  return order(group, 'start', { name: 'Start', kind: 'primary', what, ...moves })
}

function promote(group: string, next: number): Action {
  const what = `The weight goes to the next step, ${next} %, without waiting for the evidence of this one.`
  return order(group, 'promote', { name: `Promote to ${next} %`, kind: 'primary', what, change: planned(group, next) })
}

function complete(group: string): Action {
  const what = 'The rollout is completed at the last step. No weight changes.'
  return order(group, 'promote', { name: 'Complete', kind: 'primary', what })
}

function promoteFull(group: string, last: number): Action {
  const what = `The weight goes to the last step, ${last} %, passing over those between; the last one still has to pass.`
  return order(group, 'promote-full', {
    name: `Promote to ${last} %`,
    kind: 'plain',
    what,
    change: planned(group, last)
  })
}

function pause(group: string): Action {
  const what = 'The weight stays as it is until somebody resumes. A guardrail that fails still rolls back.'
  return order(group, 'pause', { name: 'Pause', kind: 'plain', what, isEmergency: true })
}

function rollback({ group, plan, rollingBack }: RolloutStatus): Action {
  const isStepwise = plan.rollback === 'stepwise' && rollingBack === undefined
  const what = isStepwise
    ? 'The weight goes back step by step to 0 %. What it comes to in the end:'
    : 'The weight goes to 0 % at once: every caller that the weight sent to native goes to legacy.'
  const change = planned(group, 0)
  return order(group, 'rollback', { name: 'Roll back', kind: 'danger', what, change, isEmergency: true })
}

function setWeight(group: string, from: number): Action {
  const what = 'The weight is set by hand. A rollout that runs is paused; 0 % ends it.'
  return order(group, 'set', { name: 'Set weight', kind: 'plain', what, asksWeight: { group, from } })
}
