import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { startNative } from './support.ts'

const credentials = JSON.stringify({ email: 'nobody@example.org', password: 'x' })
const UNDERSTOOD = { status: 200, body: { msg: 'user doesnt exist' } }
const MiB = 1024 * 1024

async function given() {
  const { call } = await startNative()
  return (body: string | Buffer, headers: Record<string, string> = {}) =>
    call('POST', '/users/login', { body, headers })
}

describe('request bodies', () => {
  it('reads JSON with a charset and a byte order mark', async () => {
    const login = await given()
    expect(await login(credentials, { 'content-type': 'Application/JSON; charset="UTF-8"' })).toMatchObject(UNDERSTOOD)
    expect(await login(`\uFEFF${credentials}`)).toMatchObject(UNDERSTOOD)
    const utf16 = Buffer.from(credentials, 'utf16le')
    expect(await login(utf16, { 'content-type': 'application/json; charset=utf-16le' })).toMatchObject(UNDERSTOOD)
    expect((await login(credentials, { 'content-type': 'application/json; charset=latin1' })).status).toBe(415)
  })

  it('answers 400 to malformed JSON and to JSON that is no object or list', async () => {
    const login = await given()
    for (const body of ['{"email"', '{]', 'x', '5', '"text"', 'null', 'true', `${credentials}x`]) {
      const answer = await login(body)
      expect(answer).toMatchObject({ status: 400, body: { msg: 'Malformed request' } })
    }
  })

  it('takes an empty body for an empty object, and no other content type for a body at all', async () => {
    const login = await given()
    const detail = async (...args: Parameters<typeof login>) => Object((await login(...args)).body).details[0].path
    expect(await detail('')).toBe('/email')
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/vnd.api+json',
      'garbage',
      'a b'
    ]) {
      const answer = await login(credentials, { 'content-type': type })
      expect(answer).toMatchObject({ status: 422, body: { details: [{ path: '' }] } })
    }
  })

  it('refuses more than 10 MB, and takes just less', async () => {
    const login = await given()
    expect(await login(credentials.padEnd(10 * MiB))).toMatchObject(UNDERSTOOD)
    expect(await login(credentials.padEnd(10 * MiB + 1))).toMatchObject({
      status: 413,
      body: { msg: 'Request body too large' }
    })
  })

  it('inflates, within the same limit', async () => {
    const login = await given()
    for (const [encoding, compress] of Object.entries({
      gzip: gzipSync,
      deflate: deflateSync,
      br: brotliCompressSync
    })) {
      const headers = { 'content-encoding': encoding }
      expect(await login(compress(credentials), headers)).toMatchObject(UNDERSTOOD)
      expect((await login(compress(credentials.padEnd(10 * MiB + 1)), headers)).status).toBe(413)
      expect((await login(Buffer.from('not compressed'), headers)).status).toBe(400)
    }
    expect((await login(credentials, { 'content-encoding': 'zstd' })).status).toBe(415)
    expect(await login(credentials, { 'content-encoding': 'identity' })).toMatchObject(UNDERSTOOD)
  })

  it('drops keys that would reach a prototype', async () => {
    const login = await given()
    const poisoned = `{"__proto__":{"email":"x","polluted":1},"constructor":{"prototype":{"polluted":1}},${credentials.slice(1)}`
    expect(await login(poisoned)).toMatchObject(UNDERSTOOD)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    const inherited = await login('{"__proto__":{"email":"x","password":"y"}}')
    expect(inherited).toMatchObject({ status: 422, body: { details: [{ path: '/email' }, { path: '/password' }] } })
  })
})
