import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import jsonwebtoken from 'jsonwebtoken'
import { type Dispatcher, request } from 'undici'
import { inject, onTestFinished } from 'vitest'
import shipped from '../../../routing.config.json' with { type: 'json' }
import { withFreshName } from '../../support/database.ts'
import '../../support/global-setup.ts'
import { type GatewayOptions, type LogEntry, type RunningGateway, startGateway } from '../../support/gateway.ts'

export const JWT_SECRET = 'a secret of the tests, long enough'

/** Nobody listens on the discard port. */
export const NOBODY = 'http://127.0.0.1:9'
export const NO_DATABASE = 'mongodb://127.0.0.1:9/none'

export interface Upstream {
  readonly url: string
  readonly port: number
  readonly server: Server
  /** What came, in order. */
  readonly requests: SeenRequest[]
  close(): Promise<void>
}

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** A backend of the test's own that counts what reaches it. By default it answers who it is and what it was asked. */
export async function startUpstream(answer: RequestListener = echo): Promise<Upstream> {
  const requests: SeenRequest[] = []
  const server = createServer((incoming, response) => {
    const { method = '', url = '', headers } = incoming
    requests.push({ method, url, headers })
    answer(incoming, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the upstream does not listen on TCP')
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    server,
    requests,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

const echo: RequestListener = ({ method, url }, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ upstream: true, method, url }))
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The parsed body, when it is JSON. */
  readonly body: unknown
}

export interface Call {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
}

export async function call(
  origin: string,
  path: string,
  { method = 'GET', headers, body }: Call = {}
): Promise<Answer> {
  const answer = await request(origin + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : JSON.stringify(body)
  })
  const text = await answer.body.text()
  const isJson = text !== '' && String(answer.headers['content-type']).startsWith('application/json')
  return { status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** Who answered, by the header that says so. */
export async function servedBy(origin: string, path: string, options?: Call): Promise<string | undefined> {
  const { headers } = await call(origin, path, options)
  const value = headers['x-served-by']
  return value === undefined ? undefined : String(value)
}

/** A token as the legacy signs it. */
export function tokenOf(userID: string, secret = JWT_SECRET): string {
  return jsonwebtoken.sign({ userID, author: 'someone' }, secret, { expiresIn: '1h' })
}

export function bearer(userID: string): { authorization: string } {
  return { authorization: `Bearer ${tokenOf(userID)}` }
}

/** The URI of a database of its own name on the server of this test run; nothing is in it and nothing has to go. */
export function unusedDatabaseUri(): string {
  return withFreshName(inject('databaseUri'))
}

/** The shipped routes, some with another policy. */
export function routesWith(policies: Readonly<Record<string, object>>): object[] {
  const routes = new Map(shipped.routes.map(route => [route.id, { ...route }]))
  for (const [id, policy] of Object.entries(policies)) {
    const route = routes.get(id)
    if (route === undefined) throw new Error(`no shipped route is named ${id}`)
    Object.assign(route, policy)
  }
  return [...routes.values()]
}

/** What the log says of one request. */
export async function decisionOn(gateway: RunningGateway, path: string, options: Call = {}): Promise<LogEntry> {
  const requestId = randomUUID()
  await call(gateway.url, path, { ...options, headers: { ...options.headers, 'x-request-id': requestId } })
  return gateway.waitForLog(entry => (entry['requestId'] === requestId ? entry : undefined))
}

/** A gateway that goes with the test. */
export async function gatewayForTest(options: Partial<GatewayOptions>): Promise<RunningGateway> {
  const gateway = await startGateway({ legacyUrl: NOBODY, mongodbUri: NO_DATABASE, jwtSecret: JWT_SECRET, ...options })
  onTestFinished(async () => void (await gateway.kill()))
  return gateway
}

/** An upstream that goes with the test. */
export async function upstreamForTest(answer?: RequestListener): Promise<Upstream> {
  const upstream = await startUpstream(answer)
  onTestFinished(() => upstream.close())
  return upstream
}

/** The value of a sample of the Prometheus text; undefined when there is no such line. */
export function sample(
  metrics: string,
  name: string,
  labels: Readonly<Record<string, string>> = {}
): number | undefined {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  const line = metrics
    .split('\n')
    .find(
      candidate =>
        (candidate.startsWith(`${name} `) || candidate.startsWith(`${name}{`)) &&
        wanted.every(label => candidate.includes(label))
    )
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
}

/** Text that is in no file and no log until somebody puts it there. */
export function marker(): string {
  return `mark${randomUUID().replaceAll('-', '')}`
}
