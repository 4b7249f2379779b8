import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { GatewayEvent } from '../events/event.ts'
import type { ApiOptions } from './dependencies.ts'
import { lastEventIdOf, messageOf, serveEventStreams } from './event-streams.ts'

const MOST_BEHIND = 65_536

/** The events as they come. With `Last-Event-ID` those that came since and are still kept come first. */
export const eventsApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { events }) => {
  const openStream = await serveEventStreams(app, { mostBehind: MOST_BEHIND })

  app.get('/events', { sse: 'only', exposeHeadRoute: false }, async (request, reply) => {
    const lastId = lastEventIdOf(request)
    const stream = openStream(request, reply)
    const tell = (event: GatewayEvent) => stream.send(messageOf(event.type, JSON.stringify(event), event.id))
    stream.onClose(events.subscribe(tell))
    if (lastId !== undefined) for (const event of events.since(lastId)) tell(event)
  })
}
