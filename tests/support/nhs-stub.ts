import { randomUUID } from 'node:crypto'
import { type Endpoint, endpoint, serveStub, type StubAnswer, type StubRequest, UPSTREAM_TEXT } from './http-stub.ts'

const TOKEN_PATH = '/authorisation/auth/realms/nhs-digital-terminology/protocol/openid-connect/token'
const EXPAND_PATH = '/production1/fhir/ValueSet/$expand'
const VALUE_SET = 'http://snomed.info/sct/83821000000107/version/20240508?fhir_vs=isa/138875005'
const SYSTEM = 'http://snomed.info/sct'

/** What the stub takes. */
export const NHS_CREDENTIALS = { clientId: 'stub-client', clientSecret: 'stub-secret' }

const TERMS = [
  { code: '195967001', display: 'Asthma' },
  { code: '389145006', display: 'Allergic asthma' },
  { code: '25064002', display: 'Headache' },
  { code: '38341003', display: 'Hypertension' },
  { code: '73211009', display: 'Diabetes mellitus' },
  { code: '44054006', display: 'Type 2 diabetes mellitus' },
  { code: '37796009', display: 'Migraine' }
]

/** A stand-in for the NHS terminology server over real HTTP. */
export interface NhsStub {
  /** An origin: what NHS_BASE_URL is to be. */
  readonly url: string
  readonly token: Endpoint<StubRequest>
  readonly search: Endpoint<StubRequest>
  /** Of the tokens issued from now on. */
  setTokenLifetime(seconds: number): void
  /** Every token issued so far is refused with a 401 from now on. */
  expireTokens(): void
  close(): Promise<void>
}

export async function startNhsStub(): Promise<NhsStub> {
  const tokens = new Map<string, { readonly expiresAt: number }>()
  let lifetime = 300

  const token = endpoint(same, ({ bytes }) => {
    const form = new URLSearchParams(bytes.toString())
    const isKnown =
      form.get('grant_type') === 'client_credentials' &&
      form.get('client_id') === NHS_CREDENTIALS.clientId &&
      form.get('client_secret') === NHS_CREDENTIALS.clientSecret
    if (!isKnown) return { status: 401, body: { error: 'invalid_client', error_description: UPSTREAM_TEXT } }
    const access_token = randomUUID()
    tokens.set(access_token, { expiresAt: Date.now() + lifetime * 1000 })
    return { body: { access_token, expires_in: lifetime, token_type: 'Bearer', scope: 'system' } }
  })

  const search = endpoint(same, ({ headers, query }) => {
    const presented = tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '')
    if (presented === undefined || presented.expiresAt <= Date.now()) return outcome(401)
    const count = Number(query.get('count'))
    const filter = query.get('filter')?.toLowerCase()
    if (query.get('url') !== VALUE_SET || !filter || !(count > 0)) return outcome(400)
    const found = TERMS.filter(({ display }) => display.toLowerCase().includes(filter))
    return { body: expansion(found.slice(0, count)) }
  })

  const server = await serveStub({ [`POST ${TOKEN_PATH}`]: token.handle, [`GET ${EXPAND_PATH}`]: search.handle })
  return {
    url: server.origin,
    token,
    search,
    setTokenLifetime(seconds) {
      lifetime = seconds
    },
    expireTokens: () => tokens.clear(),
    close: () => server.close()
  }
}

function same(request: StubRequest): StubRequest {
  return request
}

/** As FHIR servers do, `contains` is left out when nothing matches. */
function expansion(found: typeof TERMS) {
  const contains = found.map(({ code, display }) => ({ system: SYSTEM, code, display }))
  return {
    resourceType: 'ValueSet',
    url: VALUE_SET,
    expansion: { total: contains.length, ...(contains.length > 0 && { contains }) }
  }
}

function outcome(status: number): StubAnswer {
  const issue = [{ severity: 'error', code: 'security', diagnostics: UPSTREAM_TEXT }]
  return { status, body: { resourceType: 'OperationOutcome', issue } }
}
