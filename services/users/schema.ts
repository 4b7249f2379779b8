import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from '../platform/schema.ts'

export const Role = Type.Union([Type.Literal('patient'), Type.Literal('clinician')])

/** Not empty when trimmed, which is how the legacy stores it. */
const Username = Type.String({ pattern: '\\S' })

/** Stored and matched in lower case. */
const Email = Type.String({ minLength: 1 })

export const Registration = Type.Object({
  username: Username,
  email: Email,
  password: Type.String({ minLength: 8, description: 'At least 8 characters, at most 72 bytes in UTF-8' }),
  role: Role
})
export type Registration = Static<typeof Registration>

export const Credentials = Type.Object({ email: Type.String(), password: Type.String() })
export type Credentials = Static<typeof Credentials>

export const EmailQuery = Type.Object({ email: Type.Optional(Type.String()) })
export const Availability = Type.Object({ available: Type.Boolean() })

export const LoginAnswer = Type.Object({ msg: Type.String(), token: Type.Optional(Type.String()) })

export const User = Type.Object({
  _id: Type.String(),
  username: Type.String(),
  email: Type.String(),
  role: Role,
  createdAt: Timestamp
})
export type User = Static<typeof User>

/** A user as another document's clinician. */
export const Clinician = Type.Pick(User, ['_id', 'username', 'email'])
export type Clinician = Static<typeof Clinician>

export const ProfileAnswer = Type.Object({
  success: Type.Literal(true),
  data: Type.Object({
    name: Type.String(),
    email: Type.String(),
    role: Role,
    createdAt: Timestamp
  })
})
export const ProfileMissing = Type.Object({ message: Type.String() })
