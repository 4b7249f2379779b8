import type { ServerResponse } from 'node:http'
import { fastifySSE } from '@fastify/sse'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GatewayEvent } from '../events/event.ts'
import type { ApiOptions } from './dependencies.ts'
import { Problem } from './problem.ts'

/** Between two signs of life: less than the minute after which proxies cut a silent answer. */
const HEARTBEAT_MS = 15_000
/** Bytes that a reader may be behind before it is dropped; it comes back with Last-Event-ID. */
const MOST_BEHIND = 65_536
/** Streams at once. */
const MOST_STREAMS = 100

/**
 * The events as they come, as server-sent events (WHATWG HTML, section 9.2). With `Last-Event-ID` those that came since
 * and are still kept come first.
 */
export const eventsApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { events }) => {
  const streams = new Set<ServerResponse>()
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS })

  // A server closes when its last answer has ended, and these do not end by themselves.
  app.addHook('preClose', async () => {
    for (const stream of streams) {
      if (stream.writableLength === 0) stream.end()
      else stream.destroy()
    }
  })

  app.get('/events', { sse: 'only', exposeHeadRoute: false }, async (request, reply) => {
    const lastId = lastIdOf(request.headers['last-event-id'])
    if (streams.size >= MOST_STREAMS) {
      throw new Problem('unavailable', `there are ${MOST_STREAMS} event streams already: close one, or try again later`)
    }
    const { raw, sse } = reply
    // After the stream's end nothing else comes over its connection, so that it does not keep a server from closing.
    reply.header('connection', 'close')
    sse.keepAlive()
    sse.sendHeaders()
    raw.setMaxListeners(0)

    const tell = (event: GatewayEvent) => {
      if (raw.writableLength > MOST_BEHIND) raw.destroy()
      else if (sse.isConnected) void sse.send({ id: String(event.id), event: event.type, data: event })
    }
    streams.add(raw)
    const unsubscribe = events.subscribe(tell)
    sse.onClose(() => {
      unsubscribe()
      streams.delete(raw)
    })
    raw.flushHeaders()
    if (lastId !== undefined) for (const event of events.since(lastId)) tell(event)
  })
}

function lastIdOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === '') return undefined
  if (typeof header === 'string' && /^\d{1,16}$/.test(header)) return Number(header)
  throw new Problem('bad-request', `the header Last-Event-ID: expected the id of an event, a whole number`)
}
