import { type Static, Type } from '@sinclair/typebox'
import { ActorSchema, type AuditEntry, AuditEntrySchema, FieldChangeSchema } from '../audit/entry.ts'
import { RevisionRecordSchema } from '../config/history.ts'
import { GatewayEventSchema } from '../events/event.ts'
import { RolloutStatusSchema } from '../rollout-controller/status.ts'
import { PhaseSchema } from '../rollout/state.ts'

export { AuditEntrySchema, FieldChangeSchema, GatewayEventSchema, RevisionRecordSchema, RolloutStatusSchema }
export type { AuditEntry, FieldChange } from '../audit/entry.ts'
export type { RevisionRecord } from '../config/history.ts'
export type { GatewayEvent } from '../events/event.ts'
export type { RolloutStatus } from '../rollout-controller/status.ts'

/*
 * What the admin API takes and answers; the single source of its checks, its types and its description. An
 * `errorMessage` completes the sentence "expected …".
 */

const strict = { additionalProperties: false } as const

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Time = (description: string) => Type.String({ description: `${description} ISO 8601, in UTC.` })
const RevisionNumber = Type.Integer({ minimum: 1, description: 'The number of the revision that serves.' })
const OneOf = <T extends readonly string[]>(values: readonly [...T], description: string) =>
  Type.Union(
    values.map(value => Type.Literal<T[number]>(value)),
    { description, errorMessage: `one of ${values.join(', ')}` }
  )

// --- Problems ---

export const PROBLEM_CODES = [
  'bad-request',
  'unauthenticated',
  'forbidden',
  'unknown',
  'not-acceptable',
  'stale',
  'refused',
  'too-large',
  'unsupported-media-type',
  'invalid',
  'precondition-required',
  'too-many-attempts',
  'internal',
  'unavailable'
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

export const ConfigProblemSchema = Type.Object({
  line: Type.Integer({ minimum: 1 }),
  column: Type.Integer({ minimum: 1, description: 'In UTF-16 code units.' }),
  path: Type.String({ description: 'A JSON pointer; / is the whole document.' }),
  found: Type.String(),
  expected: Type.String(),
  message: Type.String({ description: 'All of it as one sentence.' })
})

const problem = (code: ProblemCode) => ({
  error: Type.Literal(code),
  message: Type.String({ description: 'What is wrong, where, and what would be right.' })
})

/** Every answer of a status from 400 on, without what some add. */
export const ProblemSchema = Type.Object({
  error: OneOf(PROBLEM_CODES, 'What kind of problem it is; does not change.'),
  message: Type.String({ description: 'What is wrong, where, and what would be right.' })
})
export type Problem = Static<typeof ProblemSchema>

export const StaleSchema = Type.Object({
  ...problem('stale'),
  current: RevisionNumber,
  changes: Type.Array(FieldChangeSchema, { description: 'Since the revision of If-Match, as far as it is kept.' })
})
export type Stale = Static<typeof StaleSchema>

export const RefusedSchema = Type.Object(problem('refused'))

export const InvalidSchema = Type.Object({ ...problem('invalid'), problems: Type.Array(ConfigProblemSchema) })
export type Invalid = Static<typeof InvalidSchema>

// --- Who asks ---

export const ROLES = ['viewer', 'operator'] as const
export const RoleSchema = OneOf(ROLES, 'viewer: may look. operator: may change things as well.')
export type Role = Static<typeof RoleSchema>

const CredentialName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$',
  description: 'Stands in the audit for whoever uses the credential.',
  errorMessage: 'a name of letters, digits, ".", "_", "@" and "-", at most 64, the first a letter or a digit'
})

export const SessionSchema = Type.Object({
  name: Type.String({ description: 'Of the credential.' }),
  role: RoleSchema,
  expires: Type.Optional(Time('When the credential ends; absent: it does not.'))
})
export type Session = Static<typeof SessionSchema>

export const CredentialSchema = Type.Object({
  name: Type.String(),
  role: RoleSchema,
  created: Time('When it was made.'),
  temporary: Type.Boolean({
    description: 'The one of the first start, which ends after a day or with the first other operator credential.'
  })
})
export type Credential = Static<typeof CredentialSchema>
export const CredentialsSchema = Type.Array(CredentialSchema)

