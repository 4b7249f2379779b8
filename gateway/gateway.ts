import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { connectDatabase, nativeModules } from '../services/index.ts'
import { readiness } from './admin/readiness.ts'
import { createAdminServer } from './admin/server.ts'
import { type Assigner, createAssigner } from './assigner.ts'
import { addressResolver, networkTest } from './client-address.ts'
import { type ConfigStore, openConfigStore } from './config/store.ts'
import { edgeOf } from './edge.ts'
import { type Environment, EnvironmentError } from './environment.ts'
import { registerNativeSide } from './native-side.ts'
import { createRelay, hasSeveralHosts } from './proxy/relay.ts'
import { createUpstreams, resolveTargets } from './proxy/upstreams.ts'
import { createTunnels, type Tunnels } from './proxy/websocket.ts'
import { createPublicServer } from './public-server.ts'
import { compileRoutingTable } from './routing/table.ts'
import { drain } from './shutdown.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createObserver } from './telemetry/observe.ts'

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

  const app = createPublicServer({
    assigner,
    relay,
    observer,
    logger,
    requestTimeout: environment.REQUEST_TIMEOUT_MS
  })
  tunnelUpgrades(app, { assigner, tunnels })
  const nativeRoutes = await registerNativeSide(app, {
    modules: nativeModules,
    platform: {
      database,
      jwtSecret: environment.JWT_SECRET,
      bcryptCost: environment.BCRYPT_COST,
      loginLimits: {
        windowMs: environment.LOGIN_WINDOW_MS,
        perAccountAndAddress: environment.LOGIN_FAILURES_PER_ACCOUNT_AND_ADDRESS,
        perAccount: environment.LOGIN_FAILURES_PER_ACCOUNT,
        perAddress: environment.LOGIN_FAILURES_PER_ADDRESS,
        registrationsPerAddress: environment.REGISTRATIONS_PER_ADDRESS
      },
      revocationStalenessMs: environment.REVOCATION_STALENESS_MS,
      clientAddress: ({ raw }) => edgeOf(raw).client.address,
      openai: {
        baseUrl: environment.OPENAI_BASE_URL,
        apiKey: environment.OPENAI_API_KEY,
        chatModel: environment.OPENAI_CHAT_MODEL,
        transcriptionModel: environment.OPENAI_TRANSCRIPTION_MODEL,
        timeoutMs: environment.OPENAI_TIMEOUT_MS,
        maxRetries: environment.OPENAI_MAX_RETRIES,
        concurrency: environment.OPENAI_CONCURRENCY
      },
      terminology: {
        baseUrl: environment.NHS_BASE_URL,
        clientId: environment.NHS_CLIENT_ID,
        clientSecret: environment.NHS_CLIENT_SECRET,
        timeoutMs: environment.NHS_TIMEOUT_MS
      }
    },
    relay,
    draining,
    onFallback: edge => metrics.countFallback(edge)
  })

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

interface UpgradeOptions {
  readonly assigner: Assigner
  readonly tunnels: Tunnels
}

function tunnelUpgrades({ server }: FastifyInstance, { assigner, tunnels }: UpgradeOptions): void {
  server.on('upgrade', (request, socket, head) => {
    if (hasSeveralHosts(request.rawHeaders)) tunnels.refuse(request, socket)
    else tunnels.open(request, socket, head, assigner(request))
  })
}
