import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createVerifier } from 'fast-jwt'
import type { AddressResolver, ClientAddress, NetworkTest } from './client-address.ts'
import type { Revision } from './config/store.ts'
import type { Breakers } from './breaker/breakers.ts'
import { type Edge, NO_BUCKET } from './edge.ts'
import { type AssignmentRequest, assign } from './routing/assign.ts'
import { NATIVE } from './routing/route.ts'

const SANE_REQUEST_ID = /^[A-Za-z0-9._~-]{1,128}$/
const VERIFIED_TOKENS_KEPT = 1_000

export interface AssignerOptions {
  readonly revision: () => Revision
  readonly resolveAddress: AddressResolver
  readonly jwtSecret: string
  /** May this address send `x-gateway-target`? */
  readonly overrideNetwork: NetworkTest
  /** Value of `x-gateway-credential` that allows it as well; empty: none does. */
  readonly overrideCredential: string
  readonly breakers: Pick<Breakers, 'isOpen' | 'began'>
}

/** Decides once for a request, on its header alone: who it is, which route and which target. */
export type Assigner = (request: IncomingMessage) => Edge

export function createAssigner(options: AssignerOptions): Assigner {
  const { revision, resolveAddress, breakers } = options
  const callers = new Callers(options)
  const breakerOpen = (routeId: string) => breakers.isOpen(routeId)
  return request => {
    const { number, table } = revision()
    const client = resolveAddress(request)
    const facts = new Facts(request, client, callers)
    const assignment = assign(table, facts, breakerOpen)
    if (assignment.target === NATIVE) breakers.began(assignment.route.id)
    return {
      assignment,
      revision: number,
      requestId: requestIdOf(request),
      client,
      bucket: facts.bucket,
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

/** What tells callers apart and what lets them choose: the secrets stay in here. */
class Callers {
  readonly #verify: (token: string) => unknown
  readonly #network: NetworkTest
  readonly #credentialDigest: Buffer | undefined

  constructor({ jwtSecret, overrideNetwork, overrideCredential }: AssignerOptions) {
    // An expired token still tells who its bearer is: the caller stays on its side while logging in again.
    this.#verify = createVerifier({
      key: jwtSecret,
      algorithms: ['HS256'],
      ignoreExpiration: true,
      cache: VERIFIED_TOKENS_KEPT
    })
    this.#network = overrideNetwork
    this.#credentialDigest = overrideCredential === '' ? undefined : sha256(overrideCredential)
  }

  /** `userID` of a token with a valid signature. */
  userId(authorization: string | undefined): string | undefined {
    if (authorization?.startsWith('Bearer ') !== true) return undefined
    try {
      const payload = this.#verify(authorization.slice(7))
      const hasUser = typeof payload === 'object' && payload !== null && 'userID' in payload
      return hasUser && typeof payload.userID === 'string' ? payload.userID : undefined
    } catch {
      return undefined
    }
  }

  mayOverride(address: string, credential: string | string[] | undefined): boolean {
    if (this.#network(address)) return true
    if (this.#credentialDigest === undefined || typeof credential !== 'string') return false
    return timingSafeEqual(sha256(credential), this.#credentialDigest)
  }
}

/** The facts that the assignment may ask for, found out only when it does. */
class Facts implements AssignmentRequest {
  bucket = NO_BUCKET
  readonly #request: IncomingMessage
  readonly #client: ClientAddress
  readonly #callers: Callers

  constructor(request: IncomingMessage, client: ClientAddress, callers: Callers) {
    this.#request = request
    this.#client = client
    this.#callers = callers
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
    return this.#callers.mayOverride(this.#client.address, headers['x-gateway-credential']) ? wanted : undefined
  }

  userId(): string | undefined {
    return this.#callers.userId(this.#request.headers.authorization)
  }

  address(): string {
    return this.#client.address
  }

  bucketIs(bucket: number): void {
    this.bucket = bucket
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
