import { randomUUID } from 'node:crypto'
import { hash } from 'bcryptjs'
import jsonwebtoken from 'jsonwebtoken'
import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { textAt } from './client.ts'
import { bsonTypes, type Contract } from './context.ts'

const freshEmail = () => `${randomUUID()}@example.org`
const registration = () => ({ username: 'Ann', email: freshEmail(), password: 'a password', role: 'clinician' })

export function users(contract: Contract): void {
  const { call, account, outcome, intended, db, jwtSecret, token } = contract
  const accounts = () => db().collection('users')

  test.for(['/users/checkEmail', '/users/users/checkEmail'])('GET %s tells whether an email is free', async path => {
    const { email } = await account()
    const check = (text: string) => call('GET', `${path}?email=${encodeURIComponent(text)}`)
    expect(await check(freshEmail())).toMatchObject({ status: 200, body: { available: true } })
    for (const taken of [email, email.toUpperCase()]) {
      const answer = await check(taken)
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ available: false })
    }
  })

  test('an email to check that is given twice', async () => {
    expect(await outcome('check-email.repeated', 'GET', '/users/checkEmail?email=a&email=b')).toEqual(
      intended('check-email.repeated')
    )
  })

  test.for(['patient', 'clinician'])('a %s registers and is stored', async role => {
    const email = freshEmail()
    const body = { username: '  Ann Other ', email: email.toUpperCase(), password: 'pässword', role }
    const answer = await call('POST', '/users/register', { body })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ msg: 'User has been registered' })

    const user = await accounts().findOne({ email })
    expect(user).toEqual({
      _id: expect.any(ObjectId),
      username: 'Ann Other',
      email,
      password: expect.stringMatching(/^\$2b\$08\$[./A-Za-z0-9]{53}$/),
      role,
      prompts: [],
      notes: [],
      transcripts: [],
      createdAt: expect.any(Date),
      __v: 0
    })
    expect(await bsonTypes(db(), 'users', String(user?.['_id']))).toEqual({
      _id: 'objectId',
      username: 'string',
      email: 'string',
      password: 'string',
      role: 'string',
      prompts: 'array',
      notes: 'array',
      transcripts: 'array',
      createdAt: 'date',
      __v: 'int'
    })
  })

  test('fields that a registration does not have are not stored', async () => {
    const body = { ...registration(), admin: true, createdAt: '2000-01-01', notes: ['x'] }
    expect((await call('POST', '/users/register', { body })).status).toBe(200)
    const user = await accounts().findOne({ email: body.email })
    expect(user).not.toHaveProperty('admin')
    expect(user).toMatchObject({ notes: [] })
    expect(user?.['createdAt'].getFullYear()).toBeGreaterThan(2000)
  })

  test('a __proto__ in a registration does nothing', async () => {
    const { email, ...rest } = registration()
    const body = `{"__proto__":{"role":"king","admin":true},${JSON.stringify({ email, ...rest }).slice(1)}`
    expect((await call('POST', '/users/register', { body })).status).toBe(200)
    expect(await accounts().findOne({ email })).toMatchObject({ role: 'clinician' })
    expect({}).not.toHaveProperty('admin')
  })

  test('an email registers once, whatever its case', async () => {
    const { email } = await account()
    for (const taken of [email, email.toUpperCase()]) {
      const answer = await call('POST', '/users/register', { body: { ...registration(), email: taken } })
      expect(answer.status).toBe(401)
      expect(answer.body).toEqual({ msg: 'User already exists' })
    }
    expect(await accounts().countDocuments({ email })).toBe(1)
  })

  test.for([
    ['register.unknown-role', { role: 'king' }],
    ['register.no-username', { username: undefined }],
    ['register.short-password', { password: 'x'.repeat(7) }],
    ['register.long-password', { password: 'ä'.repeat(36) + 'x' }]
  ] as const)('difference %s', async ([id, wrong]) => {
    expect(await outcome(id, 'POST', '/users/register', { body: { ...registration(), ...wrong } })).toEqual(
      intended(id)
    )
  })

  test('a login gives a token for an hour, whatever the case of the email', async () => {
    const { id, username, email, password } = await account()
    for (const text of [email, email.toUpperCase()]) {
      const answer = await call('POST', '/users/login', { body: { email: text, password } })
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ msg: 'login successful', token: expect.any(String) })
      const { header, payload } = jsonwebtoken.verify(textAt(answer, 'token'), jwtSecret, { complete: true })
      expect(header).toMatchObject({ alg: 'HS256', typ: 'JWT' })
      expect(payload).toEqual({
        userID: id,
        author: username,
        iat: expect.any(Number),
        exp: Number(Reflect.get(Object(payload), 'iat')) + 3600
      })
    }
  })

  test('an unknown email', async () => {
    const answer = await call('POST', '/users/login', { body: { email: freshEmail(), password: 'x' } })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ msg: 'user doesnt exist' })
  })

  test('a wrong password', async () => {
    const { email } = await account()
    expect(
      await outcome('login.wrong-password', 'POST', '/users/login', { body: { email, password: 'wrong' } })
    ).toEqual(intended('login.wrong-password'))
  })

  test('a login without a password', async () => {
    const { email } = await account()
    expect(await outcome('login.no-password', 'POST', '/users/login', { body: { email } })).toEqual(
      intended('login.no-password')
    )
  })

  test('a hash below the configured cost', async () => {
    const { id, email, password } = await account()
    const user = { _id: new ObjectId(id) }
    await accounts().updateOne(user, { $set: { password: await hash(password, 4) } })
    const logIn = () => call('POST', '/users/login', { body: { email, password } })
    expect(await logIn()).toMatchObject({ status: 200, body: { msg: 'login successful' } })
    expect({ kind: 'stored', value: String((await accounts().findOne(user))?.['password']).slice(0, 7) }).toEqual(
      intended('login.cheap-hash')
    )
    expect(await logIn()).toMatchObject({ status: 200, body: { msg: 'login successful' } })
  })

  test('a hash of the older $2a$ format', async () => {
    const { id, email, password } = await account()
    const old = (await hash(password, 8)).replace('$2b$', '$2a$')
    await accounts().updateOne({ _id: new ObjectId(id) }, { $set: { password: old } })
    const answer = await call('POST', '/users/login', { body: { email, password } })
    expect(answer).toMatchObject({ status: 200, body: { msg: 'login successful' } })
  })

  test('a logout stores the token', async () => {
    const { token: bearer } = await account()
    const answer = await call('POST', '/users/logout', { token: bearer })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ msg: 'user logged out successfully' })
    const stored = await db().collection('blacktokens').find({ blackToken: bearer }).toArray()
    expect(stored).toMatchObject([{ _id: expect.any(ObjectId), blackToken: bearer }])
    expect({ kind: 'stored', value: Object.keys(stored[0] ?? {}) }).toEqual(intended('logout.expiry'))
  })

  test('whoever logs in after a logout is in', async () => {
    const { id, username, email, password } = await account()
    // Not of this very second: the legacy would give the same token again.
    const earlier = token({ userID: id, author: username, iat: Math.floor(Date.now() / 1000) - 60 })
    expect((await call('POST', '/users/logout', { token: earlier })).status).toBe(200)
    const again = textAt(await call('POST', '/users/login', { body: { email, password } }), 'token')
    expect((await call('GET', '/users/profile', { token: again })).status).toBe(200)
  })

  test('a logout without a token', async () => {
    expect(await outcome('logout.no-token', 'POST', '/users/logout')).toEqual(intended('logout.no-token'))
  })

  test('a profile', async () => {
    const { id, username, email, token: bearer } = await account('patient')
    const user = await accounts().findOne({ _id: new ObjectId(id) })
    const answer = await call('GET', '/users/profile', { token: bearer })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      success: true,
      data: { name: username, email, role: 'patient', createdAt: user?.['createdAt'].toISOString() }
    })
  })

  test('the profile of a user who is no more', async () => {
    const answer = await call('GET', '/users/profile', { token: token() })
    expect(answer.status).toBe(404)
    expect(answer.body).toEqual({ message: 'User not found' })
  })
}
