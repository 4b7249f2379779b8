import { once } from 'node:events'
import type { Socket } from 'node:net'

/** A message as it came over the wire; all text is latin1, a character a byte. */
export interface RawMessage {
  /** Request line or status line. */
  readonly line: string
  /** Name and value of each field in order, names as they were written. */
  readonly fields: readonly (readonly [string, string])[]
  /** Values of the fields of that name, in order. */
  readonly all: (name: string) => string[]
  /** The value of the only field of that name; undefined when there is none, an error when there are several. */
  readonly header: (name: string) => string | undefined
}

export interface Framed {
  readonly body: Buffer
  readonly trailers: readonly (readonly [string, string])[]
}

const NOTHING: Framed = { body: Buffer.alloc(0), trailers: [] }

/** Reads HTTP/1 messages off a socket by the framing of RFC 9112 §6, with no opinion of what stands in them. */
export class WireReader {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  #length = 0
  #ended = false
  #error: Error | undefined
  #wake = Promise.withResolvers<void>()

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      this.#changed()
    })
    socket.once('error', error => {
      this.#error = error
    })
    for (const event of ['end', 'close']) {
      socket.once(event, () => {
        this.#ended = true
        this.#changed()
      })
    }
  }

  /** The next start line with its fields; undefined when the connection ends instead. */
  async message(): Promise<RawMessage | undefined> {
    const head = await this.#until('\r\n\r\n')
    if (head === undefined) return undefined
    const [line = '', ...lines] = head.toString('latin1').split('\r\n')
    const fields = lines.map(fieldOf)
    const all = (name: string) => fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
    return {
      line,
      fields,
      all,
      header(name) {
        const values = all(name)
        if (values.length > 1) throw new Error(`${values.length} fields are named ${name}`)
        return values[0]
      }
    }
  }

  async body(message: RawMessage, untilEnd: boolean): Promise<Framed> {
    if (!untilEnd && message.line.startsWith('HTTP/')) return NOTHING
    if (message.header('transfer-encoding') !== undefined) return this.#chunked()
    const length = message.header('content-length')
    if (length !== undefined) return { body: await this.bytes(Number(length)), trailers: [] }
    return untilEnd ? { body: (await this.rest()).bytes, trailers: [] } : NOTHING
  }

  async #chunked(): Promise<Framed> {
    const parts: Buffer[] = []
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16)
      if (size === 0) break
      parts.push(await this.bytes(size))
      await this.#line()
    }
    const trailers: [string, string][] = []
    for (let line = await this.#line(); line !== ''; line = await this.#line()) trailers.push(fieldOf(line))
    return { body: Buffer.concat(parts), trailers }
  }

  async #line(): Promise<string> {
    const line = await this.#until('\r\n')
    if (line === undefined) throw new Error('the connection ended inside a message')
    return line.toString('latin1')
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#length < count) {
      if (this.#ended) throw new Error('the connection ended inside a message')
      await this.#wake.promise
    }
    return this.#take(count)
  }

  async rest(): Promise<{ bytes: Buffer; error: Error | undefined }> {
    if (!this.#socket.closed) await once(this.#socket, 'close')
    return { bytes: this.#take(this.#length), error: this.#error }
  }

  async #until(delimiter: string): Promise<Buffer | undefined> {
    for (;;) {
      const at = this.#joined().indexOf(delimiter)
      if (at !== -1) return this.#take(at + delimiter.length).subarray(0, at)
      if (this.#ended) return undefined
      await this.#wake.promise
    }
  }

  #take(count: number): Buffer {
    const buffer = this.#joined()
    this.#chunks[0] = buffer.subarray(count)
    this.#length -= count
    return buffer.subarray(0, count)
  }

  #joined(): Buffer {
    const buffer = this.#chunks.length === 1 ? (this.#chunks[0] ?? NOTHING.body) : Buffer.concat(this.#chunks)
    this.#chunks.splice(0, this.#chunks.length, buffer)
    return buffer
  }

  #changed(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers<void>()
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
