import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { routingText } from '../../support/gateway.ts'
import { tabTo } from './keyboard.ts'
import { type Scene, servingText, SOON, startScene } from './starter.ts'

const ROUTE = 'notes.list'
const TEST_MS = 60_000

let scene: Scene

beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

beforeEach(async () => {
  await scene.other.ask('PUT /config', { text: routingText(), reason: 'as shipped' })
})

const editorOf = (page: Page): Locator => page.getByRole('textbox', { name: 'Routing configuration' })

async function openEditor(options: Parameters<Scene['open']>[1] = {}): Promise<Page> {
  const page = await scene.open('/config', options)
  await editorOf(page).waitFor()
  return page
}

/** Replaces all of the editor's text. */
async function write(page: Page, text: string): Promise<void> {
  await editorOf(page).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

const withWeight = (weight: number) => routingText({}, { [ROUTE]: weight })
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length

test('shows what is wrong in its place and lets nobody save it', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  const text = withWeight(101)
  await write(page, text)
  const line = lineOf(text, '"weight": 101')
  const problem = page.getByRole('button', { name: `Line ${line}, column` })
  await problem.waitFor()
  expect(await problem.textContent()).toContain('expected a number from 0 to 100')
  expect(await page.getByRole('button', { name: 'Review and save' }).isDisabled()).toBe(true)

  await problem.click()
  const active = page.locator('.cm-lineNumbers .cm-activeLineGutter')
  await expect.poll(() => active.textContent(), SOON).toBe(String(line))
  await expect.poll(() => page.locator('.cm-lint-marker-error').count(), SOON).toBe(1)
  await expect.poll(() => page.locator('.cm-lintRange-error').textContent(), SOON).toBe('101')
  expect(await servingText(scene)).not.toContain('101')
})

test('tells of the key at the cursor', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await page.getByText('"connectTimeoutMs"').click()
  const panel = page.getByRole('region', { name: 'At the cursor' })
  await expect.poll(() => panel.textContent(), SOON).toContain('targets › legacy › connectTimeoutMs')
  expect(await panel.textContent()).toMatch(/Milliseconds until.*whole number.*1 to 2147483647.*5000/)
})

test('goes to a route', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await page.getByLabel('Go to').selectOption('transcription.stream')
  const line = lineOf(routingText(), '"transcription.stream"')
  const active = page.locator('.cm-lineNumbers .cm-activeLineGutter')
  await expect.poll(() => active.textContent(), SOON).toBe(String(line))
  await expect
    .poll(() => page.getByRole('region', { name: 'At the cursor' }).textContent(), SOON)
    .toContain('Names the route')
})

test('shows the difference before it saves, and what was saved serves', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await write(page, withWeight(10))
  await page.getByRole('button', { name: 'Review and save' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(`raises the weight of "${ROUTE}" from 0 to 10`).waitFor()
  expect(await dialog.textContent()).toContain(`/routes/${ROUTE}/weight`)
  const save = dialog.getByRole('button', { name: 'Save' })
  expect(await save.isDisabled()).toBe(true)

  await dialog.getByLabel('Reason').fill('a first share')
  await save.click()
  await page.getByText(/Saved: revision \d+ serves/).waitFor()
  expect(await servingText(scene)).toBe(withWeight(10))
  await page.getByRole('region', { name: 'Revisions' }).getByText('a first share').waitFor()
  expect(await scene.other.ask('GET /audit?limit=1')).toMatchObject([
    { actor: { kind: 'operator', name: 'ada' }, reason: 'a first share', routes: [ROUTE] }
  ])
})

test('keeps the text when somebody else was first, and takes their change into it', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await write(page, withWeight(10))
  await page.getByRole('button', { name: 'Review and save' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('mine')
  let sent = 0
  page.on('request', request => {
    if (request.method() === 'PUT') sent += 1
  })
  await scene.other.ask('PUT /routes/notes.create/kill-switch', { on: true, reason: 'theirs' })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })

  const notice = page
    .getByText(/Revision \d+ serves now/)
    .locator('..')
    .locator('..')
  await notice.getByText('/routes/notes.create/killSwitch').waitFor()
  await notice.getByText(/^Revision \d+ by grace, .*: theirs$/).waitFor()
  expect(sent).toBe(1)
  expect(await servingText(scene)).not.toContain('"weight": 10')

  await page.getByRole('button', { name: 'Take these changes into my text' }).click()
  await page.getByRole('button', { name: 'Review and save' }).click()
  expect(await dialog.getByText('/routes/notes.create/killSwitch').count()).toBe(0)
  await dialog.getByLabel('Reason').fill('mine')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/Saved: revision \d+ serves/).waitFor()
  const saved = await servingText(scene)
  expect(saved).toContain('"weight": 10')
  expect(saved).toContain('"killSwitch": true')
})

