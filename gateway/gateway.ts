import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createWebSockets, type NativeModule, nativeModules } from '../services/index.ts'
import { openCredentials } from './admin/credentials.ts'
import { followLastChanges } from './admin/last-changes.ts'
import { readiness } from './admin/readiness.ts'
import { createAdminServer } from './admin/server.ts'
import { createAssigner } from './assigner.ts'
import { createBreakers } from './breaker/breakers.ts'
import { CallerIdentity } from './caller-identity.ts'
import { addressResolver, networkTest } from './client-address.ts'
import { type Clock, systemClock } from './clock.ts'
import type { RoutingConfig } from './config/schema.ts'
import type { ConfigStore } from './config/store.ts'
import { connectProduct, connectRoutingStore, webhookOf } from './connections.ts'
import { type Environment, stateDirectory } from './environment.ts'
import { createEvents, type Events } from './events/events.ts'
import { breakerEvent, tellOfConfig } from './events/tell.ts'
import { registerNativeSide } from './native-side.ts'
import { platformOptions } from './platform-options.ts'
import { createRelay } from './proxy/relay.ts'
import { createUpstreams, resolveTargets } from './proxy/upstreams.ts'
import { createTunnel } from './proxy/websocket.ts'
import { createPublicServer } from './public-server.ts'
import { Outbox } from './replication/outbox.ts'
import { openSharedState } from './replication/shared-state.ts'
import type { RolloutController } from './rollout-controller/orders.ts'
import { createRecorder } from './rollout-controller/recorder.ts'
import { createCallers } from './rollout/callers.ts'
import { createEvidence } from './rollout/evidence.ts'
import { compileRoutingTable } from './routing/table.ts'
import { ServedRevision } from './served-revision.ts'
import { drain } from './shutdown.ts'
import { openFileState } from './state.ts'
import { durableFiles, type Files } from './storage/files.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createObserver } from './telemetry/observe.ts'
import {
  countEvents,
  showBreakers,
  showReadiness,
  showRollouts,
  showState,
  showTicks,
  showWebhook
} from './telemetry/shown.ts'
import { createUnmatched } from './telemetry/unmatched.ts'
import { createUsageRecorder } from './telemetry/record-usage.ts'
import { openUsage } from './telemetry/usage.ts'
import { watchingUnmatched } from './telemetry/watch-unmatched.ts'
import { followNative } from './tracing/native.ts'
import { openTracing } from './tracing/tracing.ts'
import { serveUpgrades, withUpgrades } from './upgrades.ts'

export interface GatewayOptions {
  readonly environment: Environment
  /** What `${NAME}` in the routing configuration may stand for, beside `${LEGACY_URL}`. Default: nothing. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly logger: FastifyBaseLogger
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Who serves natively. Default: our services. */
  readonly modules?: readonly NativeModule[]
  /** Is told the credential that a first start makes for the admin API. Default: nobody is, and none is made. */
  readonly announce?: (line: string) => void
  /** What is written of the state. Default: the disk. */
  readonly files?: Files
}

export interface Gateway {
  readonly app: FastifyInstance
  readonly admin: FastifyInstance
  readonly store: ConfigStore
  readonly events: Events
  readonly rollouts: RolloutController
  /** Turns unready, stops accepting, finishes what is in flight within the environment's limit, closes everything. */
  close(): Promise<void>
}

