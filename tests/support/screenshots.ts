import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { Agent, request } from 'undici'
import { startProcess } from './process.ts'

/*
 * Takes the pictures of the documentation, of the demo: `node tests/support/screenshots.ts`. Real parts, a real rollout;
 * so the numbers are others each time.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = join(ROOT, 'docs', 'screenshots')
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const DESK = { width: 1280, height: 900 }
const PHONE = { width: 390, height: 844 }
const ROUTE = 'notes.list'
const GROUP = 'notes'
const ROLLOUT_MS = 120_000
/** Of a path that no route has; enough callers for its words to be shown. */
const CALLERS = 8

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

/** Asks the admin API, for the revision that serves. */
async function ask({ adminUrl, credential }: Demo, call: string, body: object): Promise<unknown> {
  const [method = '', path = ''] = call.split(' ')
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
  const current = await fetch(`${adminUrl}/api/config`, { headers })
  const answer = await fetch(`${adminUrl}/api${path}`, {
    method,
    headers: { ...headers, 'if-match': current.headers.get('etag') ?? '' },
    body: JSON.stringify(body)
  })
  if (!answer.ok) throw new Error(`${call}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** What discovery is to find: a path of old that several callers use, and one with an email in it. */
async function useUnknownPaths({ url }: Demo): Promise<void> {
  for (let caller = 0; caller < CALLERS; caller++) {
    // Each from an address of its own: that is who a caller without a token is.
    const dispatcher = new Agent({ localAddress: `127.0.0.${caller + 2}` })
    await request(`${url}/api/referrals/letters`, { dispatcher })
    await request(`${url}/api/referrals/ada${caller}@clinic.example`, { dispatcher })
    await dispatcher.destroy()
  }
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const demo = await startDemo()
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  const open = async (path: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', ...options })
    const { adminUrl, credential } = demo
    await context.request.post(`${adminUrl}/dashboard/session`, { headers: { origin: adminUrl }, data: { credential } })
    const page = await context.newPage()
    await page.goto(`${adminUrl}/dashboard${path}`)
    return page
  }
  const take = async (page: Page, name: string, fullPage = false): Promise<void> => {
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage, animations: 'disabled' })
    process.stdout.write(`${name}.png\n`)
  }

  try {
    const signIn = await (await browser.newContext({ viewport: DESK })).newPage()
    await signIn.goto(`${demo.adminUrl}/dashboard/sign-in`)
    await signIn.getByRole('button', { name: 'Sign in' }).waitFor()
    await take(signIn, 'sign-in')

    await useUnknownPaths(demo)
    await ask(demo, `POST /rollouts/${GROUP}/start`, { reason: 'the first service to move' })
    const overview = await open('/')
    await weightReached(overview, 50)
    await take(overview, 'overview')
    await take(await ready(open('/', { colorScheme: 'dark' }), ROUTE), 'overview-dark')
    await take(await ready(open('/', { viewport: PHONE }), ROUTE), 'overview-phone')

    const route = await ready(open(`/routes/${ROUTE}`), 'Evidence')
    await take(route, 'route', true)
    await take(await ready(open(`/routes/${ROUTE}`, { viewport: PHONE }), 'Evidence'), 'route-phone', true)
    await route.getByRole('button', { name: 'Roll back' }).click()
    await route.getByRole('dialog').getByLabel('Reason').waitFor()
    await take(route, 'dialog')
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
    await take(await ready(open('/discovery'), 'Routes without a native service'), 'discovery', true)
    await take(await ready(open('/config', { viewport: PHONE }), 'At the cursor'), 'config-phone')
    await take(
      await ready(open('/audit', { viewport: PHONE, colorScheme: 'dark' }), 'Verify the chain'),
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

/** An error in its place, then the difference before it is saved. */
async function takeEditor(page: Page, take: (page: Page, name: string) => Promise<void>): Promise<void> {
  await page.getByText('"weight"').first().click()
  await page.keyboard.press('End')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('101')
  await page.getByRole('button', { name: /^Line \d+, column/ }).waitFor()
  await take(page, 'config-error')
  await page.keyboard.press('Backspace')
  await page.getByText('No problems').waitFor()
  await page.getByRole('button', { name: 'Review and save' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('new routes begin with a tenth of their callers')
  await take(page, 'config-review')
}

await main()
