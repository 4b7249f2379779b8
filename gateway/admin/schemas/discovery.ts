import { type Static, Type } from '@sinclair/typebox'
import { Count, Time } from './parts.ts'

/** What to migrate next, and what to switch off. Paths are shapes: see `segments that may name somebody` in the docs. */
export const DiscoverySchema = Type.Object({
  since: Time('Since when requests are watched, restarts included.'),
  unmatched: Type.Array(
    Type.Object({
      method: Type.String(),
      path: Type.String({ description: 'A shape such as /api/things/:id: what may name somebody is a parameter.' }),
      requests: Count('In the last 24 hours.'),
      callers: Count('Distinct, in the last 24 hours, as distinct buckets.'),
      lastAt: Time('When it was last asked for.')
    }),
    { description: 'What callers asked for and no route matches, by volume; at most 100.' }
  ),
  unmatchedOthers: Count('Requests of the last 24 hours that no route matches and that are not listed.'),
  withoutNative: Type.Array(
    Type.Object({
      route: Type.String(),
      methods: Type.Array(Type.String()),
      paths: Type.Array(Type.String()),
      requests: Count('In the last 24 hours.'),
      lastAt: Type.Optional(Time('When it was last asked for.'))
    }),
    { description: 'Routes that no native service serves, by volume.' }
  ),
  unused: Type.Array(
    Type.Object({
      route: Type.String(),
      methods: Type.Array(Type.String()),
      paths: Type.Array(Type.String()),
      lastAt: Type.Optional(Time('When it was last asked for; absent: not since `since`.')),
      days: Type.Number({ description: 'Without a request for so many days, at most as long as requests are watched.' })
    }),
    { description: 'Routes with an upstream by how long nobody has asked for them, the longest first.' }
  )
})
export type Discovery = Static<typeof DiscoverySchema>
