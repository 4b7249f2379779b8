import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEMO_ROLLOUT } from '../../support/demo-rollout.ts'
import { seriousFindings } from './axe.ts'
import { type Scene, SOON, startScene } from './starter.ts'

const TEST_MS = 180_000
const ROLLOUT_MS = 120_000
const ROUTE = 'notes.list'
const PHONE = { width: 320, height: 844 }

let scene: Scene

beforeAll(async () => {
  scene = await startScene({
    defaults: { weight: 0, servedByHeader: true, rollout: DEMO_ROLLOUT },
    routes: [{ id: ROUTE, paths: ['/api/notes/:consultationId'], methods: ['GET'], native: 'notes' }]
  })
  scene.startTraffic()
})
afterAll(() => scene.stop())

// First, so that the others have a rollout and its measurements to look at.
test('shows the weight of a rollout move under load, on both pages, to its end', { timeout: TEST_MS }, async () => {
  const overview = await scene.open('/')
  const row = overview.getByRole('row').filter({ hasText: ROUTE })
  await row.waitFor()
  // Every weight that the page shows, in order, written down by the page itself.
  await overview.evaluate(`{
    globalThis.shown = []
    const look = () => {
      const text = document.querySelector('.routes-table .weight .figure')?.textContent
      if (text && text !== shown.at(-1)) shown.push(text)
    }
    look()
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  }`)
  const page = await scene.open(`/routes/${ROUTE}`)
  await page.getByRole('button', { name: 'Start' }).click()
  await page.getByRole('dialog').getByText('weight 0 % → weight 10 %').waitFor()
  expect(await page.getByRole('dialog').textContent()).toMatch(/Of \d+ callers of the last hour \d+ would move/)
  await page.getByRole('textbox', { name: 'Reason' }).fill('to see it move')
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  await expect.poll(() => row.textContent(), { timeout: ROLLOUT_MS }).toContain('completed')
  expect(await overview.evaluate('shown')).toEqual(['0 %', '10 %', '25 %', '50 %', '75 %', '100 %'])
  expect(await row.textContent()).toMatch(/N \d+(\.\d)? req\/s/)
  await expect.poll(() => page.locator('.stand .weight').textContent(), SOON).toBe('100 %')
  await expect.poll(() => overview.locator('.events').textContent(), SOON).toContain('to see it move')
})

test('shows what was measured as lines, as numbers with units, and in words', { timeout: TEST_MS }, async () => {
  const page = await scene.open(`/routes/${ROUTE}`)
  await page.locator('.chart canvas').nth(2).waitFor()
  expect(await page.locator('.chart canvas').count()).toBe(3)
  await page.getByText('windows as a table').click()
  const numbers = page.getByRole('region', { name: 'Numbers of the charts' })
  expect(await numbers.locator('tbody tr').count()).toBeGreaterThan(1)
  expect(await numbers.textContent()).toMatch(/\d ms/)

  const evidence = page.locator('table.stacked')
  const names = await evidence.locator('tbody th').allTextContents()
  expect(names).toEqual([
    'Error rate',
    'Server error rate',
    'Errors above legacy',
    'Refusals above legacy',
    'Latency beside legacy',
    'Health checks'
  ])
  expect(await page.locator('[aria-current=step]').textContent()).toContain('100 %')
  expect(await page.locator('.history li').count()).toBeGreaterThanOrEqual(5)
  expect(await page.locator('.history').textContent()).toContain(`/routes/${ROUTE}/weight`)
})

test.each(['light', 'dark'] as const)(
  'has nothing serious against both pages with all their numbers, %s',
  { timeout: TEST_MS },
  async colorScheme => {
    for (const path of ['/', `/routes/${ROUTE}`]) {
      const page = await scene.open(path, { colorScheme })
      await page
        .locator(path === '/' ? '.routes-table' : '.chart canvas')
        .first()
        .waitFor()
      expect(await seriousFindings(page)).toEqual([])
    }
  }
)

test.each(['/', `/routes/${ROUTE}`])('fits a phone with all its numbers: %s', { timeout: TEST_MS }, async path => {
  const page = await scene.open(path, { viewport: PHONE })
  await page
    .locator(path === '/' ? '.routes-table' : '.chart canvas')
    .first()
    .waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width)
})
