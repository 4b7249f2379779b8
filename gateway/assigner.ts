import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { CallerIdentity } from './caller-identity.ts'
import type { AddressResolver, ClientAddress } from './client-address.ts'
import type { Revision } from './config/store.ts'
import type { Breakers } from './breaker/breakers.ts'
import { type Edge, NO_BUCKET } from './edge.ts'
import { type AssignmentRequest, assign } from './routing/assign.ts'
import { NATIVE } from './routing/route.ts'

const SANE_REQUEST_ID = /^[A-Za-z0-9._~-]{1,128}$/

export interface AssignerOptions {
  readonly revision: () => Pick<Revision, 'number' | 'table'>
  readonly resolveAddress: AddressResolver
  readonly identity: CallerIdentity
  readonly breakers: Pick<Breakers, 'isOpen' | 'began'>
}

/** Decides once for a request, on its header alone: who it is, which route and which target. */
export type Assigner = (request: IncomingMessage) => Edge

export function createAssigner(options: AssignerOptions): Assigner {
  const { revision, resolveAddress, identity, breakers } = options
  const breakerOpen = (routeId: string) => breakers.isOpen(routeId)
  return request => {
    const { number, table } = revision()
    const client = resolveAddress(request)
    const facts = new Facts(request, client, identity)
    const assignment = assign(table, facts, breakerOpen)
    if (assignment.target === NATIVE) breakers.began(assignment.route.id)
    return {
      assignment,
      revision: number,
      requestId: requestIdOf(request),
      client,
      bucket: facts.bucket,
      authorization: request.headers.authorization,
      startedAt: performance.now(),
      servedBy: assignment.target,
      fellBack: false,
      failure: undefined
    }
  }
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID()
}

/** The facts that the assignment may ask for, found out only when it does. */
class Facts implements AssignmentRequest {
  bucket = NO_BUCKET
  readonly #request: IncomingMessage
  readonly #client: ClientAddress
  readonly #identity: CallerIdentity

  constructor(request: IncomingMessage, client: ClientAddress, identity: CallerIdentity) {
    this.#request = request
    this.#client = client
    this.#identity = identity
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get url(): string {
    return this.#request.url ?? '/'
  }

  requestedMethod(): string | undefined {
    return this.#request.headers['access-control-request-method']
  }

  override(): 'native' | 'legacy' | undefined {
    const { headers } = this.#request
    const wanted = headers['x-gateway-target']
    if (wanted !== 'native' && wanted !== 'legacy') return undefined
    return this.#identity.mayOverride(this.#client.address, headers['x-gateway-credential']) ? wanted : undefined
  }

  userId(): string | undefined {
    return this.#identity.userId(this.#request.headers.authorization)
  }

  address(): string {
    return this.#client.address
  }

  bucketIs(bucket: number): void {
    this.bucket = bucket
  }
}
