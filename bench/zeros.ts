import { Readable } from 'node:stream'

const CHUNK = Buffer.alloc(64 * 1024)

/** A stream of that many zero bytes, which takes no memory but one chunk's. */
export function zeros(length: number): Readable {
  let left = length
  return new Readable({
    read() {
      const chunk = CHUNK.subarray(0, left)
      left -= chunk.length
      this.push(chunk.length > 0 ? chunk : null)
    }
  })
}
