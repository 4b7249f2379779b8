import { Type } from '@sinclair/typebox'
import type { Static, TProperties } from '@sinclair/typebox'
import { BreakerOverrideSchema, BreakerSchema } from '../breaker/options.ts'
import { RolloutPlanOverrideSchema, RolloutPlanSchema } from '../rollout/plan.ts'

/** The longest timer that Node can set, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647

/**
 * `errorMessage` completes the sentence "expected …" in our own messages; editors that know the keyword (VS Code)
 * show it as well. A property with a `default` is always there once `parseRoutingConfig` has filled defaults in, so it
 * is required here; `emit-schema.ts` makes it optional for the one who writes the file.
 */
const strict = { additionalProperties: false } as const

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const

const Method = Type.Union(
  METHODS.map(method => Type.Literal(method)),
  { description: 'An HTTP method. GET includes HEAD.', errorMessage: `one of ${METHODS.join(', ')}` }
)

/** What a name may be, in words. */
export const nameRule = 'letters, digits, ".", "_" and "-", at most 64, the first a letter or a digit'

const Name = (what: string) => ({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  errorMessage: `${what}: ${nameRule}`
})

const PathPattern = Type.String({
  minLength: 1,
  maxLength: 512,
  description:
    'A path of static segments, ":name" segments, and "*" as the last segment for everything below. ' +
    'Case and one trailing slash make no difference.',
  examples: ['/api/notes/:consultationId', '/api/notes/*'],
  errorMessage: 'a path pattern such as /api/notes/:id or /api/notes/*'
})

const policy = {
  weight: {
    minimum: 0,
    maximum: 100,
    description: 'Percentage of callers whose target is native, 0 to 100, at most two decimals.',
    examples: [0, 10, 25, 50, 75, 100],
    errorMessage: 'a number from 0 to 100 with at most two decimals'
  },
  killSwitch: { description: 'true sends every caller to the upstream, whatever else is set.' },
  fallback: { description: 'Answer a safe request (GET, HEAD, OPTIONS) from the upstream when native fails.' },
  cohort: {
    uniqueItems: true,
    description: 'User ids (of a verified token) whose target is native whatever the weight.',
    examples: [['65f0c0ffee65f0c0ffee65f0']],
    errorMessage: 'a list of user ids, each once'
  },
  upstream: { ...Name('the name of a target'), description: 'The target, of "targets", that answers for native.' },
  servedByHeader: { description: 'Say in the response header x-served-by which side answered.' },
  responseMs: {
    minimum: 1,
    maximum: MAX_TIMER_MS,
    description: 'Milliseconds until the response headers have to be there; then 504.',
    examples: [60_000]
  },
  idleMs: {
    minimum: 0,
    maximum: MAX_TIMER_MS,
    description:
      'Milliseconds that a response body may be silent; 0: as long as it likes. WebSockets have no such limit.',
    examples: [300_000]
  },
  timeouts: { ...strict, description: 'Time limits, in milliseconds.' }
} as const

const UserId = Type.String({ minLength: 1, maxLength: 256, errorMessage: 'a user id, 1 to 256 characters' })

const TargetSchema = Type.Object(
  {
    url: Type.String({
      pattern: '^(https?://[^\\s/?#]|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})\\S*$',
      maxLength: 2048,
      description: 'The base URL; ${NAME} is taken from the environment.',
      examples: ['${LEGACY_URL}', 'http://127.0.0.1:3000'],
      errorMessage: 'an http:// or https:// URL, or ${NAME} of an environment variable'
    }),
    connectTimeoutMs: Type.Integer({
      minimum: 1,
      maximum: MAX_TIMER_MS,
      default: 5000,
      description: 'Milliseconds until a connection to the target has to be open; then 502.'
    })
  },
  // The default is what makes TypeBox fill in the defaults of a record's values.
  { ...strict, default: {}, description: 'An upstream that requests can be relayed to.' }
)

