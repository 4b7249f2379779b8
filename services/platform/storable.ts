import { BodyTooLarge, InvalidInput } from './errors.ts'

/** MongoDB's documented limit. */
const MAX_DEPTH = 100

/** MongoDB's limit of 16 MiB, less what is stored beside. */
const MAX_BYTES = 16 * 1024 * 1024 - 64 * 1024

/** BSON gives each value of a container a byte for its type and one that ends its key. */
const PER_VALUE = 2

/**
 * Refuses a parsed JSON body which, stored, would be more than MongoDB takes. As BSON it may be seven times its text.
 *
 * @throws InvalidInput when it is nested too deep or has a key that cannot be stored
 * @throws BodyTooLarge when it would be too large a document
 */
export function refuseUnstorable(body: object): void {
  let bytes = 0
  // Level by level rather than by recursion: the body may be nested deeper than the stack.
  let level: readonly object[] = [body]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw unstorable(`Expected at most ${MAX_DEPTH} levels of nesting`)
    const next: object[] = []
    const take = (value: unknown, keyBytes: number) => {
      bytes += PER_VALUE + keyBytes + bytesOf(value)
      if (bytes > MAX_BYTES) throw new BodyTooLarge()
      if (typeof value === 'object' && value !== null) next.push(value)
    }
    for (const container of level) {
      if (Array.isArray(container)) takeItems(container, take)
      else takeProperties(container, take)
    }
    level = next
  }
}

type Take = (value: unknown, keyBytes: number) => void

/** The keys of a list are its indexes, in digits. */
function takeItems(list: readonly unknown[], take: Take): void {
  let digits = 1
  for (let index = 0; index < list.length; index++) {
    if (index === 10 ** digits) digits++
    take(list[index], digits)
  }
}

function takeProperties(container: object, take: Take): void {
  for (const [key, value] of Object.entries(container)) {
    if (key.includes('\0')) throw unstorable('Expected keys without NUL characters')
    // The driver takes an object with this key for one of its own types.
    if (key === '_bsontype') throw unstorable('Expected keys other than _bsontype')
    take(value, Buffer.byteLength(key))
  }
}

/** Of a value without its type and key; of a container without what is in it. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 5
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 4 : 8
  if (typeof value === 'boolean') return 1
  return value === null ? 0 : 5
}

function unstorable(message: string): InvalidInput {
  return new InvalidInput([{ path: '', message }])
}
