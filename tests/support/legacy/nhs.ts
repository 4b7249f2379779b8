const TOKEN_PATH = '/authorisation/auth/realms/nhs-digital-terminology/protocol/openid-connect/token'
const EXPAND_PATH = '/production1/fhir/ValueSet/$expand'
const VALUE_SET = 'http://snomed.info/sct/83821000000107/version/20240508?fhir_vs=isa/138875005'

/** Where the NHS terminology server is, and the client's credentials; undefined when the environment does not say. */
export interface Terminology {
  readonly baseUrl: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
}

interface Match {
  display: string
  code: string
  system: string
}

/** @throws Error when the server is not configured or does not answer as it should */
export async function clinicalCodes(terminology: Terminology, name: string): Promise<Match[]> {
  const { baseUrl, clientId = '', clientSecret = '' } = terminology
  if (!baseUrl) throw new Error('NHS_BASE_URL is not set')
  const token: { access_token: string } = await json(
    await fetch(`${baseUrl}${TOKEN_PATH}`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret
      })
    })
  )
  const query = new URLSearchParams({ url: VALUE_SET, filter: name, count: '10' })
  const found: { expansion: { contains?: Match[] } } = await json(
    await fetch(`${baseUrl}${EXPAND_PATH}?${query.toString()}`, {
      headers: { authorization: `Bearer ${token.access_token}` }
    })
  )
  return found.expansion.contains ?? []
}

async function json<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(`the terminology server answered ${response.status}`)
  const answer: T = JSON.parse(await response.text())
  return answer
}
