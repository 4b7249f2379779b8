import { type Static, Type } from '@sinclair/typebox'
import { Count, IsoTime, Time } from './parts.ts'

export const ProgressQuerySchema = Type.Object(
  { from: IsoTime('Default: 24 hours ago.'), to: IsoTime('Default: now.') },
  { additionalProperties: false }
)
export type ProgressQuery = Static<typeof ProgressQuerySchema>

/**
 * How far the migration is, over time. Kept across restarts, by each replica for itself: spans of 10 minutes for a week,
 * hours for a year.
 */
export const ProgressSchema = Type.Object({
  stepMs: Type.Integer({
    description: 'Between two points: 10 minutes, an hour, 6 hours or a day; wider for a longer time.'
  }),
  points: Type.Array(
    Type.Object({
      at: Time('When the span began.'),
      native: Count('Requests of configured routes that ended in the span and that native was to answer.'),
      legacy: Count('Those that an upstream was to answer.'),
      routes: Count('Routes at the end of the span.'),
      nativeRoutes: Count('Of them, those at weight 100 or native only.')
    }),
    { description: 'By time; spans of which nothing is known are absent.' }
  )
})
export type Progress = Static<typeof ProgressSchema>
