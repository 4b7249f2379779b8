import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from '../platform/schema.ts'
import { Registration, type Clinician, Role, type User } from './schema.ts'

const strict = { additionalProperties: false }

export const V1Registration = Type.Object(Registration.properties, strict)
export const V1Credentials = Type.Object({ email: Type.String(), password: Type.String() }, strict)
export const V1EmailQuery = Type.Object({ email: Registration.properties.email })

export const V1User = Type.Object(
  {
    id: Type.String(),
    username: Type.String(),
    email: Type.String({ description: 'In lower case.' }),
    role: Role,
    createdAt: Timestamp
  },
  { title: 'User' }
)
export type V1User = Static<typeof V1User>

export const V1UserAnswer = Type.Object({ data: V1User })

export const V1Session = Type.Object({
  data: Type.Object({
    token: Type.String({ description: 'A JWT, for `Authorization: Bearer`.' }),
    expiresInSeconds: Type.Integer()
  })
})

export const V1Availability = Type.Object({ data: Type.Object({ available: Type.Boolean() }) })

/** A user as another document's clinician; null when they are no more. */
export const V1Clinician = Type.Pick(V1User, ['id', 'username', 'email'], { title: 'Clinician' })
export type V1Clinician = Static<typeof V1Clinician>

export function v1User({ _id, ...user }: User): V1User {
  return { id: _id, ...user }
}

export function v1Clinician(clinician: Clinician | null): V1Clinician | null {
  if (clinician === null) return null
  const { _id, username, email } = clinician
  return { id: _id, username, email }
}
