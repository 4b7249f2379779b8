import { type Static, Type } from '@sinclair/typebox'
import { Count, Time } from './parts.ts'

/** What to migrate next, and what to switch off. Paths are shapes: nothing that may name somebody. */
export const DiscoverySchema = Type.Object({
  since: Time('Since when requests are watched, restarts included.'),
  unmatched: Type.Array(
    Type.Object({
      method: Type.String(),
      path: Type.String({
        description:
          'A shape such as /api/things/:value. A segment stands as it is only when it is a word of configured paths, or ' +
          'of letters and hyphens and at least 5 distinct callers used this very shape; * is what follows 12 segments.'
      }),
      requests: Count('In the last 24 hours, as far as this process was there.'),
      callers: Count('Distinct, of the last 18 to 24 hours, as distinct buckets.'),
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
      requests: Count('In the last 24 hours, as far as this process was there.'),
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
      days: Type.Number({
        description: 'Without a request for so many days, at most as long as the route is there and watched.'
      })
    }),
    { description: 'Routes with an upstream by how long nobody has asked for them, the longest first.' }
  )
})
export type Discovery = Static<typeof DiscoverySchema>