export const NewCredentialSchema = Type.Object({ name: CredentialName, role: RoleSchema }, strict)
export type NewCredential = Static<typeof NewCredentialSchema>

export const CreatedCredentialSchema = Type.Object({
  name: Type.String(),
  role: RoleSchema,
  credential: Type.String({ description: 'Shown this once; only its hash is kept.' })
})
export type CreatedCredential = Static<typeof CreatedCredentialSchema>

// --- Overview ---

export const ReadinessSchema = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not ready')]),
  checks: Type.Array(
    Type.Object({
      name: Type.String(),
      ok: Type.Boolean(),
      why: Type.Optional(Type.String({ description: 'What is wrong; absent when nothing is.' })),
      advisory: Type.Optional(Type.Boolean({ description: 'The gateway counts as ready although this check fails.' })),
      detail: Type.Optional(Type.Unknown())
    })
  )
})

const sides = {
  native: Count('On native.'),
  legacy: Count('On an upstream.'),
  share: Type.Optional(
    Type.Number({ minimum: 0, maximum: 100, description: 'The percentage on native; absent when there was nothing.' })
  )
}
export const SidesSchema = Type.Object(sides)
export type Sides = Static<typeof SidesSchema>

const BreakerStatusSchema = OneOf(['closed', 'open', 'half-open'], 'How the breaker stands.')

export const StatusSchema = Type.Object({
  version: Type.String({ description: 'Of the gateway.' }),
  revision: Type.Object({
    number: RevisionNumber,
    digest: Type.String({ description: 'The first 12 hexadecimal digits of the SHA-256 of the text.' }),
    loadedAt: Time('When this process took it over.')
  }),
  killSwitch: Type.Boolean({ description: 'Of the whole gateway.' }),
  readiness: ReadinessSchema,
  totals: Type.Object({
    routes: Count('Configured routes.'),
    nativeOnly: Count('Of them, those without an upstream.'),
    shared: Count('Of them, those that native and an upstream can share.'),
    at0: Count('Of the shared ones, those at weight 0.'),
    between: Count('Of the shared ones, those between 0 and 100.'),
    at100: Count('Of the shared ones, those at weight 100.'),
    killed: Count('Routes whose own kill switch is on.'),
    breakersOpen: Count('Breakers that are not closed.'),
    rollouts: Type.Object(
      {
        idle: Count('Groups.'),
        progressing: Count('Groups.'),
        paused: Count('Groups.'),
        completed: Count('Groups.'),
        'rolled-back': Count('Groups.')
      },
      { description: 'Groups by the phase of their rollout.' }
    ),
    requests: Type.Object(
      { minute: SidesSchema, hour: SidesSchema },
      { description: 'Requests that ended, of all configured routes, by who was to answer.' }
    )
  })
})
export type Status = Static<typeof StatusSchema>

// --- Routes ---

export const REASONS = [
  'weight',
  'override',
  'cohort',
  'kill-switch',
  'breaker',
  'no-native',
  'native-only',
  'unmatched'
] as const
export const ReasonSchema = OneOf(REASONS, 'What decided the target of a request.')

const Counted = Type.Optional(Count('Requests.'))

const routeView = {
  id: Type.String(),
  methods: Type.Array(Type.String()),
  paths: Type.Array(Type.String()),
  group: Type.String({ description: 'The routes of a group are moved as one.' }),
  native: Type.Union([Type.String(), Type.Null()], { description: 'The native module; null: there is none.' }),
  nativeOnly: Type.Boolean({ description: 'There is no upstream behind it.' }),
  upstream: Type.String({ description: 'The target that answers when native does not.' }),
  killSwitch: Type.Boolean({ description: 'Its own; the one of the gateway holds for every route beside it.' }),
  weight: Type.Number({ description: 'Desired: the percentage of callers whose target is native.' }),
  cohort: Count('User ids whose target is native whatever the weight.'),
  realised: Type.Object(
    {
      minute: SidesSchema,
      hour: SidesSchema,
      callers: Type.Object(sides, {
        description: "The weight's distinct callers of the group since it last changed."
      })
    },
    { description: 'Requests that ended, by who was to answer, and callers.' }
  ),
  breaker: Type.Optional(BreakerStatusSchema),
  phase: Type.Optional(PhaseSchema),
  reasons: Type.Object(
    {
      weight: Counted,
      override: Counted,
      cohort: Counted,
      'kill-switch': Counted,
      breaker: Counted,
      'no-native': Counted,
      'native-only': Counted,
      unmatched: Counted
    },
    {
      description: 'Requests that ended in the last hour, by what decided their target; those without any are absent.'
    }
  ),
  lastChange: Type.Optional(
    Type.Object(
      {
        at: Time('When it was made.'),
        by: ActorSchema,
        reason: Type.String(),
        revision: Type.Integer({ minimum: 1 })
      },
      { description: 'The last change of the configuration that concerned the route; absent: not known.' }
    )
  )
}
export const RouteViewSchema = Type.Object(routeView)
export type RouteView = Static<typeof RouteViewSchema>

