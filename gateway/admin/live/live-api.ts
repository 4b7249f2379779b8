import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ApiOptions } from '../dependencies.ts'
import { lastEventIdOf, serveEventStreams } from '../event-streams.ts'
import { eventMessage } from './live.ts'

/** Bytes that a reader may be behind: a snapshot of 200 routes has a quarter of it, and a phone takes its time. */
const MOST_BEHIND = 1_048_576
/** Of the events before, for somebody who comes for the first time. */
const EARLIER = 100

/** The overview as it changes, and the events: those that are kept and came since `Last-Event-ID` first. */
export const liveApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { live, events }) => {
  const openStream = await serveEventStreams(app, { mostBehind: MOST_BEHIND })

  app.get('/live', { sse: 'only', exposeHeadRoute: false }, async (request, reply) => {
    const lastId = lastEventIdOf(request)
    const stream = openStream(request, reply)
    stream.onClose(await live.follow(message => stream.send(message)))
    const earlier = lastId === undefined ? events.since().slice(-EARLIER) : events.since(lastId)
    for (const event of earlier) stream.send(eventMessage(event))
  })
}
