import { createServer, type Server } from 'node:http'
import { parse as parseQuery } from 'node:querystring'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  LogController
} from 'fastify'
import { answerUnroutable, asksForWebSocket } from '../services/index.ts'
import type { Assigner } from './assigner.ts'
import { edgeOf, setEdge } from './edge.ts'
import type { Relay } from './proxy/relay.ts'
import { NATIVE } from './routing/route.ts'
import type { Observer } from './telemetry/observe.ts'

const BODY_LIMIT_BYTES = 10 * 1024 * 1024
/** Longer than the 60 s that nginx keeps its own idle connections to us. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
const MAX_PARAM_LENGTH = 4_096

export interface PublicServerOptions {
  readonly assigner: Assigner
  readonly relay: Relay
  readonly observer: Observer
  readonly logger: FastifyBaseLogger
  /** Milliseconds that a client may take to send one request. */
  readonly requestTimeout: number
}

/**
 * The public listener. It decides the target of a request before anything else looks at it: what is native goes to
 * Fastify, everything else straight to the relay. Fastify's router, hooks and reply were a tenth of a relayed request.
 */
export function createPublicServer(options: PublicServerOptions): FastifyInstance {
  const { relay, logger } = options
  /** A path that no native route has, or that the router cannot decode, is the upstream's to judge, if there is one. */
  const answerUnrouted = (request: FastifyRequest, reply: FastifyReply) => {
    const edge = edgeOf(request.raw)
    if (edge.assignment.reason === 'native-only') {
      answerUnroutable(request, reply.header('x-request-id', edge.requestId))
      return
    }
    reply.hijack()
    relay(request.raw, reply.raw, edge)
  }
  const app = Fastify({
    serverFactory: native => assigningServer(native, options),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: request => edgeOf(request).requestId,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    // While draining, requests on open connections are still answered.
    return503OnClosing: false,
    routerOptions: {
      // As Express routes, and as the routing table does.
      caseSensitive: false,
      ignoreTrailingSlash: true,
      maxParamLength: MAX_PARAM_LENGTH,
      querystringParser: parseQuery
    },
    frameworkErrors: (_error, request, reply) => answerUnrouted(request, reply)
  })
  app.setNotFoundHandler(answerUnrouted)
  return app
}

function assigningServer(
  native: Parameters<FastifyServerFactory>[0],
  { assigner, relay, observer, requestTimeout }: PublicServerOptions
): Server {
  const server = createServer(
    {
      requestTimeout,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      shouldUpgradeCallback: asksForWebSocket,
      // A request without content costs no stream of its own: a tenth of a relayed GET.
      optimizeEmptyRequests: true
    },
    (request, response) => {
      const edge = assigner(request)
      setEdge(request, edge)
      observer.watch(request, response)
      if (edge.assignment.target === NATIVE) native(request, response)
      else relay(request, response, edge)
    }
  )
  // Node drops header fields past a count without a word; the limit in bytes stays.
  server.maxHeadersCount = 0
  return server
}
