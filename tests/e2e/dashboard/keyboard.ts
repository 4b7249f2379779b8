import type { Locator, Page } from 'playwright-core'

const MOST_PRESSES = 100

/** Presses Tab until something has the focus. @throws Error when Tab does not get there */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < MOST_PRESSES; presses++) {
    if (await target.evaluate(element => element.matches(':focus'))) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not get to ${target.toString()}`)
}
