import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { LRUCache } from 'lru-cache'
import { boundedFetch } from './bounded-fetch.ts'
import { untilAborted } from './until-aborted.ts'

/** Where the NHS terminology server is, and this client's credentials. */
export interface TerminologyOptions {
  /** An origin; default `https://ontology.nhs.uk`. */
  readonly baseUrl?: string
  readonly clientId?: string
  /** Without credentials every search fails. */
  readonly clientSecret?: string
  /** Milliseconds that one request may take; default 10,000. */
  readonly timeoutMs?: number
}

export interface ClinicalCode {
  readonly name: string
  readonly code: string
  /** The code system. */
  readonly url: string
}

/** Answers are kept for an hour; equal searches at the same time are one. */
export interface Terminology {
  /**
   * The SNOMED CT terms that match, best first, at most 10. When the signal aborts, it rejects with the signal's reason.
   *
   * @throws TerminologyFailure
   */
  search(name: string, signal?: AbortSignal): Promise<readonly ClinicalCode[]>
}

/** The terminology server gave no usable answer. The message holds nothing that it or the caller wrote. */
export class TerminologyFailure extends Error {
  override readonly name = 'TerminologyFailure'
}

const DEFAULT_BASE_URL = 'https://ontology.nhs.uk'
const DEFAULT_TIMEOUT_MS = 10_000
const TOKEN_PATH = '/authorisation/auth/realms/nhs-digital-terminology/protocol/openid-connect/token'
const EXPAND_PATH = '/production1/fhir/ValueSet/$expand'
const VALUE_SET = 'http://snomed.info/sct/83821000000107/version/20240508?fhir_vs=isa/138875005'
const MAX_MATCHES = 10

/** A token is not used in its last moments, the last tenth of its life at most, lest it expire on the way. */
const EXPIRY_MARGIN_MS = 30_000

const MAX_SEARCHES = 500
const SEARCH_TTL_MS = 3_600_000
const MAX_RESPONSE_BYTES = 1024 * 1024

const TokenAnswer = Type.Object({
  access_token: Type.String({ minLength: 1 }),
  /** Seconds. RFC 6749 (5.1) lets a server leave it out. */
  expires_in: Type.Number({ minimum: 0, default: 60 })
})

/** FHIR R4 ValueSet. A group in an expansion has no code, and no match is no `contains`. */
const Expansion = Type.Object({
  expansion: Type.Object({
    contains: Type.Array(
      Type.Object({
        display: Type.Optional(Type.String()),
        code: Type.Optional(Type.String()),
        system: Type.Optional(Type.String())
      }),
      { default: [] }
    )
  })
})

interface Token {
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly usableUntil: number
}

export function createTerminology(options: TerminologyOptions): Terminology {
  const { baseUrl = DEFAULT_BASE_URL, clientId, clientSecret, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const send = boundedFetch(MAX_RESPONSE_BYTES)
  let token: Token | undefined
  let refreshing: Promise<Token> | undefined

  const request = async (path: string, init?: RequestInit): Promise<Response> => {
    try {
      return await send(`${baseUrl}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) })
    } catch {
      throw new TerminologyFailure('the terminology server could not be reached in time')
    }
  }

  async function newToken(): Promise<Token> {
    if (!clientId || !clientSecret) throw new TerminologyFailure('no credentials for the terminology server')
    const asked = Date.now()
    const response = await request(TOKEN_PATH, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret
      })
    })
    const { access_token: text, expires_in } = await read(TokenAnswer, response)
    const lifetime = expires_in * 1000
    token = { text, usableUntil: asked + lifetime - Math.min(EXPIRY_MARGIN_MS, lifetime / 10) }
    return token
  }

  /** One that is not `refused`; whoever needs a new one at the same time gets the same. */
  async function usableToken(refused?: Token): Promise<Token> {
    if (token !== undefined && token !== refused && Date.now() < token.usableUntil) return token
    refreshing ??= newToken().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  async function expand(name: string): Promise<readonly ClinicalCode[]> {
    const query = new URLSearchParams({ url: VALUE_SET, filter: name, count: String(MAX_MATCHES) })
    const askWith = ({ text }: Token) =>
      request(`${EXPAND_PATH}?${query.toString()}`, {
        headers: { authorization: `Bearer ${text}`, accept: 'application/fhir+json' }
      })
    const first = await usableToken()
    let response = await askWith(first)
    if (response.status === 401) {
      await response.body?.cancel()
      response = await askWith(await usableToken(first))
    }
    const { expansion } = await read(Expansion, response)
    return expansion.contains
      .flatMap(({ display, code, system }) => (display && code && system ? [{ name: display, code, url: system }] : []))
      .slice(0, MAX_MATCHES)
  }

  const searches = new LRUCache<string, readonly ClinicalCode[], string>({
    max: MAX_SEARCHES,
    ttl: SEARCH_TTL_MS,
    ttlResolution: 0,
    perf: Date,
    fetchMethod: (_key, _stale, { context: name }) => expand(name),
    // A search that others push out of the cache while it is under way still has somebody waiting.
    ignoreFetchAbort: true
  })

  return {
    async search(name, signal) {
      signal?.throwIfAborted()
      const found = searches.fetch(normal(name), { context: name })
      return (await untilAborted(found, signal)) ?? []
    }
  }
}

/** Searches that the server answers alike have one key. */
function normal(name: string): string {
  return name.normalize().trim().replaceAll(/\s+/g, ' ').toLowerCase()
}

async function read<T extends TSchema>(schema: T, response: Response): Promise<Static<T>> {
  if (!response.ok) {
    await response.body?.cancel()
    throw new TerminologyFailure(`the terminology server answered ${response.status}`)
  }
  const answer: unknown = await response.json().catch(() => undefined)
  const complete = Value.Default(schema, answer)
  if (!Value.Check(schema, complete)) throw new TerminologyFailure('the terminology server answered something else')
  return complete
}
