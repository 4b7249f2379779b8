import { type Static, Type } from '@sinclair/typebox'
import { nameParam, OneOf, strict, Time } from './parts.ts'

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
  expires: Type.Optional(Time('When the credential ends, or the session of the dashboard; absent: neither does.'))
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

export const CredentialParamsSchema = Type.Object({ name: nameParam('The name of a credential') })
