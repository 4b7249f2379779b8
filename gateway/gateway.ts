import { parse as parseQuery } from 'node:querystring'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController
} from 'fastify'
import { connectDatabase, nativeModules } from '../services/index.ts'
import { readiness } from './admin/readiness.ts'
import { createAdminServer } from './admin/server.ts'
import { type Assigner, createAssigner } from './assigner.ts'
import { addressResolver, networkTest } from './client-address.ts'
import { type ConfigStore, openConfigStore } from './config/store.ts'
import { edgeOf } from './edge.ts'
import { type Environment, EnvironmentError } from './environment.ts'
import { registerNativeSide } from './native-side.ts'
import { legacySide } from './proxy/legacy-side.ts'
import { createRelay, hasSeveralHosts, type Relay } from './proxy/relay.ts'
import { createUpstreams, resolveTargets } from './proxy/upstreams.ts'
import { asksForWebSocket, createTunnels, type Tunnels } from './proxy/websocket.ts'
import { compileRoutingTable } from './routing/table.ts'
import { drain } from './shutdown.ts'
import { targetConstraint } from './target-constraint.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createObserver, type Observer } from './telemetry/observe.ts'

const BODY_LIMIT_BYTES = 10 * 1024 * 1024
/** Longer than the 60 s that nginx keeps its own idle connections to us. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
const MAX_PARAM_LENGTH = 4_096

export interface GatewayOptions {
  readonly environment: Environment
  /** What `${NAME}` in the routing configuration may stand for, beside `${LEGACY_URL}`. Default: nothing. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly logger: FastifyBaseLogger
}

export interface Gateway {
  readonly app: FastifyInstance
  readonly admin: FastifyInstance
  readonly store: ConfigStore
  /** Turns unready, stops accepting, finishes what is in flight within the environment's limit, closes everything. */
  close(): Promise<void>
}

/**
 * Wires the gateway together. Nothing listens yet.
 *
 * @throws ConfigInvalidError when the routing configuration is refused.
 * @throws EnvironmentError when the database's driver refuses its URI.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { environment, version, logger } = options
  let stopping = false
  const draining = () => stopping
  const metrics = createMetrics(version)
  const observer = createObserver(metrics, logger)
  const upstreams = createUpstreams()
  const relay = createRelay({ upstream: name => upstreams.get(name), draining })
  const tunnels = createTunnels({
    upstream: name => upstreams.get(name),
    onEnd: (request, edge, status) => observer.ended(request, edge, status)
  })
  const database = await connectDatabase(environment.MONGODB_URI).catch(refuseUri)
  const assigner = createAssigner({
    revision: () => store.current,
    resolveAddress: addressResolver(environment.TRUSTED_PROXIES),
    jwtSecret: environment.JWT_SECRET,
    overrideNetwork: networkTest(environment.OVERRIDE_NETWORKS),
    overrideCredential: environment.OVERRIDE_CREDENTIAL
  })

  const app = createEdgeServer({ environment, logger, assigner, relay })
  attachToServer(app, { assigner, observer, tunnels })
  const nativeRoutes = await registerNativeSide(app, {
    modules: nativeModules,
    platform: { database, jwtSecret: environment.JWT_SECRET, bcryptCost: environment.BCRYPT_COST },
    relay,
    draining,
    onFallback: edge => metrics.countFallback(edge)
  })
  await app.register(legacySide, { relay })

  const variables = { ...options.variables, LEGACY_URL: environment.LEGACY_URL }
  const store = await openConfigStore({
    file: environment.ROUTING_CONFIG,
    nativeModules: new Set(nativeModules.map(module => module.name)),
    compile: config => {
      resolveTargets(config, variables)
      return compileRoutingTable(config, nativeRoutes)
    },
    logger
  })
  const takeOver = () => {
    upstreams.apply(resolveTargets(store.current.config, variables))
    metrics.setRevision(store.current)
    metrics.setConfigProblems(store.problems.length)
  }
  takeOver()
  store.on('revision', takeOver)
  const showProblems = () => metrics.setConfigProblems(store.problems.length)
  store.on('refused', showProblems)
  store.on('mended', showProblems)

  const admin = createAdminServer({
    logger,
    registry: metrics.registry,
    beforeScrape: () => observer.flush(),
    readiness: () =>
      readiness({
        store,
        draining,
        pingDatabase: () => database.ping(),
        pingLegacy: () => upstreams.get('legacy')?.ping() ?? Promise.reject(new Error('no target is named legacy'))
      })
  })

  return {
    app,
    admin,
    store,
    async close() {
      stopping = true
      store.close()
      await drain({
        app,
        tunnels,
        logger,
        delay: environment.SHUTDOWN_DELAY_MS,
        limit: environment.SHUTDOWN_TIMEOUT_MS
      })
      observer.flush()
      await admin.close()
      await upstreams.close()
      await database.close()
    }
  }
}

/** The driver's own words may quote the password. */
function refuseUri(): never {
  throw new EnvironmentError(['MONGODB_URI is wrong: expected a connection string whose options the driver knows'])
}

interface EdgeServerOptions {
  readonly environment: Environment
  readonly logger: FastifyBaseLogger
  readonly assigner: Assigner
  readonly relay: Relay
}

function createEdgeServer({ environment, logger, assigner, relay }: EdgeServerOptions): FastifyInstance {
  const relayAnyway = (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack()
    relay(request.raw, reply.raw, edgeOf(request.raw))
  }
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger costs more than the rest of the bookkeeping; the relay's one line names its request itself.
    childLoggerFactory: (parent, bindings, options, request) =>
      edgeOf(request).assignment.target === 'native' ? parent.child(bindings, options) : parent,
    genReqId: request => edgeOf(request).requestId,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: environment.REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // While draining, requests on open connections are still answered.
    return503OnClosing: false,
    http: { shouldUpgradeCallback: asksForWebSocket },
    routerOptions: {
      // As Express routes, and as the routing table does.
      caseSensitive: false,
      ignoreTrailingSlash: true,
      maxParamLength: MAX_PARAM_LENGTH,
      querystringParser: parseQuery,
      constraints: { target: targetConstraint(assigner) }
    },
    // A path that the router cannot decode is the upstream's to judge.
    frameworkErrors: (_error, request, reply) => relayAnyway(request, reply)
  })
  app.setNotFoundHandler(relayAnyway)
  return app
}

interface Attachments {
  readonly assigner: Assigner
  readonly observer: Observer
  readonly tunnels: Tunnels
}

/** What happens beside Fastify's own handling: every response is followed to its end, every upgrade is a tunnel. */
function attachToServer(app: FastifyInstance, { assigner, observer, tunnels }: Attachments): void {
  const { server } = app
  // Node drops header fields past a count without a word; the limit in bytes stays.
  server.maxHeadersCount = 0
  server.on('request', (request: IncomingMessage, response: ServerResponse) => observer.watch(request, response))
  server.on('upgrade', (request, socket, head) => {
    if (hasSeveralHosts(request.rawHeaders)) tunnels.refuse(request, socket)
    else tunnels.open(request, socket, head, assigner(request))
  })
}
