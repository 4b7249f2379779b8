import type { Db } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { givenUser, signedToken, startNative } from './support.ts'

const LOGGED_OUT = { status: 401, body: { msg: 'Session logged out. Please log in again.' } }
const DONE = { status: 200, body: { msg: 'user logged out successfully' } }

function storedTokens(db: Db): Promise<object[]> {
  return db
    .collection('blacktokens')
    .find({}, { projection: { _id: 0 } })
    .toArray()
}

describe('logout', () => {
  it('refuses the token from the next request on, everywhere', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    expect((await call('GET', '/users/profile', { token })).status).toBe(200)
    expect(await call('POST', '/users/logout', { token })).toMatchObject(DONE)
    expect(await call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
    expect(await call('GET', '/api/notes/x', { token })).toMatchObject(LOGGED_OUT)
    expect(await call('GET', '/api/notes/x/y', { token })).toMatchObject(LOGGED_OUT)
  })

  it('is never late, also among requests under way at the same time', async () => {
    const { call, db } = await startNative()
    const others = await Promise.all(Array.from({ length: 20 }, () => givenUser(db)))
    for (const { token } of others) {
      const traffic = others.map(other => call('GET', '/users/profile', { token: other.token }))
      await call('POST', '/users/logout', { token })
      expect(await call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
      await Promise.all(traffic)
    }
  })

  it('stores the token as the legacy does, once, and until when it matters', async () => {
    const { call, db } = await startNative()
    const exp = Math.floor(Date.now() / 1000) + 1234
    const token = signedToken({ exp })
    await call('POST', '/users/logout', { token })
    await call('POST', '/users/logout', { token })
    expect(await storedTokens(db)).toEqual([{ blackToken: token, expiresAt: new Date(exp * 1000) }])
  })

  it('gives an entry of the legacy’s its end', async () => {
    const { call, db } = await startNative()
    const exp = Math.floor(Date.now() / 1000) + 1234
    const token = signedToken({ exp })
    await db.collection('blacktokens').insertOne({ blackToken: token })
    expect(await call('POST', '/users/logout', { token })).toMatchObject(DONE)
    expect(await storedTokens(db)).toEqual([{ blackToken: token, expiresAt: new Date(exp * 1000) }])
  })

  it('takes a token whose end is further away than dates go', async () => {
    const { call, db } = await startNative()
    const { id } = await givenUser(db)
    const token = signedToken({ userID: id, exp: 1e300 })
    expect((await call('GET', '/users/profile', { token })).status).toBe(200)
    expect(await call('POST', '/users/logout', { token })).toMatchObject(DONE)
    expect(await call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
    expect(await storedTokens(db)).toEqual([{ blackToken: token, expiresAt: new Date('9999-01-01') }])
  })

  it('heeds a token that the legacy stored', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    await db.collection('blacktokens').insertMany([{ blackToken: token }, { blackToken: token }])
    expect(await call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
  })

  it('answers but stores nothing for a token that is refused anyway: expired, or never signed by us', async () => {
    const { call, db } = await startNative()
    const expired = signedToken({ iat: 1, exp: 2 })
    const foreign = signedToken({}, 'another secret, also long enough')
    for (const token of [expired, foreign, 'x', `${expired.slice(0, -1)}!`]) {
      expect(await call('POST', '/users/logout', { token })).toMatchObject(DONE)
    }
    expect(await storedTokens(db)).toEqual([])
  })

  it('answers 401 without a token', async () => {
    const { call } = await startNative()
    const refused = { status: 401, body: { msg: 'Please login, no token provided' } }
    expect(await call('POST', '/users/logout')).toMatchObject(refused)
    expect(await call('POST', '/users/logout', { headers: { authorization: 'Bearer' } })).toMatchObject(refused)
  })

  it('does not lock out whoever logs in again within the same second', async () => {
    const { call } = await startNative()
    const account = { username: 'Ann', email: 'ann@example.org', password: 'a long password', role: 'clinician' }
    await call('POST', '/users/register', { body: account })
    for (let round = 0; round < 4; round++) {
      const { body } = await call('POST', '/users/login', { body: account })
      const token = String(Reflect.get(Object(body), 'token'))
      expect((await call('GET', '/users/profile', { token })).status).toBe(200)
      await call('POST', '/users/logout', { token })
      expect(await call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
    }
  })
})
