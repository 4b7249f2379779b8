import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Framed, type RawMessage, WireReader } from './wire.ts'

export interface RawRequest extends RawMessage {
  readonly method: string
  readonly target: string
  readonly socket: Socket
  /** Which connection brought it, and which request on it this is; both from 1. */
  readonly connection: number
  readonly turn: number
  /** The decoded body, once it is all there. */
  readonly body: () => Promise<Buffer>
}

export interface RawAnswer extends RawMessage {
  readonly status: number
  readonly reason: string
  readonly body: Buffer
  readonly trailers: readonly (readonly [string, string])[]
  /** The 1xx answers that came before. */
  readonly informational: readonly RawAnswerHead[]
}

export type RawAnswerHead = Pick<RawAnswer, 'line' | 'fields' | 'all' | 'header' | 'status' | 'reason'>

export interface RawServer {
  readonly port: number
  readonly url: string
  /** Connections accepted so far. */
  readonly connections: number
  /** Requests whose header has come, in order. */
  readonly requests: readonly RawRequest[]
  /** The request with that number (from 1), as soon as its header has come. */
  readonly request: (number: number) => Promise<RawRequest>
  readonly close: () => Promise<void>
}

/** Answers one request by writing to its socket. The next request on the connection is read when it is done. */
export type RawHandler = (request: RawRequest) => void | Promise<void>

/** A TCP server on a free loopback port that hands out requests as they came and leaves every byte of the answer to the test. */
export async function startRawServer(answer: RawHandler): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const requests: RawRequest[] = []
  const waiting = new Map<number, (request: RawRequest) => void>()
  let connections = 0

  const serve = async (socket: Socket, connection: number) => {
    const reader = new WireReader(socket)
    for (let turn = 1; ; turn += 1) {
      const message = await reader.message()
      if (message === undefined) return
      const [method = '', target = ''] = message.line.split(' ')
      let body: Promise<Framed> | undefined
      const readBody = () => (body ??= reader.body(message, false))
      const request = {
        ...message,
        method,
        target,
        socket,
        connection,
        turn,
        body: async () => (await readBody()).body
      }
      requests.push(request)
      waiting.get(requests.length)?.(request)
      await answer(request)
      await readBody()
    }
  }

  const server = createServer({ noDelay: true }, socket => {
    connections += 1
    sockets.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => sockets.delete(socket))
    // A connection that breaks while it is read has nothing more to serve; what it means is the test's to say.
    serve(socket, connections).catch(ignore)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    requests,
    async request(number) {
      const there = requests[number - 1]
      if (there !== undefined) return there
      const { promise, resolve } = Promise.withResolvers<RawRequest>()
      waiting.set(number, resolve)
      return promise
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

export interface RawClient {
  readonly socket: Socket
  /** Writes bytes; text as latin1. */
  readonly send: (bytes: string | Buffer) => void
  /** The next whole answer. `method` of the request tells whether it has a body. Rejects when the connection ends before. */
  readonly answer: (method?: string) => Promise<RawAnswer>
  /** The next final header, whatever becomes of the body. */
  readonly answerHead: () => Promise<RawAnswerHead>
  /** The next body bytes as they come, framing included. */
  readonly bytes: (count: number) => Promise<Buffer>
  /** Everything until the connection ends, and how it did. */
  rest(): Promise<{ bytes: Buffer; error: Error | undefined }>
}

/** A client connection to a loopback port. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', ignore)
  const reader = new WireReader(socket)
  await once(socket, 'connect')

  const finalHead = async () => {
    const informational: RawAnswerHead[] = []
    for (;;) {
      const message = await reader.message()
      if (message === undefined) throw new Error('the connection ended before an answer')
      const status = Number(message.line.slice(9, 12))
      const head = { ...message, status, reason: message.line.slice(13) }
      if (status >= 200 || status === 101) return { head, informational }
      informational.push(head)
    }
  }
  return {
    socket,
    send: bytes => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    async answer(method = 'GET') {
      const { head, informational } = await finalHead()
      const bodyless = method === 'HEAD' || head.status === 204 || head.status === 304 || head.status === 101
      return { ...head, ...(await reader.body(head, !bodyless)), informational }
    },
    answerHead: async () => (await finalHead()).head,
    bytes: count => reader.bytes(count),
    rest: () => reader.rest()
  }
}

/** The port that a server listens on. */
export function portOf(server: { address(): string | AddressInfo | null }): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on TCP')
  return address.port
}

/** One request on a connection of its own. */
export async function rawExchange(port: number, request: string | Buffer): Promise<RawAnswer> {
  const client = await connectRaw(port)
  client.send(request)
  try {
    return await client.answer(request.toString('latin1').split(' ', 1)[0])
  } finally {
    client.socket.destroy()
  }
}

function ignore(): void {}
