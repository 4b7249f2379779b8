import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

const strict = { additionalProperties: false } as const
const milliseconds = (minimum: number, maximum: number) => ({
  minimum,
  maximum,
  errorMessage: `a whole number of milliseconds from ${minimum} to ${maximum}`
})
const minimumRequests = {
  minimum: 1,
  maximum: 10_000_000,
  description: 'Requests of native (and of legacy, where they are compared) before the guardrail can pass.',
  errorMessage: 'a whole number of requests from 1 to 10000000'
}
const enabled = Type.Boolean({ default: true, description: 'false leaves the guardrail out.' })
const percent = (description: string) => ({
  exclusiveMinimum: 0,
  exclusiveMaximum: 100,
  description,
  errorMessage: 'a percentage above 0 and below 100'
})
const points = (description: string) => ({
  minimum: 0,
  exclusiveMaximum: 100,
  description,
  errorMessage: 'a number of percentage points from 0 to below 100'
})

const Weight = {
  exclusiveMinimum: 0,
  maximum: 100,
  description: 'Percentage of callers.'
}

const StepSchema = Type.Union(
  [
    Type.Number(Weight),
    Type.Object(
      {
        weight: Type.Number(Weight),
        holdMs: Type.Optional(Type.Integer(milliseconds(0, YEAR))),
        minimumRequests: Type.Optional(Type.Integer(minimumRequests))
      },
      strict
    )
  ],
  {
    description: "One weight; an object gives it a hold time, or a number of requests to see, other than the plan's.",
    errorMessage:
      'a weight above 0 and at most 100 with at most two decimals, or an object such as ' +
      '{ "weight": 25, "holdMs": 86400000, "minimumRequests": 1000 }'
  }
)

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const Time = (description: string) =>
  Type.String({
    pattern: '^([01]\\d|2[0-3]):[0-5]\\d$|^24:00$',
    description,
    examples: ['18:30'],
    errorMessage: 'a time of day such as "18:30", "00:00" to "24:00"'
  })

/** A time of the week in which no weight is raised. */
export const NoAdvanceSchema = Type.Object(
  {
    days: Type.Array(
      Type.Union(
        DAYS.map(day => Type.Literal(day)),
        { errorMessage: `one of ${DAYS.join(', ')}` }
      ),
      {
        minItems: 1,
        uniqueItems: true,
        default: [...DAYS],
        description: 'The days on which the window begins.',
        errorMessage: 'a list of at least one day, each once'
      }
    ),
    from: Time('When the window begins.'),
    to: Time('When it ends; when not after "from", on the next day.'),
    timeZone: Type.String({
      minLength: 1,
      maxLength: 64,
      default: 'Europe/London',
      description: 'The IANA time zone of the times.',
      errorMessage: 'an IANA time zone such as "Europe/London"'
    })
  },
  { ...strict, description: 'A time of the week in which no weight is raised. It never holds a rollback back.' }
)

const GuardrailsSchema = Type.Object(
  {
    errorRate: Type.Object(
      {
        enabled,
        maxPercent: Type.Number({ ...percent('5xx, network errors and timeouts of native.'), default: 5 }),
        minimumRequests: Type.Integer({ ...minimumRequests, default: 100 })
      },
      { ...strict, default: {} }
    ),
    serverErrorRate: Type.Object(
      {
        enabled,
        maxPercent: Type.Number({ ...percent('5xx answers of native.'), default: 1 }),
        minimumRequests: Type.Integer({ ...minimumRequests, default: 100 })
      },
      { ...strict, default: {} }
    ),
    errorIncrease: Type.Object(
      {
        enabled,
        maxPoints: Type.Number({
          ...points("How far native's error rate may be above legacy's over the same time."),
          default: 0.1
        }),
        minimumRequests: Type.Integer({ ...minimumRequests, default: 100 })
      },
      { ...strict, default: {} }
    ),
    refusalIncrease: Type.Object(
      {
        enabled,
        maxPoints: Type.Number({
          ...points("How far native's share of 4xx answers may be above legacy's over the same time."),
          default: 20
        }),
        minimumRequests: Type.Integer({ ...minimumRequests, default: 100 })
      },
      { ...strict, default: {} }
    ),
    latency: Type.Object(
      {
        enabled,
        percentile: Type.Number({ ...percent('The percentile of the latency that is compared.'), default: 95 }),
        maxRatio: Type.Number({
          minimum: 1,
          maximum: 100,
          default: 2,
          description: "How many times legacy's percentile native's may be, over the same time.",
          errorMessage: 'a number from 1 to 100'
        }),
        minimumRequests: Type.Integer({ ...minimumRequests, default: 200 })
      },
      { ...strict, default: {} }
    ),
    health: Type.Object(
      {
        enabled,
        failures: Type.Integer({
          minimum: 1,
          maximum: 100,
          default: 3,
          description: 'Checks of native in a row that must fail.',
          errorMessage: 'a whole number from 1 to 100'
        })
      },
      { ...strict, default: {} }
    )
  },
  { ...strict, default: {}, description: 'What the evidence of a step must meet.' }
)

