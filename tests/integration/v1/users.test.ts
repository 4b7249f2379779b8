import { expect, test } from 'vitest'
import { givenUser, startNative } from '../services/support.ts'
import { dataOf, refusal, wrongFields } from './support.ts'

const ANN = { username: ' Ann ', email: 'Ann@Example.org', password: 'correct horse', role: 'clinician' }

test('an account is made, and is the one of the session that it opens', async () => {
  const { call } = await startNative()
  const created = await call('POST', '/api/v1/users', { body: ANN })
  const user = dataOf(created, 201)
  expect(user).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    username: 'Ann',
    email: 'ann@example.org',
    role: 'clinician',
    createdAt: expect.stringMatching(/Z$/)
  })
  expect(created.headers['location']).toBe('/api/v1/users/me')

  const { email, password } = ANN
  const session = dataOf(await call('POST', '/api/v1/users/sessions', { body: { email, password } }), 201)
  expect(session).toEqual({ token: expect.any(String), expiresInSeconds: 3600 })
  const token = String(session['token'])
  expect(await call('GET', '/api/v1/users/me', { token })).toMatchObject({ status: 200, body: { data: user } })
  // The legacy-compatible surface takes the same token.
  expect(await call('GET', '/users/profile', { token })).toMatchObject({ status: 200, body: { success: true } })

  expect(await call('DELETE', '/api/v1/users/sessions/current', { token })).toMatchObject({ status: 204, text: '' })
  expect(await call('GET', '/api/v1/users/me', { token })).toMatchObject(refusal(401, 'token_revoked'))
  expect(await call('DELETE', '/api/v1/users/sessions/current', { token })).toMatchObject(refusal(401, 'token_revoked'))
})

test('an email that is taken is a conflict, in whatever case', async () => {
  const { call, db } = await startNative()
  await call('POST', '/api/v1/users', { body: ANN })
  const again = await call('POST', '/api/v1/users', { body: { ...ANN, email: 'ANN@example.ORG' } })
  expect(again).toMatchObject(refusal(409, 'email_taken'))
  expect(await db.collection('users').countDocuments()).toBe(1)
})

test('an unknown email looks like a wrong password', async () => {
  const { call } = await startNative()
  await call('POST', '/api/v1/users', { body: ANN })
  const wrong = { email: ANN.email, password: 'another one' }
  const answers = [
    await call('POST', '/api/v1/users/sessions', { body: wrong }),
    await call('POST', '/api/v1/users/sessions', { body: { ...wrong, email: 'nobody@example.org' } })
  ]
  for (const answer of answers) {
    expect(answer).toMatchObject(refusal(401, 'wrong_credentials'))
    expect(answer.headers['www-authenticate']).toBe('Bearer')
  }
  expect(answers[0]?.text).toBe(answers[1]?.text)
})

test('too many failed logins are 429, and say when to come back', async () => {
  const { call } = await startNative({ loginLimits: { perAccountAndAddress: 1 } })
  const login = () => call('POST', '/api/v1/users/sessions', { body: { email: 'a@b.org', password: 'wrong one' } })
  expect(await login()).toMatchObject(refusal(401, 'wrong_credentials'))
  const answer = await login()
  expect(answer).toMatchObject(refusal(429, 'too_many_requests'))
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
})

test('whether an email is free', async () => {
  const { call, db } = await startNative()
  const { email } = await givenUser(db)
  const ask = (query: string) => call('GET', `/api/v1/users/email-availability${query}`)
  expect(dataOf(await ask(`?email=${email.toUpperCase()}`))).toEqual({ available: false })
  expect(dataOf(await ask('?email=free@example.org'))).toEqual({ available: true })
  expect(wrongFields(await ask(''))).toEqual(['/email'])
  expect(wrongFields(await ask('?email=a&email=b'))).toEqual(['/email'])
})

test.each([
  ['nothing', {}, ['/username', '/email', '/password', '/role']],
  ['another role', { ...ANN, role: 'admin' }, ['/role']],
  ['a number for a text', { ...ANN, username: 7 }, ['/username']],
  ['an operator for a text', { ...ANN, email: { $gt: '' } }, ['/email']],
  ['a field that is none', { ...ANN, isAdmin: true }, ['/isAdmin']],
  ['a short password', { ...ANN, password: 'short' }, ['/password']],
  ['a password beyond what bcrypt reads', { ...ANN, password: 'ä'.repeat(37) }, ['/password']]
])('a registration with %s is 422', async (_, body, paths) => {
  const { call, db } = await startNative()
  expect(wrongFields(await call('POST', '/api/v1/users', { body }))).toEqual(paths)
  expect(await db.collection('users').countDocuments()).toBe(0)
})

test('an account that is no more is 404', async () => {
  const { call, db } = await startNative()
  const { token } = await givenUser(db)
  await db.collection('users').deleteMany({})
  expect(await call('GET', '/api/v1/users/me', { token })).toMatchObject(refusal(404, 'not_found'))
})
