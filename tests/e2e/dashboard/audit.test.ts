import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Scene, SOON, startScene } from './starter.ts'

const TEST_MS = 60_000

let scene: Scene

beforeAll(async () => {
  scene = await startScene()
  await scene.other.ask('PUT /routes/notes.list/kill-switch', { on: true, reason: 'a look at the list' })
  await scene.other.ask('PUT /routes/notes.create/kill-switch', { on: true, reason: 'a look at making notes' })
})
afterAll(() => scene.stop())

const rowsOf = (page: Page) =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name: /of entry \d+$/ }) })

test('shows the entries of one route, and keeps the filter in the address', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/audit')
  await page.getByText('a look at making notes').waitFor()
  await page.getByLabel('Route').fill('notes.list')
  await page.getByRole('button', { name: 'Filter' }).click()
  await expect.poll(() => rowsOf(page).count(), SOON).toBe(1)
  expect(await rowsOf(page).first().textContent()).toContain('a look at the list')

  await page.reload()
  await page.getByText('a look at the list').waitFor()
  expect(await rowsOf(page).count()).toBe(1)

  await page.getByLabel('Action').fill('credential.create')
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByText('No entry fits').waitFor()
})

test('shows all of an entry, and new ones as they come', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/audit?route=notes.list')
  await rowsOf(page).first().getByRole('button').click()
  await page.getByText('Hash of this entry').waitFor()
  await page.getByText('Nothing was measured for this entry').waitFor()
  await scene.other.ask('PUT /routes/notes.list/kill-switch', { on: false, reason: 'seen enough' })
  await expect.poll(() => rowsOf(page).first().textContent(), SOON).toContain('seen enough')
})

test('says that the chain is whole, and where it is not', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/audit', { as: 'viewer' })
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  await page.getByText('The audit is whole.').waitFor()

  const log = join(scene.stateDir, 'audit.jsonl')
  const text = await readFile(log, 'utf8')
  await writeFile(log, text.replace('a look at the list', 'a look at the lisp'))
  const line = text.slice(0, text.indexOf('a look at the list')).split('\n').length
  await page.getByRole('button', { name: 'Verify the chain' }).click()
  await page.getByText('The audit is not whole.').waitFor()
  expect(await page.getByRole('status').filter({ hasText: 'not whole' }).textContent()).toContain(`Line ${line} `)
  await writeFile(log, text)
})
