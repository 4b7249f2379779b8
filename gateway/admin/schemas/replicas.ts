import { type Static, Type } from '@sinclair/typebox'
import { Count, OneOf, Time } from './parts.ts'

export const ReplicaSchema = Type.Object({
  name: Type.String(),
  version: Type.String({ description: 'Of the gateway.' }),
  revision: Count('The number of the revision that it serves.'),
  digest: Type.String({ description: 'Of that revision.' }),
  leads: Type.Boolean({ description: 'Does it run the rollouts?' }),
  startedAt: Time('When its process began.'),
  at: Time('When it told this, by its own clock.'),
  silent: Type.Boolean({ description: 'It told nothing for a while: it is gone, or cut off from the routing store.' }),
  breakers: Type.Record(Type.String(), OneOf(['open', 'half-open', 'closed'], 'How the breaker stands.'), {
    description: 'Those that are not closed, by route.'
  })
})
export const ReplicasSchema = Type.Array(ReplicaSchema, {
  description: 'By name; empty where one gateway stands alone.'
})
export type ReplicaView = Static<typeof ReplicaSchema>

/** Who serves a revision, after waiting for all of them for some seconds. */
export const PropagationSchema = Type.Object({
  applied: Type.Array(Type.String(), { description: 'The names of the replicas that serve it.' }),
  missing: Type.Array(Type.Object({ name: Type.String(), why: Type.String() }), {
    description: 'Those that do not, and why, as parts of a sentence.'
  })
})

export const DriftSchema = Type.Object(
  {
    file: Type.String({ description: 'The name of the file.' }),
    fields: Type.Optional(Count('How many fields are others in the store than in the file; absent: not readable.'))
  },
  {
    description: 'The routing configuration file of this replica beside the store; absent where the file is the store.'
  }
)
