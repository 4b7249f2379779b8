const BASE = '/dashboard/api'

/** A problem that the admin API answered with. */
export class ApiProblem extends Error {
  readonly status: number
  /** `stale`, `refused`, …: PROBLEM_CODES; `unreachable` when there was no answer. */
  readonly code: string
  /** The answer as it came. */
  readonly body: unknown

  constructor(status: number, body: unknown) {
    super(textOf(body, 'message') ?? `The gateway answered with status ${status} and no message.`)
    this.status = status
    this.code = textOf(body, 'error') ?? 'internal'
    this.body = body
  }
}

export interface Answer<T> {
  readonly data: T
  /** Of the ETag: the revision that served. */
  readonly revision: number | undefined
}

export interface SendOptions {
  /** The revision that the change is made for (If-Match); `*`: whichever, for a kill, a rollback and a pause. */
  readonly revision?: number | '*'
}

/**
 * Asks the admin API. The answer's type is the one of the call's schema, which the gateway keeps to.
 *
 * @param path below /dashboard/api
 * @throws ApiProblem
 */
export function get<T>(path: string): Promise<Answer<T>> {
  return ask<T>(path, { headers: { accept: 'application/json' } })
}

/** @throws ApiProblem */
export function send<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body: unknown,
  { revision }: SendOptions = {}
): Promise<Answer<T>> {
  const match = revision === undefined ? {} : { 'if-match': revision === '*' ? '*' : `"${revision}"` }
  return ask<T>(path, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json', ...match },
    body: JSON.stringify(body)
  })
}

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  const response = await reach(`${BASE}${path}`, init)
  const text = await response.text()
  const data = parsed(text)
  if (response.status === 401) toSignIn()
  if (!response.ok) throw new ApiProblem(response.status, data)
  const tag = /^(?:W\/)?"(\d+)"$/.exec(response.headers.get('etag') ?? '')?.[1]
  return { data, revision: tag === undefined ? undefined : Number(tag) }
}

/** @throws ApiProblem without an answer, which says what to do. */
export async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch {
    throw new ApiProblem(0, {
      error: 'unreachable',
      message: 'The gateway could not be reached. Check the connection, and look at the state before you try again.'
    })
  }
}

function toSignIn(): void {
  const { pathname, search } = location
  if (pathname.endsWith('/sign-in')) return
  const next = pathname.replace(/^\/dashboard/, '') + search
  location.assign(`/dashboard/sign-in?next=${encodeURIComponent(next)}`)
}

function parsed(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textOf(body: unknown, key: string): string | undefined {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, key) : undefined
  return typeof value === 'string' ? value : undefined
}
