import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type NativeModule, type PlatformOptions, platform } from '../services/index.ts'
import { type Edge, edgeOf } from './edge.ts'
import { hasBody } from './proxy/exchange.ts'
import { refuseSeveralHosts } from './proxy/failure.ts'
import { hasSeveralHosts, type Relay } from './proxy/relay.ts'
import type { NativeRoute } from './routing/route.ts'

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface NativeSideOptions {
  readonly modules: readonly NativeModule[]
  readonly platform: PlatformOptions
  readonly relay: Relay
  /** True while the gateway is stopping. */
  readonly draining: () => boolean
  /** Told once of every request that native failed and the upstream answers instead. */
  readonly onFallback: (edge: Edge) => void
}

/**
 * The native services, each in a context of its own. They know nothing of weights.
 *
 * @returns the routes that they serve, for the routing table.
 */
export async function registerNativeSide(app: FastifyInstance, options: NativeSideOptions): Promise<NativeRoute[]> {
  const routes: NativeRoute[] = []
  await app.register(async scope => {
    scope.addHook('onRequest', (request, reply, done) => {
      const { requestId, servedBy, assignment } = edgeOf(request.raw)
      if (hasSeveralHosts(request.raw.rawHeaders)) {
        reply.hijack()
        return refuseSeveralHosts(reply.raw, requestId)
      }
      reply.header('x-request-id', requestId)
      if (assignment.route.servedBy) reply.header('x-served-by', servedBy)
      if (options.draining()) reply.header('connection', 'close')
      done()
    })
    await scope.register(platform, options.platform)
    for (const module of options.modules) {
      await scope.register(async child => {
        child.addHook('onRoute', ({ method, url }) => {
          for (const each of [method].flat()) routes.push({ module: module.name, method: each, url })
        })
        addFallback(child, options)
        await child.register(module.plugin)
      })
    }
  })
  return routes
}

/** Answers a safe request from the upstream when native failed, where the route allows it. */
function addFallback(scope: FastifyInstance, { relay, onFallback }: NativeSideOptions): void {
  const fallBack = (request: FastifyRequest, reply: FastifyReply) => {
    const edge = edgeOf(request.raw)
    reply.hijack()
    edge.servedBy = edge.assignment.route.upstream
    edge.fellBack = true
    onFallback(edge)
    relay(request.raw, reply.raw, edge)
  }
  scope.setErrorHandler((error, request, reply) => {
    if (statusOf(error) >= 500 && mayFallBack(request)) return fallBack(request, reply)
    throw error
  })
  // A 5xx that a service answers without throwing.
  scope.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode < 500 || !mayFallBack(request)) return payload
    throw new NativeFailure(reply.statusCode)
  })
}

class NativeFailure extends Error {
  readonly statusCode: number

  constructor(statusCode: number) {
    super('a native service failed')
    this.statusCode = statusCode
  }
}

/** Only where it cannot do harm: a safe method without a body, on a route that has fallback on, once. */
function mayFallBack({ raw }: FastifyRequest): boolean {
  const { assignment, servedBy } = edgeOf(raw)
  return assignment.route.fallback && servedBy === 'native' && SAFE.has(raw.method ?? '') && !hasBody(raw)
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 ? status : 500
}
