import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { expectAnswer } from './answers.ts'
import type { Contract } from './context.ts'
import { type AuthenticatedRow, authenticatedRows } from './rows.ts'

const NO_TOKEN = { msg: 'Please login, no token provided' }
const now = () => Math.floor(Date.now() / 1000)
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

type Guarded = Omit<AuthenticatedRow, 'status'>

const guarded: readonly Guarded[] = [
  ...authenticatedRows,
  { route: 'nothing under /api', method: 'GET', path: '/api/nothing' },
  { route: 'nothing deep under /api', method: 'GET', path: '/api/nothing/at/all' }
]

export function authentication({ call, token, account, differs }: Contract): void {
  const id = new ObjectId().toHexString()
  const refused = async ({ method, path, body }: Guarded, headers: Record<string, string>, reason: object) =>
    expectAnswer(await call(method, path, { headers, body }), 401, reason)

  test.for(guarded)('$route without a token', async row => {
    await refused(row, {}, NO_TOKEN)
  })

  test.for(['Basic abc', 'bearer abc', 'Bearer', 'Bearer ', 'abc'])(
    'an Authorization "%s" is no token',
    async authorization => {
      for (const row of guarded) await refused(row, { authorization }, NO_TOKEN)
    }
  )

  test('an expired token', async () => {
    const authorization = `Bearer ${token({ exp: now() - 1 })}`
    for (const row of guarded) await refused(row, { authorization }, { msg: 'Token expired. Please log in again.' })
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
    const authorization = `Bearer ${text}`
    for (const row of guarded) await refused(row, { authorization }, { msg: 'Not authorized, invalid token', error })
  })

  test('the token is looked at before the body', async () => {
    expectAnswer(await call('POST', `/api/notes/${id}`, { body: '{' }), 401, NO_TOKEN)
  })

  test.for(authenticatedRows)('$route with a token', async ({ method, path, body, status }) => {
    expect((await call(method, path, { token: token(), body })).status).toBe(status)
  })

  test.for(authenticatedRows)('$route with a token that was logged out', async ({ route, method, path, body }) => {
    const { token: loggedOut } = await account()
    expectAnswer(await call('POST', '/users/logout', { token: loggedOut }), 200, {
      msg: 'user logged out successfully'
    })
    await differs(`${route}.logged-out`, method, path, { token: loggedOut, body })
  })
}
