import { Agent, request } from 'undici'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS'

export interface Call {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, unless it is a text, which is sent as it is with the JSON content type. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Undefined when it is not JSON. */
  readonly body: unknown
}

export type Client = (method: Method, path: string, call?: Call) => Promise<Answer>

/** A client of one origin. */
export function client(
  origin: () => string,
  onAnswer?: (method: Method, path: string, answer: Answer) => void
): Client {
  const dispatcher = new Agent()
  return async (method, path, { token, headers, body, signal } = {}) => {
    const raw = typeof body === 'string' ? body : body === undefined ? null : JSON.stringify(body)
    const response = await request(origin() + path, {
      dispatcher,
      method,
      headers: {
        ...(raw !== null && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers
      },
      body: raw,
      ...(signal && { signal })
    })
    const text = await response.body.text()
    const isJson = text !== '' && String(response.headers['content-type']).startsWith('application/json')
    const answer = {
      status: response.statusCode,
      headers: response.headers,
      text,
      body: isJson ? parsed(text) : undefined
    }
    onAnswer?.(method, path, answer)
    return answer
  }
}

function parsed(text: string): unknown {
  return JSON.parse(text)
}

/** The value at a path of keys; undefined where it ends early. */
export function valueAt(value: unknown, ...path: string[]): unknown {
  let at = value
  for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined
  return at
}

/** @throws Error when there is no text at the path */
export function textAt(answer: Answer, ...path: string[]): string {
  const value = valueAt(answer.body, ...path)
  if (typeof value === 'string') return value
  throw new Error(`expected a text at ${path.join('.')} of the answer ${answer.status} ${answer.text.slice(0, 300)}`)
}
