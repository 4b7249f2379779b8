import { type Static, Type } from '@sinclair/typebox'

/** `query` missing or empty is the route's own 400. */
export const SearchQuery = Type.Object({ query: Type.Optional(Type.String()) })
export const SearchAnswer = Type.Object({ query: Type.String(), answer: Type.String() })
export const SearchRefusal = Type.Object({ error: Type.Literal('Query is required') })
export const SearchFailure = Type.Object({ error: Type.Literal('Something went wrong'), msg: Type.String() })

export const CodeQuery = Type.Object({ name: Type.Optional(Type.String()) })
export const ClinicalCode = Type.Object({
  name: Type.String(),
  code: Type.String(),
  url: Type.String({ description: 'The code system' })
})

// Any text: a malformed id is a document that does not exist, not invalid input.
export const ConsultationParams = Type.Object({ consultationId: Type.String() })
export const SummaryRequest = Type.Object({
  usedPrompt: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'The id of a prompt to summarise with, own or shareable; any other text is as none'
    })
  )
})
export type SummaryRequest = Static<typeof SummaryRequest>
export const SummaryAnswer = Type.Object({
  msg: Type.String(),
  consultationId: Type.String(),
  soapSummary: Type.String()
})
export const SummaryFailure = Type.Object({ msg: Type.String(), error: Type.String() })

export const Analysis = Type.Object({
  prompt: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  images: Type.Optional(
    Type.Array(Type.Unknown(), {
      description: 'http(s) URLs, data:image/* URLs, base64 of a PNG, or base64:<mime>:<payload>; others are dropped'
    })
  )
})
export type Analysis = Static<typeof Analysis>
export const AnalysisAnswer = Type.Object({
  status: Type.Literal('ok'),
  response: Type.String({ description: 'Markdown' })
})
export const AnalysisFailure = Type.Object({
  status: Type.Literal('error'),
  error: Type.Object({ name: Type.String(), type: Type.String(), message: Type.String() })
})
