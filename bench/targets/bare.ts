import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

/** `@fastify/http-proxy` as it comes: everything to `UPSTREAM`, no logger, no option set. */
const app = fastify()
await app.register(httpProxy, { upstream: String(process.env['UPSTREAM']) })
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
