import { compare, hash as legacyHash } from 'bcryptjs'
import jsonwebtoken from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { userRepository } from '../../../services/users/repository.ts'
import { JWT_SECRET, startNative } from './support.ts'

const SUCCESS = { status: 200, body: { msg: 'login successful', token: expect.any(String) } }
const WRONG = { status: 401, body: { msg: 'wrong credentials' } }

/** A user that the legacy registered, at its cost or another. */
async function givenLegacyUser(db: Db, password: string, cost = 4): Promise<string> {
  const id = new ObjectId()
  const hash = await legacyHash(password, cost)
  await db
    .collection('users')
    .insertOne({ _id: id, username: 'Ann', email: 'ann@example.org', password: hash, role: 'clinician' })
  return id.toHexString()
}

async function storedHash(db: Db): Promise<string> {
  return String((await db.collection('users').findOne({}))?.['password'])
}

describe('POST /users/login', () => {
  it('answers a token for an hour that the legacy’s verifier takes', async () => {
    const { call, db } = await startNative()
    const id = await givenLegacyUser(db, 'a long password')
    const answer = await call('POST', '/users/login', {
      body: { email: 'ANN@example.org', password: 'a long password' }
    })
    expect(answer).toMatchObject(SUCCESS)
    const payload = jsonwebtoken.verify(String(Reflect.get(Object(answer.body), 'token')), JWT_SECRET)
    expect(payload).toEqual({ userID: id, author: 'Ann', iat: expect.any(Number), exp: expect.any(Number) })
    const { iat, exp } = Object(payload)
    expect(exp - iat).toBe(3600)
    expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(5)
  })

  it('answers an unknown email with 200, as the legacy does, and a wrong password with 401', async () => {
    const { call, db } = await startNative()
    await givenLegacyUser(db, 'a long password')
    expect(await call('POST', '/users/login', { body: { email: 'who@example.org', password: 'x' } })).toMatchObject({
      status: 200,
      body: { msg: 'user doesnt exist' }
    })
    for (const password of ['', 'A long password', 'a long password ']) {
      expect(await call('POST', '/users/login', { body: { email: 'ann@example.org', password } })).toMatchObject(WRONG)
    }
  })

  it('refuses operators and missing fields with 422', async () => {
    const { call, db } = await startNative()
    await givenLegacyUser(db, 'a long password')
    const bodies = [
      { email: { $gt: '' }, password: 'x' },
      { email: 'ann@example.org' },
      { email: 'a', password: { $ne: 1 } }
    ]
    for (const body of bodies) {
      expect(await call('POST', '/users/login', { body })).toMatchObject({ status: 422, body: { error: 'validation' } })
    }
  })

  it('answers wrong credentials when what is stored is no hash', async () => {
    const { call, db } = await startNative()
    await givenLegacyUser(db, 'a long password')
    await db.collection('users').updateOne({}, { $set: { password: 'a long password' } })
    const body = { email: 'ann@example.org', password: 'a long password' }
    expect(await call('POST', '/users/login', { body })).toMatchObject(WRONG)
  })

  it('upgrades a hash below the configured cost, once, to one that both sides read', async () => {
    const { call, db } = await startNative({ bcryptCost: 6 })
    await givenLegacyUser(db, 'a long password', 4)
    const body = { email: 'ann@example.org', password: 'a long password' }
    expect(await call('POST', '/users/login', { body: { ...body, password: 'wrong' } })).toMatchObject(WRONG)
    expect(await storedHash(db)).toMatch(/^\$2b\$04\$/)
    expect(await call('POST', '/users/login', { body })).toMatchObject(SUCCESS)
    const upgraded = await storedHash(db)
    expect(upgraded).toMatch(/^\$2b\$06\$/)
    expect(await compare('a long password', upgraded)).toBe(true)
    expect(await call('POST', '/users/login', { body })).toMatchObject(SUCCESS)
    expect(await storedHash(db)).toBe(upgraded)
  })

  it('upgrades a hash once when several log in at once, and all of them get in', async () => {
    const { call, db } = await startNative({ bcryptCost: 6 })
    await givenLegacyUser(db, 'a long password', 4)
    const body = { email: 'ann@example.org', password: 'a long password' }
    const answers = await Promise.all(Array.from({ length: 6 }, () => call('POST', '/users/login', { body })))
    for (const answer of answers) expect(answer).toMatchObject(SUCCESS)
    const upgraded = await storedHash(db)
    expect(upgraded).toMatch(/^\$2b\$06\$/)
    expect(await call('POST', '/users/login', { body })).toMatchObject(SUCCESS)
    expect(await storedHash(db)).toBe(upgraded)
  })

  it('never puts an upgraded hash in the place of a password that was changed meanwhile', async () => {
    const { db } = await startNative()
    const id = await givenLegacyUser(db, 'a long password')
    const before = await storedHash(db)
    const users = userRepository(db)
    await users.replaceHash(id, before, 'hash of a new password')
    await users.replaceHash(id, before, 'late upgrade of the old one')
    expect(await storedHash(db)).toBe('hash of a new password')
  })

  it('leaves a hash above the configured cost alone', async () => {
    const { call, db } = await startNative({ bcryptCost: 4 })
    await givenLegacyUser(db, 'a long password', 5)
    const before = await storedHash(db)
    expect(
      await call('POST', '/users/login', { body: { email: 'ann@example.org', password: 'a long password' } })
    ).toMatchObject(SUCCESS)
    expect(await storedHash(db)).toBe(before)
  })

  it('compares more than 72 bytes with a hash of the legacy’s as the legacy does, and keeps that hash', async () => {
    const { call, db } = await startNative({ bcryptCost: 5 })
    const long = 'x'.repeat(80)
    await givenLegacyUser(db, long, 4)
    const before = await storedHash(db)
    expect(await call('POST', '/users/login', { body: { email: 'ann@example.org', password: long } })).toMatchObject(
      SUCCESS
    )
    expect(await storedHash(db)).toBe(before)
  })

  it('never takes 72 right bytes and more for a password of ours', async () => {
    const { call } = await startNative()
    const password = 'x'.repeat(72)
    await call('POST', '/users/register', {
      body: { username: 'A', email: 'a@example.org', password, role: 'patient' }
    })
    expect(await call('POST', '/users/login', { body: { email: 'a@example.org', password } })).toMatchObject(SUCCESS)
    const longer = { email: 'a@example.org', password: `${password}y` }
    expect(await call('POST', '/users/login', { body: longer })).toMatchObject(WRONG)
  })

  it('does not occupy the event loop, and answers many at once', async () => {
    const { call, db } = await startNative({ bcryptCost: 4 })
    await givenLegacyUser(db, 'a long password', 8)
    const body = { email: 'ann@example.org', password: 'a long password' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/users/login', { body })))
    for (const answer of answers) expect(answer).toMatchObject(SUCCESS)
  })
})