export const RoutesSchema = Type.Object({
  revision: RevisionNumber,
  killSwitch: Type.Boolean({ description: 'Of the whole gateway.' }),
  routes: Type.Array(RouteViewSchema, { description: "In the file's order." })
})
export type Routes = Static<typeof RoutesSchema>

export const RouteDetailSchema = Type.Object({
  ...routeView,
  rollout: Type.Optional(RolloutStatusSchema)
})
export type RouteDetail = Static<typeof RouteDetailSchema>

const IsoTime = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d)$',
      description,
      errorMessage: 'a time such as 2026-01-05T12:00:00Z'
    })
  )
export const WindowsQuerySchema = Type.Object(
  { from: IsoTime('Default: an hour ago.'), to: IsoTime('Default: now.') },
  strict
)
export type WindowsQuery = Static<typeof WindowsQuerySchema>

export const WindowSchema = Type.Object({
  at: Time('When it began.'),
  target: Type.String({ description: 'native, or the name of an upstream.' }),
  requests: Count('Requests that the weight assigned and that ended, but those whose caller left first.'),
  errors: Count('5xx, network errors and timeouts.'),
  serverErrors: Count('Answers with a status of 500 or above.'),
  networkErrors: Count('Connections refused, reset or cut.'),
  timeouts: Count('Answers that did not come in time.'),
  refusals: Count('Answers with a status from 400 to 499.'),
  fallbacks: Count('Of the failed requests, those that the other side then answered.'),
  p50Ms: Type.Optional(Type.Number()),
  p95Ms: Type.Optional(Type.Number()),
  p99Ms: Type.Optional(Type.Number())
})
export type Window = Static<typeof WindowSchema>

export const WindowsSchema = Type.Object({
  route: Type.String(),
  windowMs: Type.Integer({ description: 'The length of a window, in milliseconds.' }),
  windows: Type.Array(WindowSchema, { description: 'Ended windows by time; those without requests are absent.' })
})
export type Windows = Static<typeof WindowsSchema>

// --- Orders ---

export const VERBS = ['start', 'pause', 'resume', 'promote', 'promote-full', 'rollback', 'set'] as const
export const VerbSchema = OneOf(VERBS, 'What to do with the rollout.')

const Reason = Type.Optional(
  Type.String({
    maxLength: 1000,
    description: 'Why; required where callers may be sent to native who were not before. Nothing of patients.',
    errorMessage: 'a text of at most 1000 characters'
  })
)
const Weight = Type.Number({
  minimum: 0,
  maximum: 100,
  description: 'In percent, at most two decimals.',
  errorMessage: 'a number from 0 to 100 with at most two decimals'
})
const Switch = Type.Boolean({ description: 'true sends every caller upstream.', errorMessage: 'true or false' })

export const OrderSchema = Type.Object(
  {
    reason: Reason,
    weight: Type.Optional(Weight),
    force: Type.Optional(
      Type.Boolean({ description: 'Overrides what a refusal says that it may.', errorMessage: 'true or false' })
    )
  },
  { ...strict, description: 'weight goes with the verb set, and only with it.' }
)
export type Order = Static<typeof OrderSchema>

export const RolloutsSchema = Type.Array(RolloutStatusSchema, { description: "In the configuration's order." })

export const OrderedSchema = Type.Object({ revision: RevisionNumber, rollout: RolloutStatusSchema })
export type Ordered = Static<typeof OrderedSchema>

export const KillSwitchSchema = Type.Object({ on: Switch, reason: Reason }, strict)
export type KillSwitch = Static<typeof KillSwitchSchema>

