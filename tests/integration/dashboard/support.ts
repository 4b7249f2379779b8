import type { FastifyInstance } from 'fastify'
import type { Reply, Scene } from '../admin/support.ts'

/** What the dashboard's own pages send with everything that changes something. */
export const OWN = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' } as const

export interface Ask {
  readonly body?: unknown
  /** Default: `OWN`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cookie?: string | undefined
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'

/** A request of a browser at the admin listener. */
export async function ask(
  { gateway: { admin } }: { readonly gateway: { readonly admin: FastifyInstance } },
  what: `${Method} /${string}`,
  { body, headers = OWN, cookie }: Ask = {}
): Promise<Reply> {
  const [method = 'GET', url = '/'] = what.split(' ')
  const answer = await admin.inject({
    method: methodOf(method),
    url,
    headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) })
  })
  const text = answer.body
  const isJson = text !== '' && String(answer.headers['content-type']).startsWith('application/json')
  return { status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

function methodOf(text: string): Method {
  const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']
  return methods.find(method => method === text) ?? 'GET'
}

/** The cookie of somebody who signs in. @throws Error when they are not let in */
export async function signIn(scene: Scene, credential = scene.first): Promise<string> {
  const answer = await ask(scene, 'POST /dashboard/session', { body: { credential } })
  if (answer.status !== 204) throw new Error(`signing in: ${answer.status} ${answer.text}`)
  return cookieOf(answer)
}

/** The name and the value of the cookie that an answer sets. */
export function cookieOf({ headers }: Reply): string {
  const [pair = ''] = String(headers['set-cookie']).split(';', 1)
  return pair
}
