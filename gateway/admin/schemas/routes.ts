import { type Static, Type } from '@sinclair/typebox'
import { ActorSchema } from '../../audit/entry.ts'
import { RolloutStatusSchema } from '../../rollout-controller/status.ts'
import { PhaseSchema } from '../../rollout/state.ts'
import { REASONS } from '../../routing/route.ts'
import { DriftSchema } from './replicas.ts'
import { Count, IsoTime, nameParam, OneOf, RevisionNumber, strict, Time } from './parts.ts'

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
  drift: Type.Optional(DriftSchema),
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

export const RouteParamsSchema = Type.Object({ id: nameParam('The id of a route') })
