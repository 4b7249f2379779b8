import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** What several domains' schemas are made of. */

export const Id = Type.String({ pattern: '^[0-9a-fA-F]{24}$', description: 'A MongoDB ObjectId, 24 hex digits' })

/** A `Date` in the code, an ISO 8601 UTC string with milliseconds on the wire. */
export const Timestamp = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })

/** A 204. */
export const NoContent = Type.Unsafe<undefined>({ type: 'null' })

export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const Message = Type.Object({ msg: Type.String() }, { title: 'Message' })
export type Message = Static<typeof Message>

/** A 422: `details` says where and what would be right, and never repeats the value. */
export const ValidationFailure = Type.Object(
  {
    msg: Type.String(),
    error: Type.Literal('validation'),
    details: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))
  },
  { title: 'ValidationFailure' }
)

/** A 401 of any kind; `error` says why a token is invalid. */
export const Unauthorized = Type.Object(
  { msg: Type.String(), error: Type.Optional(Type.String()) },
  { title: 'Unauthorized' }
)
