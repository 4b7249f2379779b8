import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Scene, SOON, startScene } from './starter.ts'

const TEST_MS = 60_000
const NAME = 'ada.lovelace@example.com'

let scene: Scene

beforeAll(async () => {
  scene = await startScene()
  for (let count = 0; count < 3; count++) await fetch(`${scene.gateway.url}/api/notes/one/two/${NAME}`)
})
afterAll(() => scene.stop())

test('shows what no route matches by its shape, and nobody by name', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/discovery', { as: 'viewer' })
  const row = page.getByRole('row').filter({ hasText: '/api/notes/' })
  await row.first().waitFor()
  expect(await row.first().textContent()).toMatch(/GET.*\/api\/notes\/:value\/:value\/:value.*3/)
  expect(await page.content()).not.toContain('lovelace')
})

test('shows which routes have no native service', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/discovery')
  await page.getByText('None: a native service stands behind every route.').waitFor()
  const { text } = Object(await scene.other.ask('GET /config'))
  const config = JSON.parse(text)
  config.routes.push({ id: 'reports', paths: ['/reports/*'], methods: ['GET'] })
  await scene.other.ask('PUT /config', { text: JSON.stringify(config, undefined, 2), reason: 'one without' })
  const row = page.getByRole('row').filter({ hasText: '/reports/*' })
  await expect.poll(() => row.first().textContent(), SOON).toContain('not seen')
})

test('shows which routes nobody has used for so many days', { timeout: TEST_MS }, async () => {
  const page = await scene.open('/discovery')
  const section = page.getByRole('region', { name: 'Legacy routes that nobody uses' })
  await section.getByText('None. The longest').waitFor()
  await page.getByLabel(/Without a request for/).fill('0')
  await expect.poll(() => section.getByRole('row').filter({ hasText: 'notes.list' }).count(), SOON).toBe(1)
})
