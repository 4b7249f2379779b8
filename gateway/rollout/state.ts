import { type Static, Type } from '@sinclair/typebox'
import type { Verdict } from './guardrails.ts'
import type { RolloutPlan } from './plan.ts'
import type { ShareVerdict } from './share-check.ts'

export const PHASES = ['idle', 'progressing', 'paused', 'completed', 'rolled-back'] as const
export const PhaseSchema = Type.Union(
  PHASES.map(phase => Type.Literal(phase)),
  {
    description:
      'idle: no rollout; the weight stands as somebody set it. progressing: a rollout goes through its steps. ' +
      'paused: it does not advance, its guardrails still watch. completed: the last step has passed; its guardrails ' +
      'still watch. rolled-back: the weight went back to 0.'
  }
)
export type Phase = Static<typeof PhaseSchema>

export const EventNameSchema = Type.Union(
  (
    [
      'started',
      'step-ready',
      'step-not-ready',
      'step-passed',
      'paused',
      'resumed',
      'promoted',
      'set',
      'completed',
      'rolling-back',
      'stepped-down',
      'rolled-back',
      'rollback-held',
      'weight-changed-outside',
      'weight-refused'
    ] as const
  ).map(name => Type.Literal(name))
)
export type EventName = Static<typeof EventNameSchema>

/** Who acts when nobody asked. */
export const AUTOMATION = 'automation'

/**
 * A weight that the machine has decided on and that is not confirmed yet. It is stored before it is applied; until it is
 * confirmed every event asks for it again, under the same id, so a controller that was killed in between goes on.
 */
const IntentSchema = Type.Object({
  id: Type.Integer({ minimum: 1, description: 'Grows with every intent of a group; the key of its one audit entry.' }),
  to: Type.Number({ minimum: 0, maximum: 100 }),
  raises: Type.Boolean(),
  phase: PhaseSchema,
  event: EventNameSchema,
  by: Type.String(),
  reason: Type.String(),
  since: Type.Number(),
  alertedAt: Type.Optional(Type.Number({ description: 'When staff were last told that it cannot be applied.' }))
})

const RollingBackSchema = Type.Object({
  mode: Type.Union([Type.Literal('immediate'), Type.Literal('stepwise')]),
  by: Type.String(),
  reason: Type.String(),
  since: Type.Number(),
  heldSince: Type.Optional(Type.Number({ description: 'Held because legacy is failing, since then.' })),
  alertedAt: Type.Optional(Type.Number())
})

/** All that is known of one group's rollout. Times are milliseconds since 1970. Plain data, for any store. */
export const RolloutStateSchema = Type.Object(
  {
    version: Type.Literal(1),
    group: Type.String(),
    weights: Type.Record(Type.String(), Type.Number(), { description: 'By route id, as last confirmed.' }),
    phase: PhaseSchema,
    since: Type.Number({ description: 'When the phase began.' }),
    reason: Type.String({ description: 'Why the phase began.' }),
    step: Type.Integer({ minimum: 0, description: 'Counts the confirmed changes; evidence names the one it is of.' }),
    steppedAt: Type.Number({ description: 'When the weight began to stand, not counting pauses.' }),
    pausedAt: Type.Optional(Type.Number()),
    readyAt: Type.Optional(Type.Number()),
    alertedAt: Type.Optional(Type.Number({ description: 'When staff were last told that the step is ready.' })),
    legacy: Type.Union([Type.Literal('healthy'), Type.Literal('failing'), Type.Literal('unknown')]),
    rollingBack: Type.Optional(RollingBackSchema),
    intent: Type.Optional(IntentSchema),
    intents: Type.Integer({ minimum: 0, description: 'The id of the last intent.' })
  },
  { additionalProperties: false }
)
export type RolloutState = Static<typeof RolloutStateSchema>
export type Intent = Static<typeof IntentSchema>

/** What was measured of the step whose number it names. */
export interface StepEvidence {
  readonly step: number
  readonly verdicts: readonly Verdict[]
  readonly share: ShareVerdict
  /** Of native at this step. */
  readonly requests: number
  /** Milliseconds of this step in which native answered. */
  readonly activeMs: number
}

/** Who asks, and why. `force` overrides what a refusal says it may. */
interface Order {
  readonly by: string
  readonly reason: string
  readonly force?: boolean
}

export type Verb = 'start' | 'pause' | 'resume' | 'promote' | 'promote-full' | 'rollback' | 'set'

export type RolloutEvent =
  | (Order & { readonly type: Exclude<Verb, 'set'> })
  | (Order & { readonly type: 'set'; readonly weight: number })
  /** Time has passed. */
  | { readonly type: 'tick' }
  /** New evidence was judged. */
  | { readonly type: 'evidence' }
  | { readonly type: 'legacy-health'; readonly health: RolloutState['legacy'] }
  /** The intent of that id is written, audited, and in force. */
  | { readonly type: 'weight-applied'; readonly id: number; readonly weight: number }
  /** It could not be written or audited, so nothing changed. */
  | { readonly type: 'weight-refused'; readonly id: number; readonly problem: string }
  /** Somebody else changed weights: all of the group as they now stand. */
  | { readonly type: 'weight-changed-outside'; readonly weights: Readonly<Record<string, number>> }

export type Effect =
  | {
      /** To be done at most once for an id, however often it is asked for; then `weight-applied` or `weight-refused`. */
      readonly type: 'set-weight'
      readonly id: number
      readonly routes: readonly string[]
      readonly from: Readonly<Record<string, number>>
      readonly to: number
      readonly by: string
      readonly reason: string
    }
  | {
      readonly type: 'event'
      readonly name: EventName
      readonly weight: number
      readonly by: string
      readonly reason: string
    }
  | {
      readonly type: 'alert'
      readonly name: 'step-ready' | 'rollback-held' | 'weight-refused'
      readonly message: string
    }

/** Why a verb was not done; nothing has changed. */
export interface Refusal {
  readonly verb: Verb
  readonly phase: Phase
  /** What is wrong and what would be right, as sentences. */
  readonly message: string
}

export interface Transition {
  readonly state: RolloutState
  readonly effects: readonly Effect[]
  readonly refusal?: Refusal
}

/** What a decision may look at. */
export interface Context {
  readonly plan: RolloutPlan
  /** The latest of this rollout; undefined when there is none. */
  readonly evidence: StepEvidence | undefined
  readonly now: number
}

/** The state of a group that nothing has moved yet. */
export function idleRollout(group: string, weights: Readonly<Record<string, number>>, now: number): RolloutState {
  return {
    version: 1,
    group,
    weights: { ...weights },
    phase: 'idle',
    since: now,
    reason: 'no rollout was started',
    step: 0,
    steppedAt: now,
    legacy: 'unknown',
    intents: 0
  }
}

/** The largest weight of the group; the routes differ only when somebody set them apart. */
export function weightOf({ weights }: Pick<RolloutState, 'weights'>): number {
  return Math.max(0, ...Object.values(weights))
}