/** What a change of the configuration came to. */
export const ChangedSchema = Type.Object({
  revision: RevisionNumber,
  changes: Type.Array(FieldChangeSchema, { description: 'Empty when everything was so already.' })
})
export type Changed = Static<typeof ChangedSchema>

// --- Configuration ---

const Text = Type.String({
  minLength: 1,
  description: 'routing.config.json, whole.',
  errorMessage: 'the text of a configuration'
})

export const ConfigSchema = Type.Object({ revision: RevisionNumber, digest: Type.String(), text: Text })
export type Config = Static<typeof ConfigSchema>

export const ConfigWriteSchema = Type.Object({ text: Text, reason: Reason }, strict)
export type ConfigWrite = Static<typeof ConfigWriteSchema>

const RevisionParam = Type.Integer({
  minimum: 1,
  maximum: 1_000_000_000,
  errorMessage: 'the number of a revision, from 1'
})

const target = Type.String({ minLength: 1, maxLength: 64, errorMessage: 'the name of a group or the id of a route' })
export const PlanChangeSchema = Type.Union(
  [
    Type.Object({ kind: Type.Literal('set'), target, weight: Weight }, strict),
    Type.Object({ kind: Type.Literal('kill'), target: Type.Optional(target), on: Switch }, strict),
    Type.Object({ kind: Type.Literal('text'), text: Text }, strict),
    Type.Object({ kind: Type.Literal('restore'), revision: RevisionParam }, strict)
  ],
  {
    errorMessage:
      '{ "kind": "set", "target", "weight" }, { "kind": "kill", "target"?, "on" }, { "kind": "text", "text" } or ' +
      '{ "kind": "restore", "revision" }'
  }
)
export type PlanChange = Static<typeof PlanChangeSchema>
export const PlanRequestSchema = Type.Object({ change: PlanChangeSchema }, strict)
export type PlanRequest = Static<typeof PlanRequestSchema>

const Standing = Type.Object({
  weight: Type.Number(),
  killSwitch: Type.Boolean({ description: 'Of the route or of the whole gateway.' })
})
export const PlanSchema = Type.Object({
  revision: RevisionNumber,
  changes: Type.Array(FieldChangeSchema),
  raises: Type.Array(Type.String(), { description: 'How routes would be exposed more, as parts of a sentence.' }),
  reasonRequired: Type.Boolean(),
  routes: Type.Array(
    Type.Object({
      id: Type.String(),
      from: Type.Optional(Standing),
      to: Type.Optional(Standing),
      callers: Type.Object(
        {
          seen: Count('In the last hour.'),
          moving: Count('Of them, those whose side would change.'),
          toNative: Count('Of them, those who would go to native.'),
          toLegacy: Count('Of them, those who would go upstream.'),
          estimated: Type.Optional(
            Type.Boolean({ description: 'true: the group changes, so who moves is known by number only.' })
          )
        },
        {
          description:
            'Distinct callers, as distinct buckets of 10,000. Those of a cohort or an override are not counted.'
        }
      )
    }),
    { description: 'The routes whose weight or kill switch would be another. from or to is absent with the route.' }
  )
})
export type Plan = Static<typeof PlanSchema>

const Limit = (maximum: number) =>
  Type.Integer({
    minimum: 1,
    maximum,
    default: 50,
    description: 'At most this many.',
    errorMessage: `a whole number from 1 to ${maximum}`
  })
const Before = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 1_000_000_000,
    description: 'Only those with a lower number, to go on with the next page.',
    errorMessage: 'a whole number from 1'
  })
)

export const RevisionsQuerySchema = Type.Object({ limit: Limit(200), before: Before }, strict)
export const RevisionsSchema = Type.Array(RevisionRecordSchema, { description: 'Newest first.' })
export const RevisionParamsSchema = Type.Object({ n: RevisionParam })
export const RevisionDetailSchema = Type.Composite([RevisionRecordSchema, Type.Object({ text: Text })])
export type RevisionDetail = Static<typeof RevisionDetailSchema>

export const DiffQuerySchema = Type.Object({ from: RevisionParam, to: RevisionParam }, strict)
export const DiffSchema = Type.Object({
  from: Type.Integer({ minimum: 1 }),
  to: Type.Integer({ minimum: 1 }),
  changes: Type.Array(FieldChangeSchema)
})
export type Diff = Static<typeof DiffSchema>

