import { beforeEach, describe, expect, test } from 'vitest'
import type { TranscriptionClientOptions } from '../../support/transcription-client.ts'
import { signedToken } from '../services/support.ts'
import { type NativeTranscription, refused, START, STARTED, startTranscription } from './support.ts'

const LEGACY = '/transcription-stream'
const V1 = '/api/v1/transcription-stream'

const none = { msg: 'Please login, no token provided' }
const expired = { msg: 'Token expired. Please log in again.' }
const forged = { msg: 'Not authorized, invalid token', error: 'invalid signature' }
const v1 = (code: string) => ({ error: { code, message: expect.any(String), details: [] } })

const EXPIRED = () => signedToken({ iat: 0, exp: 3600 })
const FORGED = () => signedToken({}, 'a secret of somebody else, long enough')

/** Both ways to show a token. */
const ways: readonly [string, (path: string, token: string) => TranscriptionClientOptions][] = [
  ['in the header', (path, token) => ({ path, token })],
  ['in the query', (path, token) => ({ path: `${path}?token=${token}` })]
]

async function isTaken({ connect }: NativeTranscription, options: TranscriptionClientOptions): Promise<boolean> {
  const client = await connect(options)
  client.send(START)
  return (await client.next()) === STARTED
}

describe.each([
  { name: 'where none is asked for', path: LEGACY, requireToken: false, refusals: [expired, forged] },
  { name: 'where one is required', path: LEGACY, requireToken: true, refusals: [expired, forged] },
  { name: 'in v1', path: V1, requireToken: false, refusals: [v1('token_expired'), v1('token_invalid')] }
])('a token $name', ({ path, requireToken, refusals }) => {
  let native: NativeTranscription
  beforeEach(async () => {
    native = await startTranscription({ transcription: { requireToken } })
  })

  test.each(ways)('%s', async (_, shown) => {
    const origin = native.app.listeningOrigin
    expect(await isTaken(native, shown(path, signedToken()))).toBe(true)
    expect(await refused(origin, shown(path, EXPIRED()))).toMatchObject({ status: 401, body: refusals[0] })
    expect(await refused(origin, shown(path, FORGED()))).toMatchObject({ status: 401, body: refusals[1] })
  })
})

const nothing: readonly [string, (path: string) => TranscriptionClientOptions][] = [
  ['nothing', path => ({ path })],
  ['an empty one', path => ({ path: `${path}?token=` })],
  ['something else', path => ({ path, headers: { authorization: 'Basic eA==' } })]
]

test.each(nothing)('%s instead of a token', async (_, shown) => {
  const native = await startTranscription()
  expect(await isTaken(native, shown(LEGACY))).toBe(true)
  const v1Refusal = await refused(native.app.listeningOrigin, shown(V1))
  expect(v1Refusal).toMatchObject({ status: 401, body: v1('unauthenticated') })
  const strict = await startTranscription({ transcription: { requireToken: true } })
  expect(await refused(strict.app.listeningOrigin, shown(LEGACY))).toMatchObject({ status: 401, body: none })
})

test('a token that was logged out is refused, and a connection that it has made goes on', async () => {
  const native = await startTranscription()
  const token = signedToken()
  const client = await native.connect({ token })
  expect(await native.call('POST', '/users/logout', { token })).toMatchObject({ status: 200 })
  const body = { msg: 'Session logged out. Please log in again.' }
  expect(await refused(native.app.listeningOrigin, { token })).toMatchObject({ status: 401, body })
  client.send(START)
  expect(await client.next()).toBe(STARTED)
})

test('the header counts before the query', async () => {
  const native = await startTranscription()
  const { listeningOrigin } = native.app
  expect(await isTaken(native, { path: `${LEGACY}?token=${FORGED()}`, token: signedToken() })).toBe(true)
  const shown = { path: `${LEGACY}?token=${signedToken()}`, token: FORGED() }
  expect(await refused(listeningOrigin, shown)).toMatchObject({ status: 401 })
})

test('the query counts nowhere else', async () => {
  const { call } = await startTranscription()
  expect(await call('GET', `/users/profile?token=${signedToken()}`)).toMatchObject({ status: 401 })
})

test.each([
  [LEGACY, { msg: 'Not found' }],
  [`${LEGACY}/`, { msg: 'Not found' }],
  [V1, v1('not_found')]
])('without an upgrade there is nothing at %s', async (path, body) => {
  const { call } = await startTranscription({ transcription: { requireToken: true } })
  // A token only matters in v1.
  const token = path === V1 ? signedToken() : FORGED()
  expect(await call('GET', path, { token })).toMatchObject({ status: 404, body })
  expect(await call('POST', path, { token, body: {} })).toMatchObject({ status: 404, body })
})

test('without an upgrade v1 asks for a token as everywhere', async () => {
  const { call } = await startTranscription()
  expect(await call('GET', V1)).toMatchObject({ status: 401, body: v1('unauthenticated') })
})