/**
 * Wires the gateway together. Nothing listens yet.
 *
 * @throws ConfigInvalidError when the routing configuration is refused.
 * @throws EnvironmentError when the database's driver refuses its URI.
 * @throws DirectoryInUseError when another process has the state directory.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { environment, version, logger, clock = systemClock, modules = nativeModules, files = durableFiles } = options
  let stopping = false
  const draining = () => stopping
  const metrics = createMetrics(version)
  const evidence = createEvidence()
  const callers = createCallers()
  const events = createEvents({ clock, logger })
  const webhook = webhookOf(environment, { clock, logger })
  const breakers = createBreakers({ clock, onChange: change => events.emit(breakerEvent(change)) })
  showBreakers(metrics.registry, () => breakers.states())
  countEvents(metrics.registry, events)
  if (webhook !== undefined) showWebhook(metrics.registry, () => webhook.counts)
  const resolveAddress = addressResolver(environment.TRUSTED_PROXIES)
  const identity = new CallerIdentity({
    jwtSecret: environment.JWT_SECRET,
    overrideNetwork: networkTest(environment.OVERRIDE_NETWORKS),
    overrideCredential: environment.OVERRIDE_CREDENTIAL
  })
  const unmatched = createUnmatched()
  const isShared = environment.ROUTING_STORE === 'mongodb'
  const outbox = new Outbox()
  // Where replicas share the state, what this one measures counts together with what the others do.
  const measured = isShared ? { evidence: outbox, callers: outbox } : { evidence, callers }
  const record = createRecorder({ clock, breakers, ...measured })
  const directory = stateDirectory(environment)
  const usage = await openUsage({ directory, files, clock, logger, current: () => store.current })
  const recordUsage = createUsageRecorder({ clock, identity, counter: isShared ? outbox.usage : usage })
  const tracing = await openTracing({ environment, version, logger, config: () => store.current.config })
  const observer = createObserver(metrics, logger, batch => {
    record(batch)
    recordUsage(batch)
    tracing?.ended(batch)
  })
  const upstreams = createUpstreams()
  const relay = createRelay({ upstream: name => upstreams.get(name), draining })
  const tunnel = createTunnel({ upstream: name => upstreams.get(name) })
  const webSockets = createWebSockets()
  const database = await connectProduct(environment, tracing?.watchCommands)
  const decide = createAssigner({
    revision: () => served.now,
    resolveAddress,
    identity,
    breakers
  })
  const watched = watchingUnmatched(decide, { clock, unmatched, identity })
  const assigner = tracing?.following(watched) ?? watched

  const app = createPublicServer({
    assigner,
    relay,
    observer,
    logger,
    requestTimeout: environment.REQUEST_TIMEOUT_MS
  })
  if (tracing !== undefined) followNative(app)
  const upgrades = serveUpgrades(app, { assigner, tunnel, observer })
  const nativeRoutes = await registerNativeSide(app, {
    modules,
    platform: platformOptions(environment, { database, webSockets }),
    relay: withUpgrades(relay, tunnel),
    draining,
    onFallback: edge => {
      metrics.countFallback(edge)
      edge.trace?.fellBack()
    }
  })

  const variables = { ...options.variables, LEGACY_URL: environment.LEGACY_URL }
  const serving = {
    file: environment.ROUTING_CONFIG,
    directory,
    nativeModules: new Set(modules.map(module => module.name)),
    compile: (config: RoutingConfig) => {
      resolveTargets(config, variables)
      return compileRoutingTable(config, nativeRoutes)
    },
    logger,
    files
  }
  const state = isShared
    ? await openSharedState({
        ...serving,
        database: await connectRoutingStore(environment),
        name: environment.REPLICA_NAME,
        version,
        clock,
        outbox,
        evidence,
        callers,
        usage,
        breakers,
        events
      })
    : await openFileState(serving)
  const { store, audit } = state
  events.subscribe(event => {
    // Each event is posted once, by the replica that it happened on; of the configuration all tell, and one posts.
    const isOurs = event.replica === undefined && (state.leads() || !event.type.startsWith('config.'))
    if (isOurs) webhook?.send(event)
  })
  const served = new ServedRevision({
    path: environment.KILL_FILE,
    logger,
    current: () => store.current,
    compile: serving.compile
  })
  const takeOver = () => {
    served.update()
    breakers.apply(store.current.config)
    upstreams.apply(resolveTargets(store.current.config, variables))
    usage.keep(store.current)
    unmatched.know(store.current.config.routes.flatMap(({ paths }) => paths))
    metrics.setRevision(store.current)
    metrics.setConfigProblems(store.problems.length)
  }
  await served.watchKillFile()
  takeOver()
  store.on('revision', takeOver)
  const showProblems = () => metrics.setConfigProblems(store.problems.length)
  store.on('refused', showProblems)
  tellOfConfig(store, events)
  store.on('mended', showProblems)

  const pingUpstream = (name: string) =>
    upstreams.get(name)?.ping() ?? Promise.reject(new Error(`no target is named ${name}`))
  const rollouts: RolloutController = await state.openRollouts({
    evidence,
    callers,
    breakers,
    events,
    clock: showTicks(metrics.registry, clock, () => rollouts.settled()),
    pingNative: () => database.ping(),
    pingUpstream
  })
  showRollouts(metrics.registry, () => rollouts.status())

  showState(metrics.registry, () => store.unrecordable === undefined && audit.problem === undefined)

  const askReadiness = () =>
    readiness({
      store,
      audit,
      draining,
      pingDatabase: () => database.ping(),
      pingLegacy: () => pingUpstream('legacy')
    })
  showReadiness(metrics.registry, askReadiness)

  const admin = createAdminServer({
    logger,
    registry: metrics.registry,
    flush: () => observer.flush(),
    trustedProxies: environment.TRUSTED_PROXIES,
    secret: environment.JWT_SECRET,
    api: {
      version,
      clock,
      store,
      audit,
      directory,
      rollouts,
      replicas: state.replicas,
      configFile: environment.ROUTING_CONFIG,
      evidence,
      callers,
      breakers,
      events,
      ...usage,
      unmatched,
      killed: () => served.killed,
      lastChanges: await followLastChanges(store),
      identity,
      credentials: await openCredentials({
        storage: state.credentials,
        clock,
        logger,
        announce: options.announce
      }),
      readiness: askReadiness,
      addressOf: request => resolveAddress(request).address
    }
  })

  return {
    app,
    admin,
    store,
    events,
    rollouts,
    async close() {
      stopping = true
      await rollouts.close()
      served.close()
      await drain({
        app,
        upgrades,
        closeWebSockets: () => webSockets.close(),
        logger,
        delay: environment.SHUTDOWN_DELAY_MS,
        limit: environment.SHUTDOWN_TIMEOUT_MS
      })
      observer.flush()
      await admin.close()
      await usage.close()
      await upstreams.close()
      await database.close()
      await webhook?.close()
      await tracing?.close()
      await state.close()
    }
  }
}
