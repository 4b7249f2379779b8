import { ObjectId } from 'mongodb'

const HEX = /^[0-9a-fA-F]{24}$/

/** The ObjectId that a text of 24 hex digits names; undefined for any other text. */
export function parseObjectId(text: string): ObjectId | undefined {
  return HEX.test(text) ? ObjectId.createFromHexString(text) : undefined
}
