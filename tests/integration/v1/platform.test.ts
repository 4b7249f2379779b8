import { expect, test } from 'vitest'
import { NO_DATABASE } from '../gateway/support.ts'
import { givenUser, signedToken, startNative } from '../services/support.ts'
import { refusal } from './support.ts'

const HOUR = 3600
const now = () => Math.floor(Date.now() / 1000)

test.each([
  ['no token', undefined, 'unauthenticated', 'Bearer'],
  ['an expired token', () => signedToken({ exp: now() - HOUR }), 'token_expired', 'Bearer error="invalid_token"'],
  [
    'a token of another secret',
    () => signedToken({}, 'another secret'),
    'token_invalid',
    'Bearer error="invalid_token"'
  ],
  ['a token that is none', () => 'abc', 'token_invalid', 'Bearer error="invalid_token"']
])('%s is 401 before anything else', async (_, token, code, challenge) => {
  const { call } = await startNative()
  for (const [method, path] of [
    ['GET', '/api/v1/prompts?limit=wrong'],
    ['POST', '/api/v1/prompts'],
    ['DELETE', '/api/v1/prompts/malformed'],
    ['GET', '/api/v1/nowhere'],
    ['GET', '/api/v1']
  ] as const) {
    const answer = await call(method, path, { token: token?.(), ...(method === 'POST' && { body: '{' }) })
    expect(answer).toMatchObject(refusal(401, code))
    expect(answer.headers['www-authenticate']).toBe(challenge)
  }
})

test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const)('%s of what is not there is 404', async method => {
  const { call, db } = await startNative()
  const { token } = await givenUser(db)
  for (const path of [
    '/api/v1',
    '/api/v1/',
    '/api/v1/nowhere',
    '/API/V1/users',
    '/api/v1/prompts/a/b',
    '/api/v1/%zz'
  ]) {
    if (method === 'POST' && path === '/API/V1/users') continue
    expect(await call(method, path, { token })).toMatchObject(refusal(404, 'not_found'))
  }
})

test.each([
  ['a body that is no JSON', 400, 'malformed_request', '{"a":', 'application/json'],
  ['a body that is no object', 400, 'malformed_request', '7', 'application/json'],
  ['another content type', 415, 'unsupported_media_type', 'a=b', 'application/x-www-form-urlencoded'],
  ['another charset', 415, 'unsupported_media_type', '{}', 'application/json; charset=latin1'],
  ['a content type that is none', 415, 'unsupported_media_type', '{}', 'nonsense'],
  ['a list', 422, 'validation_failed', '[]', 'application/json'],
  ['an empty body', 422, 'validation_failed', '', 'application/json']
])('%s is %i', async (_, status, code, body, contentType) => {
  const { call, db } = await startNative()
  const { token } = await givenUser(db)
  const answer = await call('POST', '/api/v1/prompts', { token, body, headers: { 'content-type': contentType } })
  expect(answer).toMatchObject({
    status,
    body: { error: { code, message: expect.any(String), details: expect.any(Array) } }
  })
  expect(await db.collection('prompts').countDocuments()).toBe(0)
})

test('a body larger than 10 MB is 413, also for who is not logged in', async () => {
  const { call, db } = await startNative()
  const { token } = await givenUser(db)
  const body = Buffer.alloc(10 * 1024 * 1024 + 1, 'a')
  expect(await call('POST', '/api/v1/prompts', { token, body })).toMatchObject(refusal(413, 'body_too_large'))
  expect(await call('POST', '/api/v1/users', { body })).toMatchObject(refusal(413, 'body_too_large'))
})

test('a database that is away is 503, in the same shape', async () => {
  const { call } = await startNative({ uri: NO_DATABASE })
  const answer = await call('GET', '/api/v1/users/email-availability?email=a@b.org')
  expect(answer).toMatchObject(refusal(503, 'unavailable'))
})

test('a browser of the frontend may call it', async () => {
  const { call } = await startNative()
  const origin = 'http://localhost:3000'
  const preflight = { origin, 'access-control-request-method': 'PUT' }
  expect(await call('OPTIONS', '/api/v1/transcripts/1', { headers: preflight })).toMatchObject({
    status: 204,
    headers: { 'access-control-allow-origin': origin }
  })
  expect(await call('GET', '/api/v1/prompts', { headers: { origin } })).toMatchObject({
    status: 401,
    headers: { 'access-control-allow-origin': origin }
  })
})

test('what is still as the client has it is 304', async () => {
  const { call, db } = await startNative()
  const { token } = await givenUser(db)
  const { headers } = await call('GET', '/api/v1/users/me', { token })
  const etag = String(headers['etag'])
  const again = await call('GET', '/api/v1/users/me', { token, headers: { 'if-none-match': etag } })
  expect(again).toMatchObject({ status: 304, text: '' })
})
