import { type Static, Type } from '@sinclair/typebox'

/** Who changes something: a person with a credential, the configuration file, the rollout controller, this process. */
export const ActorSchema = Type.Object({
  kind: Type.Union([
    Type.Literal('operator'),
    Type.Literal('file'),
    Type.Literal('controller'),
    Type.Literal('system')
  ]),
  name: Type.String({ minLength: 1, maxLength: 256, description: 'Of the credential, the file or the process.' })
})

export const FieldChangeSchema = Type.Object({
  path: Type.String({ description: 'A JSON pointer, routes by id: /routes/notes.list/weight.' }),
  from: Type.Optional(Type.Unknown({ description: 'Absent when there was nothing.' })),
  to: Type.Optional(Type.Unknown({ description: 'Absent when there is nothing any more.' }))
})

const record = {
  actor: ActorSchema,
  action: Type.String({ pattern: '^[a-z-]+\\.[a-z-]+$', examples: ['config.change', 'rollout.start'] }),
  routes: Type.Array(Type.String(), { description: 'The ids of the routes that it concerns.' }),
  revision: Type.Optional(
    Type.Object({
      from: Type.Integer({ minimum: 0, description: 'The revision before; 0 before the first.' }),
      to: Type.Integer({ minimum: 1 })
    })
  ),
  changes: Type.Array(FieldChangeSchema),
  reason: Type.String(),
  evidence: Type.Optional(Type.Unknown({ description: 'What was measured: numbers, nothing of patients.' }))
}

/** What is to be audited. */
export const AuditRecordSchema = Type.Object(record)

/** A line of the audit. Times are ISO 8601 in UTC; hashes are SHA-256 in hexadecimal. */
export const AuditEntrySchema = Type.Object({
  seq: Type.Integer({ minimum: 1, description: 'From 1, without gaps.' }),
  at: Type.String(),
  ...record,
  previous: Type.String({ description: "The previous entry's hash; 64 zeros for the first." }),
  hash: Type.String({ description: 'Of the line without this field.' })
})

export type Actor = Readonly<Static<typeof ActorSchema>>
export type FieldChange = Readonly<Static<typeof FieldChangeSchema>>
export type AuditRecord = Readonly<Omit<Static<typeof AuditRecordSchema>, 'actor' | 'routes' | 'changes'>> & {
  readonly actor: Actor
  readonly routes: readonly string[]
  readonly changes: readonly FieldChange[]
}
export type AuditEntry = AuditRecord & {
  readonly seq: number
  readonly at: string
  readonly previous: string
  readonly hash: string
}
