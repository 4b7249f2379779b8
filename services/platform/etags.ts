import etag from 'etag'
import fp from 'fastify-plugin'
import fresh from 'fresh'

/**
 * Weak ETags and 304 as Express's `res.send` makes them: a tag over every body whatever the status, and an empty 304
 * for a fresh GET or HEAD that would have answered 2xx.
 */
export const etags = fp(
  async app => {
    app.addHook('onSend', (request, reply, payload, done) => {
      if (typeof payload !== 'string' || reply.hasHeader('etag')) return done(null, payload)
      const tag = etag(payload, { weak: true })
      reply.header('etag', tag)
      const conditional = request.method === 'GET' || request.method === 'HEAD'
      const successful = reply.statusCode >= 200 && reply.statusCode < 300
      if (!conditional || !successful || !fresh(request.headers, { etag: tag })) return done(null, payload)
      reply.code(304).removeHeader('content-type').removeHeader('content-length')
      // Not null: Fastify's own hook for HEAD measures the payload next.
      done(null, '')
    })
  },
  { name: 'platform-etags' }
)