/** A plan with everything said; the value of `defaults.rollout` in routing.config.json. */
export const RolloutPlanSchema = Type.Object(
  {
    steps: Type.Array(StepSchema, {
      minItems: 1,
      maxItems: 100,
      default: [10, 25, 50, 75, 100],
      description: 'The weights that a rollout goes through, each above the one before.',
      errorMessage: 'a list of 1 to 100 steps'
    }),
    holdMs: Type.Integer({
      ...milliseconds(0, YEAR),
      default: 7 * DAY,
      description: 'Milliseconds that a step stands before it can pass.'
    }),
    advance: Type.Union([Type.Literal('manual'), Type.Literal('automatic')], {
      default: 'manual',
      description: 'Who takes the next step once a step has passed: staff, or the gateway by itself.',
      errorMessage: '"manual" or "automatic"'
    }),
    rollback: Type.Union([Type.Literal('immediate'), Type.Literal('stepwise')], {
      default: 'immediate',
      description: 'Whether a rollback goes to 0 at once, or down the steps with a look at legacy at each.',
      errorMessage: '"immediate" or "stepwise"'
    }),
    rollbackHoldMs: Type.Integer({
      ...milliseconds(0, DAY),
      default: MINUTE,
      description: 'Milliseconds that each step down of a stepwise rollback stands.'
    }),
    evidence: Type.Object(
      {
        minimumRequests: Type.Integer({
          ...minimumRequests,
          default: 500,
          description: 'Requests that native must have answered at a step before it can pass.'
        }),
        minimumMs: Type.Integer({
          ...milliseconds(0, YEAR),
          default: MINUTE,
          description: 'Milliseconds with traffic on native that a step must have seen before it can pass.'
        })
      },
      { ...strict, default: {}, description: 'How much must have been seen at a step.' }
    ),
    lookBackMs: Type.Integer({
      ...milliseconds(10 * SECOND, HOUR),
      default: 15 * MINUTE,
      description: 'The last milliseconds that must be good by themselves for a step to pass, beside the whole step.'
    }),
    falseAlarmRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 0.2,
      default: 0.01,
      description: 'The largest probability that a rollout of a native that is no worse ever rolls back.',
      errorMessage: 'a probability above 0 and at most 0.2'
    }),
    guardrails: GuardrailsSchema,
    noAdvance: Type.Array(NoAdvanceSchema, {
      maxItems: 50,
      default: [],
      description: 'Times in which no weight is raised.',
      errorMessage: 'a list of at most 50 windows'
    }),
    readyAlertMs: Type.Integer({
      ...milliseconds(SECOND, YEAR),
      default: DAY,
      description: 'How long a step may stand ready, or a rollback held, before an alert, and between two alerts.'
    })
  },
  { ...strict, default: {}, description: 'How a rollout moves the weight.' }
)

export type RolloutPlan = Static<typeof RolloutPlanSchema>
export type NoAdvanceWindow = Static<typeof NoAdvanceSchema>
export type Guardrails = Static<typeof GuardrailsSchema>

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T
/** What a route says of its plan; the rest is the defaults'. */
export type RolloutPlanOverride = DeepPartial<RolloutPlan>

/** The same keys with nothing required and nothing filled in; the value of a route's `rollout`. */
export const RolloutPlanOverrideSchema = Type.Unsafe<RolloutPlanOverride>(withoutDefaults(RolloutPlanSchema))

export interface Step {
  readonly weight: number
  readonly holdMs: number
  readonly minimumRequests: number
}

/** The steps of a plan, ascending, with what they do not say taken from the plan. */
export function stepsOf(plan: RolloutPlan): readonly Step[] {
  return plan.steps.map(step => ({
    holdMs: plan.holdMs,
    minimumRequests: plan.evidence.minimumRequests,
    ...(typeof step === 'number' ? { weight: step } : step)
  }))
}

/** A route's plan: what it says itself, else what the defaults say. */
export function resolvePlan(defaults: RolloutPlan, override: RolloutPlanOverride = {}): RolloutPlan {
  const { guardrails = {}, evidence, ...own } = override
  const each = defaults.guardrails
  return {
    ...defaults,
    ...own,
    evidence: { ...defaults.evidence, ...evidence },
    guardrails: {
      errorRate: { ...each.errorRate, ...guardrails.errorRate },
      serverErrorRate: { ...each.serverErrorRate, ...guardrails.serverErrorRate },
      errorIncrease: { ...each.errorIncrease, ...guardrails.errorIncrease },
      refusalIncrease: { ...each.refusalIncrease, ...guardrails.refusalIncrease },
      latency: { ...each.latency, ...guardrails.latency },
      health: { ...each.health, ...guardrails.health }
    }
  }
}

/** Lists keep their entries' defaults: a route gives a list whole. */
function withoutDefaults(schema: TSchema): TSchema {
  const { default: _, ...bare } = schema
  if (!isObject(schema)) return bare
  const properties = Object.entries(schema.properties).map(([key, each]) => [key, withoutDefaults(each)])
  return { ...bare, required: [], properties: Object.fromEntries(properties) }
}

function isObject(schema: TSchema): schema is TObject {
  return schema.type === 'object'
}
