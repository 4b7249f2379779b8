import { createHmac } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import { givenUser, JWT_SECRET, randomId, signedToken, startNative } from './support.ts'

const NO_TOKEN = { msg: 'Please login, no token provided' }
const EXPIRED = { msg: 'Token expired. Please log in again.' }
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Four texts that decode to one signature: the last character's two low bits carry nothing. */
function spellings(token: string): string[] {
  const last = BASE64URL.indexOf(token.slice(-1))
  return [0, 1, 2, 3].map(spare => token.slice(0, -1) + BASE64URL[(last & ~3) | spare])
}

function signed(header: object, payload: string): string {
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${input}.${createHmac('sha256', JWT_SECRET).update(input).digest('base64url')}`
}

function reasonOfLegacy(token: string): string | undefined {
  try {
    jsonwebtoken.verify(token, JWT_SECRET, { algorithms: ['HS256'] })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('authentication', () => {
  it('answers the contract’s 401 to whatever is not a bearer token', async () => {
    const { call } = await startNative()
    const token = signedToken()
    const headers = ['', 'Bearer', 'Bearer  x', `bearer ${token}`, `Basic ${token}`, token]
    for (const authorization of [undefined, ...headers]) {
      const answer = await call('GET', '/users/profile', {
        headers: authorization === undefined ? {} : { authorization }
      })
      expect(answer).toMatchObject({ status: 401, body: NO_TOKEN })
    }
  })

  it('takes the second word of the header as the token, as the legacy does', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    const answer = await call('GET', '/users/profile', { headers: { authorization: `Bearer ${token} and more` } })
    expect(answer.status).toBe(200)
  })

  it('says of an expired token that it expired', async () => {
    const { call } = await startNative()
    const past = Math.floor(Date.now() / 1000) - 10
    const answer = await call('GET', '/users/profile', { token: signedToken({ iat: past - 3600, exp: past }) })
    expect(answer).toMatchObject({ status: 401, body: EXPIRED })
  })

  it('refuses any other bad token for the reason that the legacy’s verifier gives', async () => {
    const { call } = await startNative()
    const good = signedToken()
    const [header = '', payload = '', signature = ''] = good.split('.')
    const tokens = {
      'two parts': `${header}.${payload}`,
      'four parts': `${good}.x`,
      'no JSON in the header': `eA.${payload}.${signature}`,
      'a character outside base64url': `${header}.${payload}.${signature.slice(0, -1)}=`,
      'no signature': `${header}.${payload}.`,
      'another secret': signedToken({}, 'another secret, also long enough'),
      'another payload': `${header}.${Buffer.from('{"userID":"x"}').toString('base64url')}.${signature}`,
      'the algorithm none': `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`,
      'another algorithm': jsonwebtoken.sign({ userID: randomId() }, JWT_SECRET, { algorithm: 'HS512', expiresIn: 60 }),
      'a start in the future': signedToken({ nbf: Math.floor(Date.now() / 1000) + 60 })
    }
    for (const [what, token] of Object.entries(tokens)) {
      const { status, body } = await call('GET', '/users/profile', { token })
      const refusal = { msg: 'Not authorized, invalid token', error: reasonOfLegacy(token) }
      expect({ what, status, body }).toEqual({ what, status: 401, body: refusal })
    }
  })

  it('refuses a token that never expires, and one that names no user', async () => {
    const { call } = await startNative()
    const payloads = [
      { userID: randomId() },
      { exp: 4e9 },
      { exp: 4e9, userID: { $gt: '' } },
      { exp: 4e9, userID: 'x' }
    ]
    for (const payload of payloads) {
      const token = signed({ alg: 'HS256', typ: 'JWT' }, JSON.stringify(payload))
      const answer = await call('GET', '/users/profile', { token })
      expect(answer).toMatchObject({
        status: 401,
        body: { msg: 'Not authorized, invalid token' }
      })
    }
  })

  it('takes one spelling of a signature and refuses the three others that decode alike', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    expect((await call('GET', '/users/profile', { token })).status).toBe(200)
    const others = spellings(token).filter(spelling => spelling !== token)
    expect(others).toHaveLength(3)
    for (const other of others) {
      const answer = await call('GET', '/users/profile', { token: other })
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid signature' } })
    }
  })

  it('comes before parsing and before the existence of a path', async () => {
    const { call } = await startNative()
    const id = randomId()
    expect(await call('POST', `/api/notes/${id}`, { body: '{"broken' })).toMatchObject({ status: 401, body: NO_TOKEN })
    expect(await call('POST', `/api/notes/${id}/x`, { body: '{"broken' })).toMatchObject({
      status: 401,
      body: NO_TOKEN
    })
    expect(await call('GET', '/API/notes')).toMatchObject({ status: 401, body: NO_TOKEN })
    expect(await call('GET', '/api/notes/a/b', { token: signedToken() })).toMatchObject({ status: 404 })
    expect(await call('GET', '/elsewhere')).toMatchObject({ status: 404, body: { msg: 'Not found' } })
  })
})
