import { expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../support/fresh-database.ts'
import { call, gatewayForTest } from './support.ts'

test('failed logins count for the client behind a trusted proxy, not for the proxy', async () => {
  const database = await freshDatabase()
  onTestFinished(() => database.drop())
  const env = { TRUSTED_PROXIES: '127.0.0.1', LOGIN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '2' }
  const gateway = await gatewayForTest({ mongodbUri: database.uri, weights: 100, env })
  const login = async (forwarded: string) => {
    const headers = { 'x-forwarded-for': forwarded }
    const body = { email: 'nobody@example.org', password: 'a long password' }
    return call(gateway.url, '/users/login', { method: 'POST', headers, body })
  }
  expect((await login('192.0.2.1')).status).toBe(200)
  expect((await login('192.0.2.1')).status).toBe(200)
  // What the client itself wrote in front of what the proxy saw changes nothing.
  expect(await login('192.0.2.9, 192.0.2.1')).toMatchObject({
    status: 429,
    headers: { 'retry-after': expect.stringMatching(/^\d+$/), 'x-served-by': 'native' },
    body: { msg: 'Too many login attempts. Please try again later.' }
  })
  expect((await login('192.0.2.2')).status).toBe(200)
})
