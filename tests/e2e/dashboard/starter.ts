import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { startBrowser } from '../../support/browser.ts'
import {
  newCredential,
  openDashboard,
  type Operator,
  operatorWith,
  printedCredential
} from '../../support/dashboard.ts'
import { freshDatabase } from '../../support/fresh-database.ts'
import { type RunningGateway, startGateway } from '../../support/gateway.ts'
import { startLegacy } from '../../support/legacy.ts'
import { startTraffic } from '../../support/traffic.ts'
import { JWT_SECRET, seed } from '../load.ts'

/** How long to look for what a page is about to show: the stream tells of changes every second or two. */
export const SOON = { timeout: 10_000 }
const PACE = { callers: 60, requestsPerSecond: 40 }

export interface OpenOptions extends BrowserContextOptions {
  /** Default: operator. */
  readonly as?: 'operator' | 'viewer' | 'nobody'
  /** Default: the gateway's own. */
  readonly adminUrl?: string
}

/** A gateway between a database and a legacy, and a browser to look at its dashboard. */
export interface Scene {
  readonly gateway: RunningGateway
  readonly browser: Browser
  /** Another operator than the one of the browser: grace, where that one is ada. */
  readonly other: Operator
  /** Of ada. */
  readonly credential: string
  /** Where revisions and audit are kept. */
  readonly stateDir: string
  /** A page in a browser profile of its own, which goes with the test. */
  open(path: string, options?: OpenOptions): Promise<Page>
  /** From now on clinicians read notes through the gateway. */
  startTraffic(): void
  /** @throws Error when a page did what it must not: errors that nobody caught, breaches of its security policy */
  stop(): Promise<void>
}

/** @param config laid over the top level of the shipped routing configuration */
export async function startScene(config: object = {}): Promise<Scene> {
  const database = await freshDatabase()
  const [clinician] = await seed(database.db)
  if (clinician === undefined) throw new Error('nobody was seeded')
  const backends = { mongodbUri: database.uri, jwtSecret: JWT_SECRET }
  const legacy = await startLegacy(backends)
  const gateway = await startGateway({ ...backends, legacyUrl: legacy.url, config })
  const { url, adminUrl, configFile } = gateway
  const first = operatorWith(adminUrl, printedCredential(gateway.lines()))
  const other = operatorWith(adminUrl, await newCredential(first, 'grace', 'operator'))
  const credentials = {
    operator: await newCredential(other, 'ada', 'operator'),
    viewer: await newCredential(other, 'looks', 'viewer'),
    nobody: undefined
  }
  const browser = await startBrowser()
  const complaints: string[] = []
  const stops = [() => database.drop(), () => legacy.stop(), () => gateway.stop(), () => browser.close()]
  return {
    gateway,
    browser,
    other,
    credential: credentials.operator,
    stateDir: join(dirname(configFile), '.gateway-state'),
    async open(path, { as = 'operator', ...options } = {}) {
      const credential = credentials[as]
      const signedIn = credential === undefined ? {} : { credential }
      const page = await openDashboard(browser, { adminUrl, path, ...signedIn, ...options }, complaints)
      onTestFinished(() => page.context().close())
      return page
    },
    startTraffic() {
      const path = `/api/notes/${clinician.consultation}`
      const traffic = startTraffic({ url, jwtSecret: JWT_SECRET, path, ...PACE })
      stops.push(() => traffic.stop())
    },
    async stop() {
      for (const stop of stops.toReversed()) await stop()
      if (complaints.length > 0) throw new Error(`pages did what they must not:\n${complaints.join('\n')}`)
    }
  }
}

/** The text of the configuration that serves. */
export function servingText({ gateway }: Scene): Promise<string> {
  return readFile(gateway.configFile, 'utf8')
}
