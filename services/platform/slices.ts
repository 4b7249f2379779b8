import { type Document, ObjectId } from 'mongodb'

/** The place of a document in a list that goes from new to old. */
export interface Position {
  readonly at: Date
  /** 24 hex digits: the order of documents of the same moment. */
  readonly id: string
}

/** Which part of a list is wanted: at most `limit` documents, of those behind `after` if it is there. */
export interface Slice {
  readonly limit: number
  readonly after: Position | undefined
}

/**
 * The stages that read a slice of the documents with `owner`, from new to old by `field`, and by `_id` where that is the
 * same. What an index on owner, field and `_id` can answer stands in a `$match` by itself, so that a server with a plain
 * planner uses it; `also` is asked of what it finds.
 */
export function sliceStages(owner: object, field: string, { limit, after }: Slice, also: object = {}): Document[] {
  const newestFirst = [{ $sort: { [field]: -1, _id: -1 } }, { $limit: limit }]
  if (after === undefined) return [{ $match: owner }, { $match: also }, ...newestFirst]
  const { at, id } = after
  const behind = { $or: [{ [field]: { $lt: at } }, { _id: { $lt: ObjectId.createFromHexString(id) } }] }
  return [{ $match: { ...owner, [field]: { $lte: at } } }, { $match: { ...behind, ...also } }, ...newestFirst]
}
