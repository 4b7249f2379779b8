import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import { JWT_SECRET, NO_DATABASE, startUpstream, type Upstream } from '../../integration/gateway/support.ts'

const CHROMIUM = '/usr/bin/chromium'

export interface OpenOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  /** Default: operator. */
  readonly role?: 'operator' | 'viewer'
}

/** A gateway with an upstream that answers, and a browser to look at its dashboard. */
export interface Scene {
  readonly gateway: RunningGateway
  readonly upstream: Upstream
  /** Where revisions and audit are kept. */
  readonly stateDir: string
  /** What browsers complained of so far: violations of the content security policy, and errors that nobody caught. */
  readonly complaints: readonly string[]
  /** A page of a browser of its own, signed in. */
  open(path: string, options?: OpenOptions): Promise<Page>
  /** Asks the admin API as another operator does. */
  ask(call: `${string} /${string}`, body?: object): Promise<unknown>
  stop(): Promise<void>
}

/** @param config laid over the shipped routing configuration. */
export async function startScene(config: object = {}): Promise<Scene> {
  const upstream = await startUpstream()
  const gateway = await startGateway({
    legacyUrl: upstream.url,
    mongodbUri: NO_DATABASE,
    jwtSecret: JWT_SECRET,
    config
  })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  const complaints: string[] = []
  const first = gateway.lines().flatMap(line => /sgw_\S+$/.exec(line)?.[0] ?? [])[0] ?? ''
  // The credential of the first start ends with the first one of an operator.
  const other = credentialOf(await asker(gateway, first)('POST /credentials', { name: 'grace', role: 'operator' }))
  const ask = asker(gateway, other)
  const viewer = once(async () => credentialOf(await ask('POST /credentials', { name: 'looks', role: 'viewer' })))
  const operator = once(async () => credentialOf(await ask('POST /credentials', { name: 'ada', role: 'operator' })))

  return {
    gateway,
    upstream,
    stateDir: join(dirname(gateway.configFile), '.gateway-state'),
    complaints,
    ask,
    async open(path, { role = 'operator', ...options } = {}) {
      const credential = await (role === 'viewer' ? viewer() : operator())
      const page = await signedIn(browser, { adminUrl: gateway.adminUrl, credential, options })
      page.on('pageerror', error => complaints.push(`${path}: ${error.message}`))
      page.on('console', message => {
        if (message.text().includes('Content Security Policy')) complaints.push(`${path}: ${message.text()}`)
      })
      await page.goto(`${gateway.adminUrl}/dashboard${path}`)
      return page
    },
    async stop() {
      await browser.close()
      await gateway.stop()
      await upstream.close()
    }
  }
}

/** Asks the admin API with a credential, for the revision that serves. */
function asker({ adminUrl }: RunningGateway, credential: string): Scene['ask'] {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
  return async (call, body) => {
    const [method = '', path = ''] = call.split(' ')
    const current = await fetch(`${adminUrl}/api/config`, { headers })
    const answer = await fetch(`${adminUrl}/api${path}`, {
      method,
      headers: { ...headers, 'if-match': current.headers.get('etag') ?? '' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${call}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
}

/** The text of the configuration that serves. */
export function servingText({ gateway }: Scene): Promise<string> {
  return readFile(gateway.configFile, 'utf8')
}

interface SignIn {
  readonly adminUrl: string
  readonly credential: string
  readonly options: BrowserContextOptions
}

async function signedIn(browser: Browser, { adminUrl, credential, options }: SignIn): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const answer = await context.request.post(`${adminUrl}/dashboard/session`, {
    headers: { origin: adminUrl },
    data: { credential }
  })
  if (answer.status() !== 204) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`)
  return context.newPage()
}

function credentialOf(answer: unknown): string {
  const credential = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'credential') : undefined
  if (typeof credential !== 'string') throw new Error('no credential was made')
  return credential
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
