import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** A request as it reached a stub, body and all. */
export interface StubRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  /** Settles when the exchange is over: whether the answer went out whole, or the connection ended before. */
  readonly ended: Promise<'answered' | 'abandoned'>
}

export interface StubAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, unless it is a text. */
  readonly body: unknown
}

/** How a stub meets one request; `usual` is what it would have answered. */
export type Behaviour<R extends StubRequest = StubRequest> = (
  request: R,
  response: ServerResponse,
  usual: () => StubAnswer
) => void | Promise<void>

/** One endpoint of a stub, and what came to it. */
export interface Endpoint<R extends StubRequest> {
  readonly requests: readonly R[]
  /** The most requests that were open at one time. */
  readonly mostAtOnce: number
  /** The nth request, from 1, as soon as it is there. */
  request(nth: number): Promise<R>
  /** How requests are met from now on: each behaviour once, in this order, the last for good. None: as usual. */
  behave(...behaviours: Behaviour<R>[]): void
}

export function send(response: ServerResponse, { status = 200, headers, body }: StubAnswer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
}

export const asUsual: Behaviour = (_request, response, usual) => send(response, usual())

/** Answers with a status, and a text that no client of ours may ever repeat. */
export function fail(status: number, headers: Readonly<Record<string, string>> = {}): Behaviour {
  const body = { error: { message: UPSTREAM_TEXT, type: 'stub_error', code: null } }
  return (_request, response) => send(response, { status, headers, body })
}

/** In every error of a stub, so that a test can look for it where it must not be. */
export const UPSTREAM_TEXT = 'words of the upstream'

/** 429 with Retry-After. */
export function rateLimit(seconds: number): Behaviour {
  return fail(429, { 'retry-after': String(seconds) })
}

/** A 200 whose body is this. */
export function answerWith(body: unknown): Behaviour {
  return (_request, response) => send(response, { body })
}

/** Takes the request and answers as usual only when released. */
export function stall(): Behaviour & { release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const behaviour: Behaviour = async (_request, response, usual) => {
    await promise
    if (!response.destroyed) send(response, usual())
  }
  return Object.assign(behaviour, { release: resolve })
}

/** Sends the head and half of the usual body and goes silent, until the client leaves or the stub closes. */
export const stallInBody: Behaviour = (_request, response, usual) => {
  writeHalf(response, usual())
}

/** Sends the head and half of the usual body, and then cuts the connection. */
export const truncate: Behaviour = (_request, response, usual) => {
  writeHalf(response, usual(), () => response.destroy())
}

/** Cuts the connection without an answer. */
export const reset: Behaviour = (_request, response) => {
  response.destroy()
}

function writeHalf(response: ServerResponse, { status = 200, body }: StubAnswer, then = () => {}): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length / 2), then)
}

/** An endpoint that keeps what comes, as `parse` reads it, and answers with `usual`. */
export function endpoint<R extends StubRequest>(
  parse: (request: StubRequest) => R | Promise<R>,
  usual: (request: R) => StubAnswer
) {
  const requests: R[] = []
  const waiting = new Set<() => void>()
  let behaviours: Behaviour<R>[] = [asUsual]
  let open = 0
  let mostAtOnce = 0

  return {
    requests,

    get mostAtOnce() {
      return mostAtOnce
    },

    request(nth: number): Promise<R> {
      const { promise, resolve } = Promise.withResolvers<R>()
      const check = () => {
        const found = requests[nth - 1]
        if (found === undefined) return
        waiting.delete(check)
        resolve(found)
      }
      waiting.add(check)
      check()
      return promise
    },

    behave(...next: Behaviour<R>[]) {
      behaviours = next.length === 0 ? [asUsual] : next
    },

    handle: async (incoming: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
      open += 1
      mostAtOnce = Math.max(mostAtOnce, open)
      const { promise: ended, resolve } = Promise.withResolvers<'answered' | 'abandoned'>()
      response.once('close', () => {
        open -= 1
        resolve(response.writableFinished ? 'answered' : 'abandoned')
      })
      const request = await parse({
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        bytes: await buffer(incoming),
        ended
      })
      requests.push(request)
      const [behaviour = asUsual] = behaviours.length > 1 ? behaviours.splice(0, 1) : behaviours
      for (const check of waiting) check()
      await behaviour(request, response, () => usual(request))
    }
  }
}

export interface StubServer {
  readonly origin: string
  close(): Promise<void>
}

type Handle = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>

/** Serves `METHOD /path` keys on a free loopback port; anything else is a 404. */
export async function serveStub(handlers: Readonly<Record<string, Handle>>): Promise<StubServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stub')
    const handle = handlers[`${request.method} ${url.pathname}`]
    if (handle === undefined) {
      send(response, { status: 404, body: { error: { message: UPSTREAM_TEXT } } })
      return
    }
    // A client that left in the middle of its body.
    handle(request, response, url).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stub has no TCP port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
