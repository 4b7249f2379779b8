import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { startBrowser } from './browser.ts'
import { openDashboard, type OpenOptions, type Operator, operatorWith } from './dashboard.ts'
import { startProcess } from './process.ts'

/*
 * Takes the pictures of the documentation, of the demo: `node tests/support/screenshots.ts`. Real parts, a real rollout;
 * so the numbers are others each time.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'docs', 'screenshots')
const DESK = { width: 1280, height: 900 }
const TALL = { width: 1280, height: 1500 }
const SMALL = { width: 800, height: 500 }
const PHONE = { width: 390, height: 844 }
const ROUTE = 'notes.list'
const GROUP = 'notes'
const ROLLOUT_MS = 120_000
const LINES_MS = 900_000
/** Of a path that no route has; enough callers for its words to be shown. */
const CALLERS = 8

type Take = (page: Page, name: string) => Promise<void>

interface Demo {
  readonly url: string
  readonly adminUrl: string
  readonly credential: string
  stop(): Promise<unknown>
}

async function startDemo(): Promise<Demo> {
  const demo = await startProcess({
    name: 'demo',
    args: ['tests/support/demo.ts'],
    cwd: ROOT,
    env: { PORT: '0', ADMIN_PORT: '0' }
  })
  const printed = (pattern: RegExp) => demo.waitForLine(line => pattern.exec(line)?.[1], 60_000)
  const url = await printed(/^ {2}gateway {2}(\S+)/)
  const adminUrl = await printed(/^ {2}admin {4}(\S+)/)
  const credential = await printed(/GATEWAY_CREDENTIAL=(\S+)/)
  return { url, adminUrl, credential, stop: () => demo.stop() }
}

/** What discovery is to find: paths of old that clinicians use, one of them with an email in it. */
async function useOldPaths({ url }: Demo): Promise<void> {
  const post = async (path: string, body: object): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  for (let caller = 0; caller < CALLERS; caller++) {
    const account = { email: `clinician${caller}@clinic.example`, password: 'demo-password' }
    await post('/users/register', { ...account, username: `Clinician ${caller}`, role: 'clinician' })
    const { token } = Object(await post('/users/login', account))
    const headers = { authorization: `Bearer ${token}` }
    for (const path of ['/api/referrals/letters', `/api/referrals/${account.email}`, '/api/letters/drafts']) {
      await fetch(url + path, { headers })
    }
  }
}

/** A configuration without this machine's paths, and with a route that has no native service yet. */
async function writeConfig(operator: Operator): Promise<void> {
  const config = JSON.parse(String(Object(await operator.ask('GET /config')).text))
  config.$schema = './routing.config.schema.json'
  config.routes.push({ id: 'letters', paths: ['/api/letters/*'], methods: ['GET'] })
  const text = `${JSON.stringify(config, undefined, 2)}\n`
  await operator.ask('PUT /config', { text, reason: 'letters have a route of their own' })
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const demo = await startDemo()
  const { adminUrl, credential } = demo
  const browser = await startBrowser()
  const open = (path: string, options: Partial<OpenOptions> = {}) =>
    openDashboard(browser, { adminUrl, credential, path, viewport: DESK, reducedMotion: 'reduce', ...options })
  const take: Take = async (page, name) => {
    await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
    process.stdout.write(`${name}.png\n`)
  }

  try {
    const signIn = await openDashboard(browser, { adminUrl, path: '/sign-in', viewport: SMALL })
    await signIn.getByRole('button', { name: 'Sign in' }).waitFor()
    await take(signIn, 'sign-in')

    const operator = operatorWith(adminUrl, credential)
    await writeConfig(operator)
    await useOldPaths(demo)
    await operator.ask(`POST /rollouts/${GROUP}/start`, { reason: 'the first service to move' })
    const route = await ready(open(`/routes/${ROUTE}`), 'Evidence')
    await takePromote(route, take)
    const overview = await open('/')
    await weightReached(overview, 25)
    await operator.ask(`POST /rollouts/${GROUP}/pause`, { reason: 'a look at the first quarter' })
    await linesDrawn(overview)
    await operator.ask(`POST /rollouts/${GROUP}/resume`, { reason: 'it looks well' })
    await weightReached(overview, 50)
    await take(overview, 'overview')
    await take(await ready(open('/', { colorScheme: 'dark' }), ROUTE), 'overview-dark')
    await take(await ready(open('/', { viewport: PHONE }), ROUTE), 'overview-phone')
    await take(await ready(open(`/routes/${ROUTE}`, { viewport: TALL }), 'Evidence'), 'route')
    await take(await ready(open(`/routes/${ROUTE}`, { viewport: PHONE }), 'Evidence'), 'route-phone')
    await weightReached(overview, 100)

    await takeEditor(await ready(open('/config'), 'At the cursor'), take)
    const audit = await ready(open('/audit'), 'Verify the chain')
    await audit.getByRole('button', { name: 'Verify the chain' }).click()
    await audit.getByText('The audit is whole').waitFor()
    await audit
      .getByRole('button', { name: /^Details/ })
      .nth(1)
      .click()
    await take(audit, 'audit')
    const discovery = await ready(open('/discovery'), 'Routes without a native service')
    await discovery.getByLabel('Without a request for').fill('0')
    await take(discovery, 'discovery')
    await take(await ready(open('/config', { viewport: PHONE }), 'At the cursor'), 'config-phone')
    await take(
      await ready(open('/audit', { viewport: PHONE, colorScheme: 'dark' }), 'all guardrails of'),
      'audit-phone-dark'
    )
  } finally {
    await browser.close()
    await demo.stop()
  }
}

async function ready(opening: Promise<Page>, sign: string): Promise<Page> {
  const page = await opening
  await page.getByText(sign).first().waitFor()
  return page
}

/** Waits until the overview shows the weight in the route's row. */
async function weightReached(overview: Page, weight: number): Promise<void> {
  const row = overview.getByRole('row').filter({ hasText: ROUTE })
  await row
    .filter({ hasText: new RegExp(`\\b${weight}\\s*%`) })
    .first()
    .waitFor({ timeout: ROLLOUT_MS })
}

/** Waits until the overview has lines to show: those of native, and the progress, which has a point every 10 minutes. */
async function linesDrawn(overview: Page): Promise<void> {
  await overview.locator('.over-time').waitFor({ timeout: LINES_MS })
  const drawn = overview.getByRole('row').filter({ hasText: ROUTE }).locator('.spark .native[d*="L"]')
  await drawn.first().waitFor({ state: 'attached', timeout: LINES_MS })
}

async function takePromote(page: Page, take: Take): Promise<void> {
  await page
    .getByRole('button', { name: /^Promote/ })
    .first()
    .click()
  await page.getByRole('dialog').getByText('Callers it moves').waitFor()
  await take(page, 'promote')
}

/** An error in its place, then the difference before it is saved. */
async function takeEditor(page: Page, take: Take): Promise<void> {
  await page.getByText('"weight"').first().click()
  await page.keyboard.press('End')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('101')
  // Away from the key, whose help would cover the text.
  await page.mouse.move(0, 0)
  await page.getByRole('button', { name: /^Line \d+, column/ }).waitFor()
  await take(page, 'config-error')
  await page.keyboard.press('Backspace')
  await page.getByText('No problems').waitFor()
  await page.getByRole('button', { name: 'Review and save' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('new routes begin with a tenth of their callers')
  await take(page, 'config-review')
}

await main()
