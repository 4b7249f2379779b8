import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { takeUpgrade, type Upgrade, upgradeOf } from '../services/index.ts'
import type { Assigner } from './assigner.ts'
import { type Edge, setEdge } from './edge.ts'
import { refuseSeveralHosts } from './proxy/failure.ts'
import { hasSeveralHosts, type Relay } from './proxy/relay.ts'
import type { Tunnel } from './proxy/websocket.ts'
import { NATIVE } from './routing/route.ts'
import { CLIENT_LEFT, type Observer } from './telemetry/observe.ts'

export interface UpgradeOptions {
  readonly assigner: Assigner
  readonly tunnel: Tunnel
  readonly observer: Observer
}

/** The connections that were handed over for WebSocket, natively served or tunnelled. */
export interface Upgrades {
  readonly size: number
  /** Ends every one that is still open. */
  destroy(): void
}

/**
 * Assigns requests for WebSocket a target like any other. Native ones go through Fastify, which runs the hooks of the
 * route, and then become a socket or get an ordinary answer; all others go to a tunnel.
 */
export function serveUpgrades(app: FastifyInstance, { assigner, tunnel, observer }: UpgradeOptions): Upgrades {
  const open = new Set<Socket>()
  app.server.on('upgrade', (request, _socket, head) => {
    const upgrade = takeUpgrade(request, head)
    if (upgrade === undefined) return
    const { socket } = request
    const edge = assigner(request)
    setEdge(request, edge)
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      observer.ended(request, edge, statusOf(upgrade, edge))
    })
    if (hasSeveralHosts(request.rawHeaders)) return refuseSeveralHosts(upgrade.response, edge.requestId)
    if (edge.assignment.target !== NATIVE) return tunnel(request, upgrade, edge)
    const servedBy = edge.assignment.route.servedBy ? { 'x-served-by': NATIVE } : {}
    upgrade.headers = { 'x-request-id': edge.requestId, ...servedBy }
    app.routing(request, upgrade.response)
  })
  return {
    get size() {
      return open.size
    },
    destroy() {
      for (const socket of open) socket.destroy()
    }
  }
}

/** What the client got. */
function statusOf({ status, response }: Upgrade, { failure }: Edge): number {
  const isAnswered = response.writableFinished || failure !== undefined
  return status ?? (isAnswered ? response.statusCode : CLIENT_LEFT)
}

/** A relay that sends on requests for WebSocket too, where native failed them. */
export function withUpgrades(relay: Relay, tunnel: Tunnel): Relay {
  return (request, response, edge) => {
    const upgrade = upgradeOf(request)
    if (upgrade === undefined) relay(request, response, edge)
    else tunnel(request, upgrade, edge)
  }
}
