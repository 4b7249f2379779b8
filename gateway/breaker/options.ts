import { type Static, Type } from '@sinclair/typebox'

const strict = { additionalProperties: false } as const

const rules = {
  enabled: { description: 'false: the route has no breaker.' },
  consecutiveFailures: {
    minimum: 1,
    maximum: 10_000,
    description: 'Failures of native in a row that open the breaker.'
  },
  failureRatio: {
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'The share of failures that opens the breaker.',
    errorMessage: 'a number above 0 and at most 1'
  },
  minimumRequests: {
    minimum: 1,
    maximum: 1_000_000,
    description: 'Requests of the window before the share counts.'
  },
  windowMs: {
    minimum: 100,
    maximum: 600_000,
    description: 'Milliseconds; the share is that of the last one to two of these.'
  },
  cooldownMs: {
    minimum: 1,
    maximum: 86_400_000,
    description: 'Milliseconds that the breaker stays open before trials; doubled at each trial that fails.'
  },
  longestCooldownMs: { minimum: 1, maximum: 86_400_000, description: 'The longest cooldown, in milliseconds.' },
  trials: {
    minimum: 1,
    maximum: 1000,
    description: 'Trials that may be under way at once, and that must succeed in a row to close the breaker.'
  },
  trialTimeoutMs: {
    minimum: 1,
    maximum: 86_400_000,
    description: 'Milliseconds after which a trial that never ended is given up.'
  }
} as const
const described = { description: "When native's failures send all callers of a route upstream at once." }

/** A breaker with everything said; the value of `defaults.breaker` in routing.config.json. */
export const BreakerSchema = Type.Object(
  {
    enabled: Type.Boolean({ ...rules.enabled, default: true }),
    consecutiveFailures: Type.Integer({ ...rules.consecutiveFailures, default: 10 }),
    failureRatio: Type.Number({ ...rules.failureRatio, default: 0.5 }),
    minimumRequests: Type.Integer({ ...rules.minimumRequests, default: 20 }),
    windowMs: Type.Integer({ ...rules.windowMs, default: 5_000 }),
    cooldownMs: Type.Integer({ ...rules.cooldownMs, default: 10_000 }),
    longestCooldownMs: Type.Integer({ ...rules.longestCooldownMs, default: 300_000 }),
    trials: Type.Integer({ ...rules.trials, default: 3 }),
    trialTimeoutMs: Type.Integer({ ...rules.trialTimeoutMs, default: 60_000 })
  },
  { ...strict, ...described, default: {} }
)
export type BreakerPolicy = Static<typeof BreakerSchema>

/** What a route says of its breaker itself; the rest is the defaults'. */
export const BreakerOverrideSchema = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean(rules.enabled)),
    consecutiveFailures: Type.Optional(Type.Integer(rules.consecutiveFailures)),
    failureRatio: Type.Optional(Type.Number(rules.failureRatio)),
    minimumRequests: Type.Optional(Type.Integer(rules.minimumRequests)),
    windowMs: Type.Optional(Type.Integer(rules.windowMs)),
    cooldownMs: Type.Optional(Type.Integer(rules.cooldownMs)),
    longestCooldownMs: Type.Optional(Type.Integer(rules.longestCooldownMs)),
    trials: Type.Optional(Type.Integer(rules.trials)),
    trialTimeoutMs: Type.Optional(Type.Integer(rules.trialTimeoutMs))
  },
  { ...strict, ...described }
)
