import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seriousFindings } from './axe.ts'
import { type Scene, startScene } from './starter.ts'

const TEST_MS = 60_000
/** Of phones. */
const WIDTHS = [390, 320]

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
  await scene.other.ask('PUT /routes/notes.list/kill-switch', { on: true, reason: 'something to be seen' })
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
    expect(await seriousFindings(page)).toEqual([])
  })

  test.each(WIDTHS)('fits a phone of %i px', { timeout: TEST_MS }, async width => {
    const page = await opened(path, sign, { viewport: { width, height: 844 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })
})
