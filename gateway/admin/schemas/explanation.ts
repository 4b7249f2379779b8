import { type Static, Type } from '@sinclair/typebox'
import { RevisionNumber, strict } from './parts.ts'
import { ReasonSchema } from './routes.ts'

export const ExplainRequestSchema = Type.Object(
  {
    method: Type.String({
      pattern: '^[A-Za-z-]{1,32}$',
      description: 'In any case.',
      errorMessage: 'an HTTP method such as GET'
    }),
    url: Type.String({
      minLength: 1,
      maxLength: 16_384,
      pattern: '^(/|[Hh][Tt][Tt][Pp][Ss]?://)',
      description: 'A path with its query, or an absolute URL.',
      examples: ['/api/notes/65f0c0ffee65f0c0ffee65f0'],
      errorMessage: 'a path that begins with /, or a URL that begins with http:// or https://'
    }),
    userId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'The caller, as if a verified token said so.',
        errorMessage: 'a user id, 1 to 256 characters'
      })
    ),
    address: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 64,
        description: "The client's address. Default: that of whoever asks.",
        errorMessage: 'an IP address'
      })
    ),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Of the request; those that count are authorization, x-gateway-target, x-gateway-credential and ' +
          'access-control-request-method.',
        errorMessage: 'an object of header names and values'
      })
    )
  },
  strict
)
export type ExplainRequest = Static<typeof ExplainRequestSchema>

export const RuleSchema = Type.Object({
  rule: ReasonSchema,
  applies: Type.Boolean({ description: 'It is the one that decided.' }),
  why: Type.String({ description: 'Why it decided, or why it did not.' })
})
export const ExplanationSchema = Type.Object({
  revision: RevisionNumber,
  route: Type.String({ description: 'The id; unmatched: no configured route has the request.' }),
  target: Type.String({ description: 'native, or the name of an upstream.' }),
  reason: ReasonSchema,
  sentence: Type.String(),
  group: Type.String(),
  weight: Type.Number(),
  caller: Type.String({ description: 'By what the caller is told from others: user:<id> or addr:<address>.' }),
  bucket: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999, description: "The caller's in the group." })),
  threshold: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, description: 'By weight, callers of a lower bucket go to native.' })
  ),
  cohort: Type.Optional(Type.Boolean({ description: "Is the caller of the route's cohort?" })),
  rules: Type.Array(RuleSchema, { description: 'Every rule in its order.' })
})
export type Explanation = Static<typeof ExplanationSchema>
