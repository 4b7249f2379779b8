import type { IncomingMessage } from 'node:http'
import proxyAddr from '@fastify/proxy-addr'

/** Who sent a request, as far as the connection and the trusted proxies in front of it tell. */
export interface ClientAddress {
  /** The client's address: the last untrusted hop. IPv4-mapped IPv6 is written as IPv4. */
  readonly address: string
  /** The whole `X-Forwarded-For` to send on: the chain when the peer is trusted, then the peer. */
  readonly forwardedFor: string
  /** True when the peer is a trusted proxy, so that its `X-Forwarded-*` count. */
  readonly peerTrusted: boolean
}

export type AddressResolver = (request: IncomingMessage) => ClientAddress

export type NetworkTest = (address: string) => boolean

/**
 * Compiles a list of addresses and CIDR networks into a test.
 *
 * @throws TypeError naming the entry that is neither.
 */
export function networkTest(networks: readonly string[]): NetworkTest {
  if (networks.length === 0) return () => false
  const matches = proxyAddr.compile([...networks])
  return address => matches(address, 0)
}

/** A resolver that believes `X-Forwarded-For` only as far as the listed proxies wrote it. */
export function addressResolver(trustedProxies: readonly string[]): AddressResolver {
  const trusted = networkTest(trustedProxies)
  return request => {
    const peer = plainAddress(request.socket.remoteAddress ?? '')
    if (!trusted(peer)) return { address: peer, forwardedFor: peer, peerTrusted: false }
    const chain = request.headers['x-forwarded-for']
    return {
      address: plainAddress(proxyAddr(request, trusted)),
      forwardedFor: chain === undefined ? peer : `${String(chain)}, ${peer}`,
      peerTrusted: true
    }
  }
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
