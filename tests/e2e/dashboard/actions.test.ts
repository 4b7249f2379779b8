import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Operator } from '../../support/dashboard.ts'
import { seriousFindings } from './axe.ts'
import { tabTo } from './keyboard.ts'
import { type Scene, SOON, startScene } from './starter.ts'

const TEST_MS = 60_000
const ROUTE = 'notes.list'
const OTHER_ROUTE = 'users.login'
const PLAN = { steps: [10, 25, 100], advance: 'manual' }
const ROUTES = [
  { id: ROUTE, paths: ['/api/notes/:consultationId'], methods: ['GET'], native: 'notes' },
  { id: OTHER_ROUTE, paths: ['/users/login'], methods: ['POST'], native: 'users' }
]

let scene: Scene
let other: Operator

beforeAll(async () => {
  scene = await startScene(configWith(PLAN))
  other = scene.other
})
afterAll(() => scene.stop())
afterEach(async () => {
  // Whatever the rollout was, it is none and at 0 afterwards; nobody asks legacy here, so nothing holds it.
  if ((await weightOf(ROUTE)) !== 0) {
    await other.ask(`POST /rollouts/${ROUTE}/rollback`, { reason: 'as it was', force: true })
  }
})

function configWith(rollout: object): object {
  return { defaults: { weight: 0, rollout }, routes: ROUTES }
}

async function weightOf(route: string): Promise<unknown> {
  return Reflect.get(Object(await other.ask(`GET /routes/${route}`)), 'weight')
}

async function opened(): Promise<Page> {
  const page = await scene.open(`/routes/${ROUTE}`)
  await page.locator('.actions').waitFor()
  return page
}

async function choose(page: Page, name: string): Promise<void> {
  await page.locator('.actions').getByRole('button', { name, exact: true }).click()
  await page.getByRole('dialog').waitFor()
}

const confirm = (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click()
const give = (page: Page, reason: string) => page.getByRole('textbox', { name: 'Reason' }).fill(reason)
const says = (page: Page, text: string) => page.getByRole('dialog').getByText(text).first().waitFor()
/** The dialog closes when it is done; what it says instead is why not. */
async function isGone(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog')
  // Not textContent: it would wait for a dialog to come where the one that was counted has gone.
  await expect.poll(() => dialog.allTextContents(), SOON).toEqual([])
}

/** What the page sends to change something, such as `POST /rollouts/notes.list/start`. */
function sentBy(page: Page): readonly string[] {
  const sent: string[] = []
  page.on('request', request => {
    const path = new URL(request.url()).pathname.replace('/dashboard/api', '')
    if (request.method() !== 'GET' && path !== '/config/plan') sent.push(`${request.method()} ${path}`)
  })
  return sent
}

test('starts, promotes and rolls back, each after it said what it moves', { timeout: TEST_MS }, async () => {
  const page = await opened()
  const weight = page.locator('.stand .weight')
  await choose(page, 'Start')
  await says(page, 'weight 0 % → weight 10 %')
  // More callers may come to native, so a reason is required.
  await confirm(page, 'Start')
  expect(await page.getByRole('dialog').count()).toBe(1)
  expect(await weightOf(ROUTE)).toBe(0)
  await give(page, 'the first step')
  await confirm(page, 'Start')
  await isGone(page)
  await expect.poll(() => weight.textContent(), SOON).toBe('10 %')
  expect(await weightOf(ROUTE)).toBe(10)

  await choose(page, 'Promote to 25 %')
  await says(page, 'weight 10 % → weight 25 %')
  await give(page, 'it looks well')
  await confirm(page, 'Promote to 25 %')
  await isGone(page)
  await expect.poll(() => weight.textContent(), SOON).toBe('25 %')

  await choose(page, 'Roll back')
  await says(page, 'weight 25 % → weight 0 %')
  await confirm(page, 'Roll back')
  await isGone(page)
  await expect.poll(() => weight.textContent(), SOON).toBe('0 %')
  await page.locator('.phase.rolled-back').waitFor()
  expect(await weightOf(ROUTE)).toBe(0)
  await expect.poll(() => page.locator('.history').textContent(), SOON).toContain('it looks well')
})

test('pauses, resumes and sets a weight', { timeout: TEST_MS }, async () => {
  await other.ask(`POST /rollouts/${ROUTE}/start`, { reason: 'to be paused' })
  const page = await opened()
  await choose(page, 'Pause')
  await give(page, 'over lunch')
  await confirm(page, 'Pause')
  await isGone(page)
  await choose(page, 'Resume')
  await says(page, 'required')
  await give(page, 'after lunch')
  await confirm(page, 'Resume')
  await isGone(page)
  await page.getByRole('button', { name: 'Pause' }).waitFor()

  await choose(page, 'Set weight')
  await page.getByLabel('Weight in percent').fill('7.5')
  await says(page, 'weight 10 % → weight 7.5 %')
  await confirm(page, 'Set weight')
  await isGone(page)
  expect(await weightOf(ROUTE)).toBe(7.5)
})

test('promotes by keyboard alone', { timeout: TEST_MS }, async () => {
  await other.ask(`POST /rollouts/${ROUTE}/start`, { reason: 'to be promoted' })
  const page = await opened()
  const button = page.getByRole('button', { name: 'Promote to 25 %' })
  await button.waitFor()
  await tabTo(page, button)
  await page.keyboard.press('Enter')
  await says(page, 'weight 10 % → weight 25 %')
  await tabTo(page, page.getByRole('textbox', { name: 'Reason' }))
  await page.keyboard.type('without a mouse')
  await tabTo(page, page.getByRole('dialog').getByRole('button', { name: 'Promote to 25 %' }))
  await page.keyboard.press('Enter')
  await isGone(page)
  expect(await weightOf(ROUTE)).toBe(25)
  // The focus is where it was, or where the keyboard goes on from: never lost in a dialog that has gone.
  await tabTo(page, page.getByRole('button', { name: 'Roll back' }))
})

test.each(['light', 'dark'] as const)(
  'has nothing serious against a dialog that was refused, %s',
  {
    timeout: TEST_MS
  },
  async colorScheme => {
    const page = await scene.open(`/routes/${ROUTE}`, { colorScheme })
    await choose(page, 'Start')
    await says(page, 'weight 0 % → weight 10 %')
    await give(page, 'a little late')
    await other.ask(`PUT /routes/${OTHER_ROUTE}/kill-switch`, { on: true, reason: 'meanwhile' })
    await confirm(page, 'Start')
    await says(page, 'by grace')
    expect(await seriousFindings(page)).toEqual([])
    await other.ask(`PUT /routes/${OTHER_ROUTE}/kill-switch`, { on: false, reason: 'as it was' })
  }
)

test('sends a double click once', { timeout: TEST_MS }, async () => {
  const page = await opened()
  const sent = sentBy(page)
  await choose(page, 'Start')
  await says(page, 'weight 0 % → weight 10 %')
  await give(page, 'with a nervous finger')
  await page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).dblclick()
  await isGone(page)
  expect(await weightOf(ROUTE)).toBe(10)
  expect(sent).toEqual([`POST /rollouts/${ROUTE}/start`])
})

