import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Scene, startScene } from './starter.ts'

const TEST_MS = 60_000
/** A phone's. */
const NARROW = { width: 390, height: 844 }

/** Each page, and what is there once it has come. */
const PAGES = [
  ['/', 'notes.list'],
  ['/routes/notes.list', 'notes.list'],
  ['/config', 'At the cursor'],
  ['/config/revisions/1', 'Its text'],
  ['/audit', 'Verify the chain'],
  ['/discovery', 'Routes without a native service'],
  ['/sign-in', 'Sign in']
] as const

let scene: Scene

beforeAll(async () => {
  scene = await startScene()
  await scene.ask('PUT /routes/notes.list/kill-switch', { on: true, reason: 'something to be seen' })
  await fetch(`${scene.gateway.url}/api/unknown`)
})
afterAll(() => scene.stop())

async function opened(path: string, sign: string, options: Parameters<Scene['open']>[1]): Promise<Page> {
  const page = await scene.open(path, options)
  await page.getByText(sign).first().waitFor()
  return page
}

describe.each(PAGES)('%s', (path, sign) => {
  test.each(['light', 'dark'] as const)('has nothing serious against it, %s', { timeout: TEST_MS }, async scheme => {
    const page = await opened(path, sign, { colorScheme: scheme })
    const { violations } = await new AxeBuilder({ page }).analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    const told = serious.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => [id, target, failureSummary])
    )
    expect(told).toEqual([])
  })

  test('fits a phone', { timeout: TEST_MS }, async () => {
    const page = await opened(path, sign, { viewport: NARROW })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(NARROW.width)
  })
})

test('no page did what its content security policy forbids', () => {
  expect(scene.complaints).toEqual([])
})