test('says what the text has of its own where others changed the same', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await write(page, withWeight(10))
  await page.getByText('No problems').waitFor()
  await scene.other.ask('PUT /config', { text: withWeight(5), reason: 'theirs' })
  await page.getByRole('button', { name: 'Take these changes into my text' }).click()
  const conflict = page.getByText('These changes of the others were not taken').locator('..').locator('..')
  expect(await conflict.textContent()).toContain(`/routes/${ROUTE}/weight`)
  // What is saved is then what was typed here, over what they saved.
  await page.getByRole('button', { name: 'Review and save' }).click()
  await page.getByRole('dialog').getByText('from 5 to 10').waitFor()
})

test('restores a revision, after the same look at what it changes', { timeout: TEST_MS }, async () => {
  const before = await servingText(scene)
  const { revision } = Object(await scene.other.ask('GET /config'))
  await scene.other.ask('PUT /config', { text: withWeight(25), reason: 'to go back from' })
  const page = await scene.open(`/config/revisions/${revision}`)
  await page.getByRole('button', { name: 'Restore this revision' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(`/routes/${ROUTE}/weight`).waitFor()
  await dialog.getByLabel('Reason').fill('back again')
  await dialog.getByRole('button', { name: `Restore revision ${revision}` }).click()
  await page.getByRole('heading', { name: `Revision ${revision + 2}` }).waitFor()
  expect(await servingText(scene)).toBe(before)
})

test('restores nothing when somebody else was first, and says who', { timeout: TEST_MS }, async () => {
  const { revision } = Object(await scene.other.ask('GET /config'))
  await scene.other.ask('PUT /config', { text: withWeight(25), reason: 'to go back from' })
  const page = await scene.open(`/config/revisions/${revision}`)
  await page.getByRole('button', { name: 'Restore this revision' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill('back again')
  await scene.other.ask('PUT /config', { text: withWeight(30), reason: 'meanwhile' })
  await dialog.getByRole('button', { name: `Restore revision ${revision}` }).click()
  await page.getByText(/^Revision \d+ by grace, .*: meanwhile$/).waitFor()
  expect(await page.getByText('Nothing was restored').count()).toBe(1)
  expect(await servingText(scene)).toBe(withWeight(30))
})

test('keeps unsaved text over a reload', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  page.on('dialog', dialog => void dialog.accept())
  await write(page, withWeight(33))
  await page.getByText('No problems').waitFor()
  await page.reload()
  await page.getByText('Your unsaved text of before is here again').waitFor()
  await page.getByRole('button', { name: 'Review and save' }).click()
  await page.getByRole('dialog').getByText('from 0 to 33').waitFor()
  expect(await servingText(scene)).not.toContain('33')
})

test('takes what others save into an editor in which nothing is typed', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await scene.other.ask('PUT /config', { text: withWeight(44), reason: 'theirs' })
  const { revision } = Object(await scene.other.ask('GET /config'))
  await page.getByText(`Revision ${revision}`, { exact: true }).first().waitFor()
  expect(await page.getByRole('button', { name: 'Review and save' }).isDisabled()).toBe(true)
})

test('a viewer reads it, and has nothing to change it with', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/config', { as: 'viewer' })
  const editor = page.getByRole('textbox', { name: 'Routing configuration, read only' })
  await editor.click()
  await page.keyboard.type('x')
  expect(await editor.textContent()).not.toContain('x{')
  for (const name of ['Review and save', 'Discard', 'Restore this revision']) {
    expect(await page.getByRole('button', { name }).count()).toBe(0)
  }
  await page.goto(`${scene.gateway.adminUrl}/dashboard/config/revisions/1`)
  await page.getByRole('heading', { name: 'Its text' }).waitFor()
  expect(await page.getByRole('button', { name: 'Restore this revision' }).count()).toBe(0)
})

test('is worked by keyboard alone', { timeout: TEST_MS }, async () => {
  const page = await openEditor()
  await tabTo(page, editorOf(page))
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.keyboard.type('"kil')
  await page.getByRole('option', { name: '"killSwitch"' }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.type('fal')
  await page.getByRole('option', { name: 'false' }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.type(',')
  // The key is there twice now: it is undone again, and something else is typed.
  await page.getByRole('button', { name: /^Line \d+, column/ }).waitFor()
  await page.keyboard.press('Control+z')
  await expect
    .poll(async () => {
      await page.keyboard.press('Control+z')
      return page.getByText('No unsaved change.').count()
    }, SOON)
    .toBe(1)
  await page.keyboard.press('Control+End')
  await page.keyboard.press('Enter')
  await page.getByText('No problems').waitFor()
  const review = page.getByRole('button', { name: 'Review and save' })
  await tabTo(page, review)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByText('Only the layout of the text differs').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})
