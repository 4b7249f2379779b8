import { hash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { createAttempts } from '../../../services/platform/attempts.ts'
import type { PlatformOptions } from '../../../services/index.ts'
import { type Native, startNative } from './support.ts'

const PASSWORD = 'a long password'
const OTHER_PASSWORD = 'another password'

const SUCCESS = { status: 200, body: { msg: 'login successful' } }
const UNKNOWN = { status: 200, body: { msg: 'user doesnt exist' } }
const WRONG = { status: 401, body: { msg: 'wrong credentials' } }
const REFUSED = {
  status: 429,
  headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
  body: { msg: 'Too many login attempts. Please try again later.' }
}

interface Login {
  readonly email?: string
  readonly from?: string
  readonly password?: string
}

/** Clients say in a header where they are. */
async function given(loginLimits: NonNullable<PlatformOptions['loginLimits']>) {
  const native = await startNative({
    loginLimits,
    clientAddress: ({ headers, ip }) => String(headers['x-address'] ?? ip)
  })
  await givenAccounts(native, ['ann@example.org', 'bea@example.org'])
  const login = ({ email = 'ann@example.org', from = '192.0.2.1', password = PASSWORD }: Login = {}) =>
    native.call('POST', '/users/login', { body: { email, password }, headers: { 'x-address': from } })
  const fail = (login_: Login = {}) => login({ ...login_, password: OTHER_PASSWORD })
  return { ...native, login, fail }
}

async function givenAccounts({ db }: Native, emails: readonly string[]): Promise<void> {
  const password = await hash(PASSWORD, { cost: 4 })
  await db
    .collection('users')
    .insertMany(emails.map(email => ({ username: email, email, password, role: 'clinician', createdAt: new Date() })))
}

describe('failed logins', () => {
  it('on one account from one address are limited, and then the right password is refused there too', async () => {
    const { login, fail } = await given({ perAccountAndAddress: 3 })
    for (let failure = 0; failure < 3; failure++) expect(await fail()).toMatchObject(WRONG)
    expect(await fail()).toMatchObject(REFUSED)
    expect(await login()).toMatchObject(REFUSED)
    expect(await login({ email: 'ANN@EXAMPLE.ORG' })).toMatchObject(REFUSED)
    expect(await login({ from: '192.0.2.2' })).toMatchObject(SUCCESS)
    expect(await login({ email: 'bea@example.org' })).toMatchObject(SUCCESS)
  })

  it('count for an account that does not exist as for one that does', async () => {
    const { login } = await given({ perAccountAndAddress: 3 })
    const email = 'nobody@example.org'
    for (let failure = 0; failure < 3; failure++) expect(await login({ email })).toMatchObject(UNKNOWN)
    expect(await login({ email })).toMatchObject(REFUSED)
  })

  it('are forgotten when the password is right, and only failures count', async () => {
    const { login, fail } = await given({ perAccountAndAddress: 3, perAccount: 3, perAddress: 3 })
    for (let round = 0; round < 3; round++) {
      expect(await fail()).toMatchObject(WRONG)
      expect(await fail()).toMatchObject(WRONG)
      for (let success = 0; success < 4; success++) expect(await login()).toMatchObject(SUCCESS)
    }
    for (let success = 0; success < 5; success++) {
      expect(await login({ email: 'bea@example.org' })).toMatchObject(SUCCESS)
    }
  })

  it('on one account from everywhere are limited, but not where its owner has logged in before', async () => {
    const { login, fail } = await given({ perAccount: 4 })
    expect(await login({ from: '192.0.2.1' })).toMatchObject(SUCCESS)
    for (const host of [11, 12, 13, 14]) expect(await fail({ from: `192.0.2.${host}` })).toMatchObject(WRONG)
    expect(await fail({ from: '192.0.2.15' })).toMatchObject(REFUSED)
    expect(await login({ from: '192.0.2.16' })).toMatchObject(REFUSED)
    expect(await login({ from: '192.0.2.1' })).toMatchObject(SUCCESS)
  })

  it('from one address on all accounts are limited, but not for those who have logged in from there before', async () => {
    const { login, fail } = await given({ perAddress: 4 })
    expect(await login()).toMatchObject(SUCCESS)
    for (const name of ['a', 'b', 'c', 'd']) expect(await fail({ email: `${name}@example.org` })).toMatchObject(UNKNOWN)
    expect(await fail({ email: 'e@example.org' })).toMatchObject(REFUSED)
    expect(await login({ email: 'bea@example.org' })).toMatchObject(REFUSED)
    expect(await login({ email: 'bea@example.org', from: '192.0.2.2' })).toMatchObject(SUCCESS)
    expect(await login()).toMatchObject(SUCCESS)
  })

  it('are one client’s within an IPv6 network of 64 bits, and for an IPv4 address however it is written', async () => {
    const { fail } = await given({ perAccountAndAddress: 2 })
    const networks = [
      ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff::', '2001:db8:1:2:3:4:5:6'],
      ['2001:db8:1:3::1', '2001:db8:1:3::', '2001:db8:1:3::192.0.2.1'],
      ['::1', '::2', '0:0:0:0:1::'],
      ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1'],
      ['192.0.2.2', '192.0.2.2', '192.0.2.2']
    ]
    for (const [first, second, third] of networks) {
      expect(await fail({ from: String(first) })).toMatchObject(WRONG)
      expect(await fail({ from: String(second) })).toMatchObject(WRONG)
      expect(await fail({ from: String(third) })).toMatchObject(REFUSED)
    }
  })

  it('at once are as many as one after the other', async () => {
    const { fail } = await given({ perAccountAndAddress: 5 })
    const answers = await Promise.all(Array.from({ length: 30 }, () => fail()))
    const count = (wanted: number) => answers.filter(({ status }) => status === wanted).length
    expect([count(401), count(429)]).toEqual([5, 25])
  })

  it('are forgotten when the time that Retry-After names has passed', async () => {
    const { login, fail } = await given({ perAccountAndAddress: 1, windowMs: 2000 })
    expect(await fail()).toMatchObject(WRONG)
    const refusal = await login()
    expect(refusal).toMatchObject(REFUSED)
    expect(Number(refusal.headers['retry-after'])).toBeLessThanOrEqual(2)
    await expect.poll(async () => (await login()).status, { timeout: 10_000 }).toBe(200)
  })

  it('are not counted when the request is no login at all', async () => {
    const { call, login } = await given({ perAccountAndAddress: 1, perAddress: 1 })
    for (const body of [{ email: 'ann@example.org' }, { email: { $gt: '' }, password: 'x' }, '{']) {
      const { status } = await call('POST', '/users/login', { body, headers: { 'x-address': '192.0.2.1' } })
      expect([400, 422]).toContain(status)
    }
    expect(await login()).toMatchObject(SUCCESS)
  })

  it('are counted for a bounded number of accounts, the longest untouched going first', {
    timeout: 60_000
  }, async () => {
    const attempts = createAttempts({ perAccountAndAddress: 1, perAddress: 1e9 })
    const first = attempts.login('first', '192.0.2.1')
    await first.begin()
    await expect(first.admit()).rejects.toMatchObject({ statusCode: 429 })
    for (let other = 0; other < 50_000; other++) await attempts.login(`${other}`, '192.0.2.1').begin()
    await first.admit()
    await expect(attempts.login('1', '192.0.2.1').admit()).rejects.toMatchObject({ statusCode: 429 })
  })
})

describe('registrations', () => {
  it('from one address are limited, those that were refused for another reason not counted', async () => {
    const { call } = await given({ registrationsPerAddress: 2 })
    const register = (name: string, from: string, password = PASSWORD) =>
      call('POST', '/users/register', {
        body: { username: name, email: `${name}@example.org`, password, role: 'clinician' },
        headers: { 'x-address': from }
      })
    expect((await register('ann', '192.0.2.1')).status).toBe(401)
    expect((await register('c', '192.0.2.1', 'short')).status).toBe(422)
    expect((await register('c', '192.0.2.1')).status).toBe(200)
    expect((await register('d', '192.0.2.1')).status).toBe(200)
    expect(await register('e', '192.0.2.1')).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
      body: { msg: 'Too many registrations. Please try again later.' }
    })
    expect((await register('e', '192.0.2.2')).status).toBe(200)
  })
})
