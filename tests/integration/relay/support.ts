import { afterAll, onTestFinished } from 'vitest'
import { type Edge, type EdgeOptions, startEdge } from '../../support/edge.ts'
import {
  connectRaw,
  type RawAnswer,
  type RawClient,
  rawExchange,
  type RawHandler,
  type RawServer,
  startRawServer
} from '../../support/raw.ts'

export interface Relayed {
  readonly edge: Edge
  readonly upstream: RawServer
  /** A client connection to the gateway, closed after the test. */
  readonly connect: () => Promise<RawClient>
  /** One request on a connection of its own. */
  readonly exchange: (request: string | Buffer) => Promise<RawAnswer>
}

/** The gateway before a raw upstream; both end with the test. */
export async function relayed(answer: RawHandler, options: Omit<EdgeOptions, 'upstream'> = {}): Promise<Relayed> {
  const upstream = await startRawServer(answer)
  onTestFinished(() => upstream.close())
  const edge = await edgeTo(upstream.port, options)
  return {
    edge,
    upstream,
    connect: () => connected(edge.port),
    exchange: request => rawExchange(edge.port, request)
  }
}

/** Gateways that are closing: without a database that takes a while, which the next test need not wait for. */
const closing: Promise<void>[] = []
afterAll(async () => {
  await Promise.all(closing)
})

/** The gateway before whatever is there, closed after the test. */
export async function edgeTo(upstream: number | string, options: Omit<EdgeOptions, 'upstream'> = {}): Promise<Edge> {
  const edge = await startEdge({ upstream, ...options })
  onTestFinished(() => void closing.push(edge.close()))
  return edge
}

/** A client connection, closed after the test. */
export async function connected(port: number): Promise<RawClient> {
  const client = await connectRaw(port)
  onTestFinished(() => void client.socket.destroy())
  return client
}

/** An answer that fits one write: status line, fields, Content-Length and body. */
export function ok(body = 'ok', fields: readonly string[] = [], status = '200 OK'): Buffer {
  const lines = [`HTTP/1.1 ${status}`, ...fields, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
}

/** A request with its fields, Host among them, and a body if there is one. */
export function requestOf(line: string, fields: readonly string[] = [], body = ''): string {
  return `${[line, 'Host: scribe.example', ...fields].join('\r\n')}\r\n\r\n${body}`
}

/** Answers every request alike. */
export function always(answer: string | Buffer): RawHandler {
  return ({ socket }) => void socket.write(typeof answer === 'string' ? Buffer.from(answer, 'latin1') : answer)
}
