import { Type } from '@sinclair/typebox'

/*
 * What the schemas of the admin API share. An `errorMessage` completes the sentence "expected …".
 */

export const strict = { additionalProperties: false } as const

export const Count = (description: string) => Type.Integer({ minimum: 0, description })
export const Time = (description: string) => Type.String({ description: `${description} ISO 8601, in UTC.` })
export const RevisionNumber = Type.Integer({ minimum: 1, description: 'The number of the revision that serves.' })
export const OneOf = <T extends readonly string[]>(values: readonly [...T], description: string) =>
  Type.Union(
    values.map(value => Type.Literal<T[number]>(value)),
    { description, errorMessage: `one of ${values.join(', ')}` }
  )

export const Reason = Type.Optional(
  Type.String({
    maxLength: 1000,
    description: 'Why; required where callers may be sent to native who were not before. Nothing of patients.',
    errorMessage: 'a text of at most 1000 characters'
  })
)
export const Weight = Type.Number({
  minimum: 0,
  maximum: 100,
  description: 'In percent, at most two decimals.',
  errorMessage: 'a number from 0 to 100 with at most two decimals'
})
export const Switch = Type.Boolean({ description: 'true sends every caller upstream.', errorMessage: 'true or false' })

export const nameParam = (what: string) =>
  Type.String({ minLength: 1, maxLength: 256, description: what, errorMessage: what.toLowerCase() })

export const Limit = (maximum: number) =>
  Type.Integer({
    minimum: 1,
    maximum,
    default: 50,
    description: 'At most this many.',
    errorMessage: `a whole number from 1 to ${maximum}`
  })
export const Before = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 1_000_000_000,
    description: 'Only those with a lower number, to go on with the next page.',
    errorMessage: 'a whole number from 1'
  })
)

export const IsoTime = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d)$',
      description,
      errorMessage: 'a time such as 2026-01-05T12:00:00Z'
    })
  )
