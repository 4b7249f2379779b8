import { ObjectId, type WithId } from 'mongodb'

type TextIds<V> = V extends ObjectId ? string : V extends readonly ObjectId[] ? string[] : V

/** A stored document as the services know it: ids are texts. */
export type Plain<D> = { [K in keyof D]: TextIds<D[K]> }

/** A stored document with its ids as texts; every field that is stored, in the order in which it is stored. */
export function plain<D extends object>(document: WithId<D>): Plain<WithId<D>>
// The compiler cannot follow a loop over keys into a mapped type.
export function plain(document: object): object {
  const result: Record<string, unknown> = { ...document }
  for (const [key, value] of Object.entries(result)) {
    if (value instanceof ObjectId) result[key] = value.toHexString()
    else if (Array.isArray(value) && value[0] instanceof ObjectId) result[key] = value.map(String)
  }
  return result
}

/** @throws BSONError when the text is not an id; for ids that are known to be ones */
export function objectId(id: string): ObjectId {
  return ObjectId.createFromHexString(id)
}

export function newId(): string {
  return new ObjectId().toHexString()
}

export function byId<D extends { readonly _id: string }>(documents: readonly D[]): Map<string, D> {
  return new Map(
    documents.map(document => {
      const { _id: id } = document
      return [id, document]
    })
  )
}