test('does nothing on a stale page, says who changed what, and does it after another look', {
  timeout: TEST_MS
}, async () => {
  const page = await opened()
  const sent = sentBy(page)
  await choose(page, 'Start')
  await says(page, 'weight 0 % → weight 10 %')
  await give(page, 'not knowing of the other')
  await other.ask(`PUT /routes/${OTHER_ROUTE}/kill-switch`, { on: true, reason: 'meanwhile' })
  await confirm(page, 'Start')
  await says(page, 'Somebody changed the configuration meanwhile')
  await says(page, `/routes/${OTHER_ROUTE}/killSwitch`)
  await expect.poll(() => page.getByRole('dialog').textContent(), SOON).toMatch(/Revision \d+ by grace.*: meanwhile/)
  expect(await weightOf(ROUTE)).toBe(0)
  expect(sent).toHaveLength(1)

  await page.getByRole('button', { name: 'Look again' }).click()
  await confirm(page, 'Start')
  await isGone(page)
  expect(await weightOf(ROUTE)).toBe(10)
  await other.ask(`PUT /routes/${OTHER_ROUTE}/kill-switch`, { on: false, reason: 'as it was' })
})

test('shows a refusal in its place, and forces it where the refusal says so', { timeout: TEST_MS }, async () => {
  await scene.gateway.reconfigure(configWith({ ...PLAN, noAdvance: [{ from: '00:00', to: '24:00' }] }))
  const page = await opened()
  await choose(page, 'Start')
  await give(page, 'at the wrong time')
  await confirm(page, 'Start')
  await says(page, 'or force it')
  expect(await weightOf(ROUTE)).toBe(0)
  await page.getByLabel('Force it all the same').check()
  await confirm(page, 'Start')
  await isGone(page)
  expect(await weightOf(ROUTE)).toBe(10)
  await scene.gateway.reconfigure(configWith(PLAN))
})

test('kills a route, and the whole gateway', { timeout: TEST_MS }, async () => {
  await other.ask(`POST /rollouts/${ROUTE}/set`, { weight: 50, reason: 'something to be killed' })
  const page = await opened()
  await choose(page, 'Kill switch: turn on')
  await says(page, 'kill switch on')
  await confirm(page, 'Kill switch: turn on')
  await isGone(page)
  const notice = page.getByText('The kill switch of this route is on')
  await notice.waitFor()
  await choose(page, 'Kill switch: turn off')
  await says(page, 'weight 50 %')
  await give(page, 'it was nothing')
  await confirm(page, 'Kill switch: turn off')
  await isGone(page)
  await notice.waitFor({ state: 'detached' })

  await page.getByRole('link', { name: 'Overview' }).click()
  await choose(page, 'Kill switch of the gateway: turn on')
  await says(page, 'kill switch on')
  await confirm(page, 'Kill switch of the gateway: turn on')
  await isGone(page)
  const whole = page.getByRole('alert').filter({ hasText: 'The kill switch of the gateway is on' })
  await whole.waitFor()
  expect(Reflect.get(Object(await other.ask('GET /status')), 'killSwitch')).toBe(true)
  await other.ask('PUT /kill-switch', { on: false, reason: 'as it was' })
  await whole.waitFor({ state: 'detached' })
})

test('offers what the phase allows, and nothing else', { timeout: TEST_MS }, async () => {
  const page = await opened()
  const offered = () => page.locator('.actions').getByRole('button').allTextContents()
  expect(await offered()).toEqual(['Start', 'Set weight', 'Kill switch: turn on'])
  await other.ask(`POST /rollouts/${ROUTE}/start`, { reason: 'to see the buttons' })
  const ofProgressing = ['Promote to 25 %', 'Promote to 100 %', 'Pause', 'Set weight', 'Roll back']
  await expect.poll(offered, SOON).toEqual([...ofProgressing, 'Kill switch: turn on'])
  await other.ask(`POST /rollouts/${ROUTE}/pause`, { reason: 'to see the others' })
  await expect.poll(offered, SOON).toEqual(['Resume', 'Set weight', 'Roll back', 'Kill switch: turn on'])
})
