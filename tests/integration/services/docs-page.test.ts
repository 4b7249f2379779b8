import { expect, test } from 'vitest'
import { startNative } from './support.ts'

test('the docs page loads nothing from elsewhere, and works without TLS', async () => {
  const { call } = await startNative()
  const page = await call('GET', '/docs/')
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  const policy = String(page.headers['content-security-policy'])
  expect(policy).toMatch(/default-src 'self'/)
  expect(policy).not.toMatch(/https:|http:|swagger\.io|upgrade-insecure|unsafe-eval/)
  expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
})
