import { Type } from '@sinclair/typebox'
import { ClinicalCode } from './schema.ts'

const strict = { additionalProperties: false }
const text = Type.String({ pattern: '\\S', description: 'Not blank' })

export const V1Search = Type.Object({ query: text }, strict)
export const V1SearchAnswer = Type.Object({ data: Type.Object({ query: Type.String(), answer: Type.String() }) })

export const V1CodeQuery = Type.Object({ name: text })
export const V1Codes = Type.Object({ data: Type.Array(ClinicalCode, { description: 'Best first, at most 10' }) })

export const V1Summarise = Type.Object(
  {
    consultationId: Type.String(),
    promptId: Type.Optional(
      Type.String({ description: 'Of a prompt to summarise with, own or shareable; with any other, none is used' })
    )
  },
  strict
)
export const V1SummaryAnswer = Type.Object({
  data: Type.Object({ consultationId: Type.String(), soapSummary: Type.String() })
})

export const V1Analyse = Type.Object(
  {
    prompt: Type.Optional(text),
    images: Type.Optional(
      Type.Array(
        Type.String({ pattern: '^(?:https?://|data:image/)', description: 'An http(s) URL or a data:image/* URL' })
      )
    )
  },
  strict
)
export const V1AnalysisAnswer = Type.Object({ data: Type.Object({ markdown: Type.String() }) })
