import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCutProxy } from '../../support/cut-proxy.ts'
import { type Scene, SOON, startScene } from './starter.ts'

const TEST_MS = 60_000
const ROUTE = 'notes.list'

let scene: Scene

beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

async function signIn(page: Page, credential: string): Promise<void> {
  await page.getByLabel('Credential').fill(credential)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const rowOf = (page: Page) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: ROUTE, exact: true }) })

test('takes nobody in with a wrong credential, and back to the page asked for with a right one', {
  timeout: TEST_MS
}, async () => {
  const page = await scene.open(`/routes/${ROUTE}`, { as: 'nobody' })
  await page.waitForURL(/\/dashboard\/sign-in\?next=/)
  await signIn(page, 'sgw_not-one-that-was-ever-made')
  await page.getByRole('alert').filter({ hasText: 'there is no such credential' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/dashboard/sign-in')

  await signIn(page, scene.credential)
  await page.getByRole('heading', { level: 1, name: ROUTE }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`/dashboard/routes/${ROUTE}`)
  // Scripts cannot read the session, and the credential is nowhere.
  const kept = await page.evaluate('document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })')
  expect(kept).toBe('{}')
})

test('ends the session', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/')
  await rowOf(page).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(/\/dashboard\/sign-in/)
  await page.goto(`${scene.gateway.adminUrl}/dashboard/audit`)
  await page.waitForURL(/\/dashboard\/sign-in\?next=/)
  expect(new URL(page.url()).searchParams.get('next')).toBe('/audit')
})

test.each(['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example/'])(
  'leads nobody to %s after the sign-in',
  { timeout: TEST_MS },
  async next => {
    const page = await scene.open(`/sign-in?next=${encodeURIComponent(next)}`, { as: 'nobody' })
    await signIn(page, scene.credential)
    await rowOf(page).waitFor()
    expect(new URL(page.url()).origin).toBe(scene.gateway.adminUrl)
  }
)

/** Each page, and what is there once its content has come. */
const PAGES = [
  ['/', 'Last events'],
  [`/routes/${ROUTE}`, 'Reasons of assignment'],
  ['/config', 'At the cursor'],
  ['/config/revisions/1', 'Its text'],
  ['/audit', 'Verify the chain'],
  ['/discovery', 'Routes without a native service']
] as const

test.each(PAGES)('shows a viewer no button that changes anything: %s', { timeout: TEST_MS }, async (path, sign) => {
  const page = await scene.open(path, { as: 'viewer' })
  await page.getByText(sign).first().waitFor()
  const shown = await page.getByRole('button').allTextContents()
  expect(shown).toContain('Sign out')
  expect(shown.join('\n')).not.toMatch(/kill|start|promote|roll back|set weight|restore|save|pause|resume/i)
})

test('shows an operator the buttons that a viewer has not', { timeout: TEST_MS }, async () => {
  const page = await scene.open(`/routes/${ROUTE}`)
  await page.getByRole('button', { name: 'Start' }).waitFor()
  const shown = await page.locator('.actions').getByRole('button').allTextContents()
  expect(shown).toEqual(['Start', 'Set weight', 'Kill switch: turn on'])
})

test('can be used by keyboard alone', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/')
  await rowOf(page).waitFor()
  const focused = () => page.evaluate<string>('document.activeElement?.textContent?.trim() ?? ""')
  const tabTo = async (name: string) => {
    for (let presses = 0; presses < 100; presses++) {
      await page.keyboard.press('Tab')
      if ((await focused()) === name) return
    }
    throw new Error(`Tab never came to "${name}"`)
  }
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  await tabTo(ROUTE)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Start' }).waitFor()

  await tabTo('Start')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate('document.querySelector("dialog").contains(document.activeElement)')).toBe(true)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await focused()).toBe('Start')
})

test('says that it is stale while the gateway is away, and goes on when it is back', { timeout: TEST_MS }, async () => {
  const proxy = await startCutProxy(scene.gateway.adminUrl)
  const page = await scene.open('/', { adminUrl: proxy.url })
  const state = page.locator('.live-state')
  await expect.poll(() => state.textContent(), SOON).toContain('Live')
  proxy.cut()
  await expect.poll(() => state.textContent(), SOON).toContain('Stale: as of')
  expect(await rowOf(page).count()).toBe(1)
  await scene.other.ask(`PUT /routes/${ROUTE}/kill-switch`, { on: true, reason: 'while nobody could see it' })
  proxy.mend()
  await expect.poll(() => state.textContent(), SOON).toContain('Live')
  await expect.poll(() => rowOf(page).textContent(), SOON).toContain('kill switch on')
  await scene.other.ask(`PUT /routes/${ROUTE}/kill-switch`, { on: false, reason: 'as it was' })
  await proxy.close()
})

test('says of an address without a page that there is none', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/')
  await rowOf(page).waitFor()
  await page.evaluate('history.pushState(null, "", "/dashboard/nowhere"); dispatchEvent(new PopStateEvent("popstate"))')
  await expect
    .poll(() => page.getByRole('status').allTextContents(), SOON)
    .toContainEqual(expect.stringContaining('There is no page /nowhere'))
})
