import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import type { Contract } from './context.ts'

const NO_TOKEN = { msg: 'Please login, no token provided' }
const now = () => Math.floor(Date.now() / 1000)
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function authentication({ call, token, account, outcome, intended }: Contract): void {
  const id = new ObjectId().toHexString()
  const paths = ['/users/profile', `/api/notes/${id}`, '/api/nothing', '/api/nothing/at/all']

  test.for(paths)('GET %s without a token', async path => {
    expect(await call('GET', path)).toMatchObject({ status: 401, body: NO_TOKEN })
  })

  test.for(['Basic abc', 'bearer abc', 'Bearer', 'abc'])('an Authorization "%s" is no token', async authorization => {
    for (const path of paths) {
      expect(await call('GET', path, { headers: { authorization } })).toMatchObject({ status: 401, body: NO_TOKEN })
    }
  })

  test.for(paths)('GET %s with an expired token', async path => {
    expect(await call('GET', path, { token: token({ exp: now() - 1 }) })).toMatchObject({
      status: 401,
      body: { msg: 'Token expired. Please log in again.' }
    })
  })

  const unsigned = `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url({ userID: id, exp: now() + 3600 })}.`
  const bad = {
    'that is no JWT': ['abc', 'jwt malformed'],
    'of two parts': ['abc.def', 'jwt malformed'],
    'whose parts are no JSON': ['abc.def.ghi', 'invalid token'],
    'with another secret': [token({}, 'another secret of sufficient length'), 'invalid signature'],
    'of another algorithm': [token({}, undefined, 'HS512'), 'invalid algorithm'],
    'without a signature': [unsigned, 'jwt signature is required'],
    'of the future': [token({ nbf: now() + 600 }), 'jwt not active']
  } as const
  test.for(Object.entries(bad))('a token %s is refused with its reason', async ([, [text, error]]) => {
    for (const path of paths) {
      const answer = await call('GET', path, { token: text })
      expect(answer.status).toBe(401)
      expect(answer.body).toEqual({ msg: 'Not authorized, invalid token', error })
    }
  })

  test('the token is looked at before the body', async () => {
    expect((await call('POST', `/api/notes/${id}`, { body: '{' })).status).toBe(401)
  })

  test('a logged out token', async () => {
    const { token: loggedOut } = await account()
    expect(await call('POST', '/users/logout', { token: loggedOut })).toMatchObject({ status: 200 })
    expect(await outcome('logged-out.profile', 'GET', '/users/profile', { token: loggedOut })).toEqual(
      intended('logged-out.profile')
    )
    expect(await outcome('logged-out.notes', 'GET', `/api/notes/${id}`, { token: loggedOut })).toEqual(
      intended('logged-out.notes')
    )
  })
}
