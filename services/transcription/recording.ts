/** How many chunks are transcribed at a time while the recording goes on. */
const CHUNKS_A_PART = 8

/** A range of a recording's audio, in bytes; the end is not in it. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The audio of one recording so far, in one piece of memory, and what became of it. */
export class Recording {
  /** What the parts so far said. */
  text = ''
  /** A transcription failed, which is told once. */
  hasFailed = false
  /** A chunk was refused; those behind it make no audio without it. */
  isFull = false
  readonly #maxBytes: number
  #audio = Buffer.alloc(0)
  #bytes = 0
  /** Of the first chunk, without which the others cannot be read. */
  #headerBytes: number | undefined
  #chunks = 0
  #partFrom = 0

  /** @param maxBytes how much it may come to hold; the caller sees to that */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#headerBytes === undefined
  }

  /** Keeps a chunk. Returns the part that it completes. */
  add(chunk: Buffer): Span | undefined {
    this.#append(chunk)
    if (this.#headerBytes === undefined) {
      this.#headerBytes = this.#partFrom = this.#bytes
      return undefined
    }
    this.#chunks += 1
    if (this.#chunks % CHUNKS_A_PART !== 0) return undefined
    const part = { from: this.#partFrom, to: this.#bytes }
    this.#partFrom = part.to
    return part
  }

  /** The header and a part, as a file of their own. */
  part({ from, to }: Span): Buffer {
    return Buffer.concat([this.#audio.subarray(0, this.#headerBytes), this.#audio.subarray(from, to)])
  }

  /** The header and everything behind it. */
  upTo(bytes: number): Buffer {
    return this.#audio.subarray(0, bytes)
  }

  #append(chunk: Buffer): void {
    const bytes = this.#bytes + chunk.length
    if (bytes > this.#audio.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(2 * this.#audio.length, this.#maxBytes)))
      this.#audio.copy(larger, 0, 0, this.#bytes)
      this.#audio = larger
    }
    chunk.copy(this.#audio, this.#bytes)
    this.#bytes = bytes
  }
}
