import { type Static, Type } from '@sinclair/typebox'
import { FieldChangeSchema } from '../../audit/entry.ts'
import { RevisionRecordSchema } from '../../config/history.ts'
import { Before, Count, Limit, Reason, RevisionNumber, strict, Switch, Weight } from './parts.ts'

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
