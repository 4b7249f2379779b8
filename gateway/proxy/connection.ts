import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'

const HEADER_END = '\r\n\r\n'
/** `HTTP/1.1 100`, of which only the version may differ. */
const STATUS_AT = 9
const CONTINUE = Buffer.from('100 ')

/** What one connection of a pool has been through; a new socket begins anew. */
export class Connection {
  /** Requests that the present socket has carried. */
  requests = 0
  /** The socket has failed. */
  broken = false
  /** A request is out whose final answer has not begun. */
  awaitingAnswer = false

  /** Told before a socket is opened. */
  opening(): void {
    this.requests = 0
    this.broken = false
    this.awaitingAnswer = false
  }

  /**
   * Follows the socket, ahead of undici.
   *
   * undici takes a `100 Continue` that nobody asked for (RFC 9110 §15.2 lets a server send it) for a breach of the
   * protocol and destroys the connection, so it never gets to see one.
   */
  opened(socket: Socket): void {
    socket.once('error', () => {
      this.broken = true
    })
    const read = socket.read.bind(socket)
    socket.read = (size?: number): unknown => {
      const chunk: unknown = read(size)
      return this.awaitingAnswer && Buffer.isBuffer(chunk) ? withoutContinue(chunk) : chunk
    }
  }
}

function withoutContinue(chunk: Buffer): Buffer | null {
  let rest = chunk
  while (rest.length > STATUS_AT && CONTINUE.equals(rest.subarray(STATUS_AT, STATUS_AT + CONTINUE.length))) {
    const end = rest.indexOf(HEADER_END)
    if (end === -1 || rest.toString('latin1', 0, 5) !== 'HTTP/') break
    rest = rest.subarray(end + HEADER_END.length)
  }
  return rest.length === 0 ? null : rest
}

/** A handler that is told, when its request is given to a connection, which one. */
export interface ConnectionAware extends Dispatcher.DispatchHandler {
  connection: Connection | undefined
}

/** An undici client, which has one connection, that tells its handlers about it. */
export class ConnectionClient extends Client {
  readonly #connection: Connection

  constructor(origin: URL, options: Client.Options, connection: Connection) {
    super(origin, options)
    this.#connection = connection
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler | ConnectionAware
  ): boolean {
    if ('connection' in handler) handler.connection = this.#connection
    return super.dispatch(options, handler)
  }
}