const DefaultsSchema = Type.Object(
  {
    weight: Type.Number({ ...policy.weight, default: 0 }),
    killSwitch: Type.Boolean({ ...policy.killSwitch, default: false }),
    timeouts: Type.Object(
      {
        responseMs: Type.Integer({ ...policy.responseMs, default: 60_000 }),
        idleMs: Type.Integer({ ...policy.idleMs, default: 300_000 })
      },
      { ...policy.timeouts, default: {} }
    ),
    fallback: Type.Boolean({ ...policy.fallback, default: true }),
    cohort: Type.Array(UserId, { ...policy.cohort, default: [] }),
    upstream: Type.String({ ...policy.upstream, default: 'legacy' }),
    servedByHeader: Type.Boolean({ ...policy.servedByHeader, default: false }),
    breaker: BreakerSchema,
    rollout: RolloutPlanSchema
  },
  { ...strict, default: {}, description: 'What holds for every route that does not say otherwise.' }
)

const RouteSchema = Type.Object(
  {
    id: Type.String({
      ...Name('a route id'),
      description: 'Names the route in metrics, logs and commands; unique.',
      examples: ['notes.list']
    }),
    paths: Type.Array(PathPattern, {
      minItems: 1,
      uniqueItems: true,
      description: 'The path patterns of the route. No two routes may share a path under one method.',
      errorMessage: 'a list of at least one path pattern, each once'
    }),
    methods: Type.Array(Method, {
      minItems: 1,
      uniqueItems: true,
      description: 'The methods of the route; GET includes HEAD.',
      examples: [['GET']],
      errorMessage: 'a list of at least one HTTP method, each once'
    }),
    group: Type.Optional(
      Type.String({
        ...Name('the name of a group'),
        description: 'Routes of a group put a caller on the same side at the same weight. Default: the id.',
        examples: ['notes']
      })
    ),
    native: Type.Optional(
      Type.String({
        ...Name('the name of a native module'),
        description: 'The native module that serves the route. Without it the route is served upstream only.',
        examples: ['users', 'notes']
      })
    ),
    nativeOnly: Type.Optional(
      Type.Boolean({
        description:
          'true: native answers every request of the route, also with 404, and nothing upstream ever does. For paths ' +
          'that no upstream has; there is nothing to move, so no weight, kill switch or other policy goes with it.'
      })
    ),
    weight: Type.Optional(Type.Number(policy.weight)),
    killSwitch: Type.Optional(Type.Boolean(policy.killSwitch)),
    timeouts: Type.Optional(
      Type.Object(
        {
          responseMs: Type.Optional(Type.Integer(policy.responseMs)),
          idleMs: Type.Optional(Type.Integer(policy.idleMs))
        },
        policy.timeouts
      )
    ),
    fallback: Type.Optional(Type.Boolean(policy.fallback)),
    cohort: Type.Optional(Type.Array(UserId, policy.cohort)),
    upstream: Type.Optional(Type.String(policy.upstream)),
    servedByHeader: Type.Optional(Type.Boolean(policy.servedByHeader)),
    breaker: Type.Optional(BreakerOverrideSchema),
    rollout: Type.Optional(RolloutPlanOverrideSchema)
  } satisfies TProperties,
  { ...strict, description: 'A route: which requests, and how they are shared between native and upstream.' }
)

/** routing.config.json, whole. The single source of its checks, its types and the JSON Schema that editors use. */
export const RoutingConfigSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'The JSON Schema for editors.' })),
    version: Type.Literal(1, { description: "The version of this file's format.", errorMessage: 'the number 1' }),
    killSwitch: Type.Boolean({ default: false, description: 'true sends all traffic to the upstreams.' }),
    targets: Type.Record(Type.String(policy.upstream), TargetSchema, {
      ...strict,
      minProperties: 1,
      description: 'The upstreams by name.',
      errorMessage: 'an object with at least one target'
    }),
    defaults: DefaultsSchema,
    routes: Type.Array(RouteSchema, { description: 'The routes.' })
  },
  {
    ...strict,
    $id: 'routing.config.schema.json',
    title: 'Routing configuration',
    description: 'Which requests the gateway knows, and which share of their callers native answers.'
  }
)

/** A checked configuration with its defaults filled in. */
export type RoutingConfig = Static<typeof RoutingConfigSchema>
export type RouteConfig = Static<typeof RouteSchema>
