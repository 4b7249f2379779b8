import { type Static, Type } from '@sinclair/typebox'
import { FieldChangeSchema } from '../../audit/entry.ts'
import { RolloutStatusSchema } from '../../rollout-controller/status.ts'
import { PropagationSchema } from './replicas.ts'
import { nameParam, OneOf, Reason, RevisionNumber, strict, Switch, Weight } from './parts.ts'

export const VERBS = ['start', 'pause', 'resume', 'promote', 'promote-full', 'rollback', 'set'] as const
export const VerbSchema = OneOf(VERBS, 'What to do with the rollout.')

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

export const OrderedSchema = Type.Object({
  revision: RevisionNumber,
  rollout: RolloutStatusSchema,
  replicas: Type.Optional(PropagationSchema)
})
export type Ordered = Static<typeof OrderedSchema>

export const KillSwitchSchema = Type.Object({ on: Switch, reason: Reason }, strict)
export type KillSwitch = Static<typeof KillSwitchSchema>

/** What a change of the configuration came to. */
export const ChangedSchema = Type.Object({
  revision: RevisionNumber,
  changes: Type.Array(FieldChangeSchema, { description: 'Empty when everything was so already.' }),
  replicas: Type.Optional(PropagationSchema)
})
export type Changed = Static<typeof ChangedSchema>

export const TargetParamsSchema = Type.Object({ target: nameParam('The name of a group, or the id of a route') })
export const VerbParamsSchema = Type.Object({
  target: nameParam('The name of a group, or the id of a route'),
  verb: VerbSchema
})
