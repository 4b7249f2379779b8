import type { ServerResponse } from 'node:http'
import { fastifySSE } from '@fastify/sse'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accessOf } from './authenticate.ts'
import { Problem } from './problem.ts'

/** Between two signs of life: less than the minute after which proxies cut a silent answer. */
const HEARTBEAT_MS = 15_000
/** Streams at once. */
const MOST_STREAMS = 100

/** One answer that does not end by itself. */
export interface EventStream {
  /** Sends a message, unless the reader is too far behind: then it is dropped, and comes back with Last-Event-ID. */
  send(message: string): void
  /** Calls once when the stream is over, whoever ended it. */
  onClose(task: () => void): void
}

export interface EventStreamsOptions {
  /** Bytes that a reader may be behind. */
  readonly mostBehind: number
}

/**
 * Server-sent events (WHATWG HTML, section 9.2) for the routes of a scope that are registered after it.
 *
 * @returns what turns an answer into a stream. It throws a Problem when there are too many.
 */
export async function serveEventStreams(
  app: FastifyInstance,
  { mostBehind }: EventStreamsOptions
): Promise<(request: FastifyRequest, reply: FastifyReply) => EventStream> {
  const streams = new Set<ServerResponse>()
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS })

  // A server closes when its last answer has ended, and these do not end by themselves.
  app.addHook('preClose', async () => {
    for (const stream of streams) {
      if (stream.writableLength === 0) stream.end()
      else stream.destroy()
    }
  })

  return (request, reply) => {
    if (streams.size >= MOST_STREAMS) {
      throw new Problem('unavailable', `there are ${MOST_STREAMS} event streams already: close one, or try again later`)
    }
    const { raw, sse } = reply
    const access = accessOf(request)
    // After the stream's end nothing else comes over its connection, so that it does not keep a server from closing.
    reply.header('connection', 'close')
    sse.keepAlive()
    sse.sendHeaders()
    raw.flushHeaders()
    streams.add(raw)
    sse.onClose(() => streams.delete(raw))
    return {
      send(message) {
        if (!sse.isConnected || raw.writableEnded) return
        if (!access.holds()) raw.end()
        else if (raw.writableLength > mostBehind) raw.destroy()
        else raw.write(message)
      },
      onClose(task) {
        if (sse.isConnected) sse.onClose(task)
        else task()
      }
    }
  }
}

/** A message as it is sent. @param json of one line. */
export function messageOf(event: string, json: string, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`
}

/** @throws Problem when the header is no id of an event. */
export function lastEventIdOf({ headers }: FastifyRequest): number | undefined {
  const header = headers['last-event-id']
  if (header === undefined || header === '') return undefined
  if (typeof header === 'string' && /^\d{1,16}$/.test(header)) return Number(header)
  throw new Problem('bad-request', `the header Last-Event-ID: expected the id of an event, a whole number`)
}
