import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { InvalidInput } from './errors.ts'
import type { Position, Slice } from './slices.ts'

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

/** The query of a list. */
export const PageQuery = Type.Object({
  limit: Type.Integer({
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    description: 'How many items a page has at most.'
  }),
  cursor: Type.Optional(
    Type.String({ maxLength: 100, description: 'The `nextCursor` of the page before; without it, the first page.' })
  )
})
export type PageQuery = Static<typeof PageQuery>

/** A page of a list of `item`s. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    data: Type.Array(item),
    page: Type.Object({
      limit: Type.Integer(),
      nextCursor: Type.Union([Type.String(), Type.Null()], {
        description: 'For the next page, which holds what is older; null on the last one.'
      })
    })
  })

/** One page of a list from new to old. */
export interface Page<T> {
  readonly data: T[]
  readonly page: { readonly limit: number; readonly nextCursor: string | null }
}

/**
 * Reads one page. A cursor is the position of the page's last document, not a count: what is added or deleted meanwhile
 * neither repeats nor skips another document.
 *
 * @param load answers the first documents of a slice
 * @throws InvalidInput for a cursor that is none of ours
 */
export async function readPage<T, V>(
  { limit, cursor }: PageQuery,
  load: (slice: Slice) => Promise<readonly T[]>,
  positionOf: (document: T) => Position,
  view: (document: T) => V
): Promise<Page<V>> {
  const after = cursor === undefined ? undefined : positionOfCursor(cursor)
  // One more than the page holds says whether there is a next one.
  const documents = await load({ limit: limit + 1, after })
  const shown = documents.slice(0, limit)
  const last = documents.length > limit ? shown.at(-1) : undefined
  return {
    data: shown.map(view),
    page: { limit, nextCursor: last === undefined ? null : cursorOf(positionOf(last)) }
  }
}

function cursorOf({ at, id }: Position): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url')
}

function positionOfCursor(cursor: string): Position {
  const [, milliseconds, id] = /^(-?\d{1,15})\.([0-9a-f]{24})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (milliseconds === undefined || id === undefined) {
    throw new InvalidInput([{ path: '/cursor', message: 'Expected the nextCursor of a page, as it was' }])
  }
  return { at: new Date(Number(milliseconds)), id }
}
