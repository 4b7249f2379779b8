import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'

const CHUNK_BYTES = 65_536

/** `count` bytes (a multiple of 64 KiB), no two chunks alike, made as they are asked for. */
export function* chunks(count: number): Generator<Buffer> {
  for (let sent = 0; sent < count; sent += CHUNK_BYTES) {
    const chunk = Buffer.alloc(CHUNK_BYTES, 'scribe')
    chunk.writeDoubleLE(sent)
    yield chunk
  }
}

export function byteStream(count: number): Readable {
  return Readable.from(chunks(count), { objectMode: false, highWaterMark: CHUNK_BYTES })
}

/** The CRC-32 of what `chunks` gives. */
export function checksumOf(count: number): number {
  let checksum = 0
  for (const chunk of chunks(count)) checksum = crc32(chunk, checksum)
  return checksum
}
