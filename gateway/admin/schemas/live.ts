import { type Static, Type } from '@sinclair/typebox'
import { ActorSchema } from '../../audit/entry.ts'
import { PhaseSchema } from '../../rollout/state.ts'
import { Count, OneOf, RevisionNumber, Time } from './parts.ts'

const Side = Type.Object(
  {
    requestsPerSecond: Type.Number({ minimum: 0 }),
    errorPercent: Type.Optional(
      Type.Number({ description: '5xx, network errors and timeouts; absent without requests.' })
    ),
    p95Ms: Type.Optional(Type.Number({ description: 'Absent without requests.' }))
  },
  {
    description:
      'Of the requests that the weight assigned (those of overrides, cohorts, kill switches and of routes that are ' +
      'native only do not count) and that ended in the last minute: in the window of 10 seconds that is running and ' +
      'the six before it. Of all replicas where they share the routing store; a few seconds old.'
  }
)
const Spark = (description: string) =>
  Type.Array(Type.Union([Type.Number(), Type.Null()]), { description: `${description} null: no requests.` })
const SideSparks = Type.Object(
  { errorPercent: Spark('In percent.'), p95Ms: Spark('In milliseconds.') },
  { description: 'Of the same requests: a point a minute of the last 30 that have ended, the oldest first.' }
)

export const ATTENTION = ['failing', 'waiting-for-staff', 'watching', 'none'] as const

/** One route as the overview shows it: numbers of the last minute, and the windows of the last half hour. */
export const LiveRouteSchema = Type.Object({
  id: Type.String(),
  group: Type.String(),
  methods: Type.Array(Type.String()),
  paths: Type.Array(Type.String()),
  native: Type.Union([Type.String(), Type.Null()], { description: 'The native module; null: there is none.' }),
  nativeOnly: Type.Boolean(),
  upstream: Type.String(),
  killSwitch: Type.Boolean({ description: 'Its own, the one of the gateway, or a kill file.' }),
  weight: Type.Number({ description: 'Desired, in percent.' }),
  realisedPercent: Type.Optional(
    Type.Number({ description: 'Share of requests on native, in percent, of the last minute.' })
  ),
  steps: Type.Array(Type.Number(), { description: "The weights of the plan's steps; empty: it cannot be rolled out." }),
  phase: Type.Optional(PhaseSchema),
  stepEndsAt: Type.Optional(Time('When the hold time of the step is over; absent when nothing holds it any more.')),
  verdict: Type.Optional(
    Type.Object({
      status: OneOf(['passed', 'waiting', 'failed', 'inconclusive', 'error'], 'The gravest of its guardrails.'),
      message: Type.String({ description: 'Which guardrail and why, or for how many more requests it waits.' })
    })
  ),
  breaker: Type.Optional(OneOf(['closed', 'open', 'half-open'], 'Absent: it has none.')),
  nativeSide: Side,
  legacySide: Side,
  sparks: Type.Object({ native: SideSparks, legacy: SideSparks }),
  attention: OneOf(ATTENTION, 'How much it needs somebody; the overview sorts by it.'),
  why: Type.Optional(Type.String({ description: 'What needs attention, as a sentence.' })),
  lastChange: Type.Optional(
    Type.Object({
      at: Time('When it was made.'),
      by: ActorSchema,
      reason: Type.String(),
      revision: Count('Its number.')
    })
  )
})
export type LiveRoute = Static<typeof LiveRouteSchema>

export const LiveTotalsSchema = Type.Object({
  revision: RevisionNumber,
  killSwitch: Type.Boolean({ description: 'Of the whole gateway.' }),
  ready: Type.Boolean(),
  problems: Type.Array(Type.String(), { description: 'What is wrong with the gateway, as sentences; empty: nothing.' }),
  routes: Count('Configured routes.'),
  movable: Count('Of them, those that native and an upstream can share.'),
  at100: Count('Of those, at weight 100.'),
  requestSharePercent: Type.Optional(
    Type.Number({
      description: 'Share of requests of configured routes that native got, in percent, of the last minute.'
    })
  ),
  routeSharePercent: Type.Number({ description: 'Routes whose weight is 100, or that are native only, of all.' })
})
export type LiveTotals = Static<typeof LiveTotalsSchema>

/**
 * The messages of `GET /live` (server-sent events, one JSON value a message). `snapshot` comes first and after every
 * reconnection; then every second or two `changes` with the rows that are others now, and the events as they happen.
 */
export const LiveSnapshotSchema = Type.Object({
  at: Time('When it was taken.'),
  version: Type.String(),
  totals: LiveTotalsSchema,
  routes: Type.Array(LiveRouteSchema, { description: "In the configuration's order." })
})
export type LiveSnapshot = Static<typeof LiveSnapshotSchema>
export const LiveChangesSchema = Type.Object({
  at: Time('When it was taken.'),
  totals: LiveTotalsSchema,
  routes: Type.Array(LiveRouteSchema, { description: 'Those that changed.' }),
  gone: Type.Array(Type.String(), { description: 'Ids of routes that the configuration no longer has.' })
})
export type LiveChanges = Static<typeof LiveChangesSchema>
