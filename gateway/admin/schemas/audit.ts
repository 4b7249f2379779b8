import { type Static, Type } from '@sinclair/typebox'
import { type AuditEntry, AuditEntrySchema } from '../../audit/entry.ts'
import { Before, Count, Limit, strict } from './parts.ts'

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