export const RestoreSchema = Type.Object({ reason: Reason }, strict)
export type Restore = Static<typeof RestoreSchema>

// --- Explanation ---

export const ExplainRequestSchema = Type.Object(
  {
    method: Type.String({
      pattern: '^[A-Za-z-]{1,32}$',
      description: 'In any case.',
      errorMessage: 'an HTTP method such as GET'
    }),
    url: Type.String({
      minLength: 1,
      maxLength: 16_384,
      pattern: '^(/|[Hh][Tt][Tt][Pp][Ss]?://)',
      description: 'A path with its query, or an absolute URL.',
      examples: ['/api/notes/65f0c0ffee65f0c0ffee65f0'],
      errorMessage: 'a path that begins with /, or a URL that begins with http:// or https://'
    }),
    userId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'The caller, as if a verified token said so.',
        errorMessage: 'a user id, 1 to 256 characters'
      })
    ),
    address: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 64,
        description: "The client's address. Default: that of whoever asks.",
        errorMessage: 'an IP address'
      })
    ),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Of the request; those that count are authorization, x-gateway-target, x-gateway-credential and ' +
          'access-control-request-method.',
        errorMessage: 'an object of header names and values'
      })
    )
  },
  strict
)
export type ExplainRequest = Static<typeof ExplainRequestSchema>

export const RuleSchema = Type.Object({
  rule: ReasonSchema,
  applies: Type.Boolean({ description: 'It is the one that decided.' }),
  why: Type.String({ description: 'Why it decided, or why it did not.' })
})
export const ExplanationSchema = Type.Object({
  revision: RevisionNumber,
  route: Type.String({ description: 'The id; unmatched: no configured route has the request.' }),
  target: Type.String({ description: 'native, or the name of an upstream.' }),
  reason: ReasonSchema,
  sentence: Type.String(),
  group: Type.String(),
  weight: Type.Number(),
  caller: Type.String({ description: 'By what the caller is told from others: user:<id> or addr:<address>.' }),
  bucket: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999, description: "The caller's in the group." })),
  threshold: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, description: 'By weight, callers of a lower bucket go to native.' })
  ),
  cohort: Type.Optional(Type.Boolean({ description: "Is the caller of the route's cohort?" })),
  rules: Type.Array(RuleSchema, { description: 'Every rule in its order.' })
})
export type Explanation = Static<typeof ExplanationSchema>

// --- Audit and events ---

export const AuditQuerySchema = Type.Object(
  {
    limit: Limit(500),
    before: Before,
    route: Type.Optional(Type.String({ maxLength: 64, description: 'Only what concerns the route of this id.' })),
    actor: Type.Optional(Type.String({ maxLength: 256, description: 'Only what an actor of this name did.' })),
    action: Type.Optional(
      Type.String({ maxLength: 64, description: 'Only this action.', examples: ['config.change', 'rollout.start'] })
    )
  },
  strict
)
export const AuditEntriesSchema = Type.Unsafe<readonly AuditEntry[]>(
  Type.Array(AuditEntrySchema, { description: 'Newest first.' })
)

export const VerdictSchema = Type.Union([
  Type.Object({
    ok: Type.Literal(true),
    entries: Count('How many entries there are.'),
    head: Type.Object({ seq: Type.Integer({ minimum: 0 }), hash: Type.String() })
  }),
  Type.Object({
    ok: Type.Literal(false),
    line: Type.Integer({ minimum: 1, description: 'The last one when what is missing came after it.' }),
    problem: Type.String()
  })
])
export type Verdict = Static<typeof VerdictSchema>

// --- Parameters of paths ---

const nameParam = (what: string) =>
  Type.String({ minLength: 1, maxLength: 256, description: what, errorMessage: what.toLowerCase() })
export const RouteParamsSchema = Type.Object({ id: nameParam('The id of a route') })
export const TargetParamsSchema = Type.Object({ target: nameParam('The name of a group, or the id of a route') })
export const VerbParamsSchema = Type.Object({
  target: nameParam('The name of a group, or the id of a route'),
  verb: VerbSchema
})
export const CredentialParamsSchema = Type.Object({ name: nameParam('The name of a credential') })
