import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { ApiProblem, get, reach } from './api.ts'

/** Who is signed in. */
export interface Session {
  readonly name: string
  readonly role: 'operator' | 'viewer'
  readonly expires?: string
}

export const SessionContext = createContext<Session | undefined>(undefined)

/** @throws Error outside of a page that somebody is signed in to */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('nobody is signed in')
  return session
}

/** @throws ApiProblem; when nobody is signed in, the browser goes to the sign-in page. */
export async function loadSession(): Promise<Session> {
  return (await get<Session>('/session')).data
}

/** @throws ApiProblem when the credential is not taken */
export async function signIn(credential: string): Promise<void> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  await sessionCall({ method: 'POST', headers, body: JSON.stringify({ credential }) })
}

/** @throws ApiProblem */
export async function signOut(): Promise<void> {
  await sessionCall({ method: 'DELETE', headers: { 'content-type': 'application/json' }, body: '{}' })
}

async function sessionCall(init: RequestInit): Promise<void> {
  const response = await reach('/dashboard/session', init)
  if (response.ok) return
  throw new ApiProblem(response.status, await response.json().catch(() => undefined))
}
