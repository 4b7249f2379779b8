import { randomUUID } from 'node:crypto'
import { hash } from 'bcryptjs'
import jsonwebtoken from 'jsonwebtoken'
import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { expectAnswer } from './answers.ts'
import { textAt } from './client.ts'
import type { Contract } from './context.ts'
import { bsonTypes } from './documents.ts'

const freshEmail = () => `${randomUUID()}@example.org`
const registration = () => ({ username: 'Ann', email: freshEmail(), password: 'a password', role: 'clinician' })

export function users(contract: Contract): void {
  const { call, account, change, stored, differs, storedDiffers, db, jwtSecret, token } = contract
  const accounts = () => db().collection('users')

  test.for(['/users/checkEmail', '/users/users/checkEmail'])('GET %s tells whether an email is free', async path => {
    const { email } = await account()
    const check = (text: string) => call('GET', `${path}?email=${encodeURIComponent(text)}`)
    expectAnswer(await check(freshEmail()), 200, { available: true })
    for (const taken of [email, email.toUpperCase()]) expectAnswer(await check(taken), 200, { available: false })
  })

  test.for(['', '?email=', '?other=a', '?email[$ne]=a'])('an email to check that is none: %s', async query => {
    expectAnswer(await call('GET', `/users/checkEmail${query}`), 200, { available: true })
  })

  test('an email to check that is given twice', async () => {
    await differs('check-email.repeated', 'GET', '/users/checkEmail?email=a&email=b')
  })

  test.for(['patient', 'clinician'])('a %s registers and is stored', async role => {
    const email = freshEmail()
    const body = { username: '  Ann Other ', email: email.toUpperCase(), password: 'pässword', role }
    expectAnswer(await call('POST', '/users/register', { body }), 200, { msg: 'User has been registered' })

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
      expectAnswer(answer, 401, { msg: 'User already exists' })
    }
    expect(await accounts().countDocuments({ email })).toBe(1)
  })

  test.for([
    ['unknown-role', { role: 'king' }],
    ['no-username', { username: undefined }],
    ['no-email', { email: undefined }],
    ['no-password', { password: undefined }],
    ['operator', { email: { $gt: '' } }],
    ['short-password', { password: 'x'.repeat(7) }],
    ['long-password', { password: 'ä'.repeat(36) + 'x' }]
  ] as const)('a registration of %s', async ([name, wrong]) => {
    // Somebody for the operator to match.
    await account()
    const before = await accounts().countDocuments()
    const body = { ...registration(), ...wrong }
    const { side } = await differs(`register.${name}`, 'POST', '/users/register', { body })
    if (side === 'native') expect(await accounts().countDocuments()).toBe(before)
  })

  test('a registration without a body', async () => {
    await differs('register.no-body', 'POST', '/users/register')
  })

  test('a login gives a token for an hour, whatever the case of the email', async () => {
    const { id, username, email, password } = await account()
    for (const text of [email, email.toUpperCase()]) {
      const answer = await call('POST', '/users/login', { body: { email: text, password } })
      expectAnswer(answer, 200, { msg: 'login successful', token: expect.any(String) })
      const { header, payload } = jsonwebtoken.verify(textAt(answer, 'token'), jwtSecret, { complete: true })
      expect(header).toEqual({ alg: 'HS256', typ: 'JWT' })
      expect(Object.keys(Object(payload))).toEqual(['userID', 'author', 'iat', 'exp'])
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
    expectAnswer(answer, 200, { msg: 'user doesnt exist' })
  })

  test('a wrong password, once and once too often', async () => {
    const { email } = await account()
    const body = { email, password: 'wrong' }
    const wrong = (id: string) => differs(id, 'POST', '/users/login', { body })
    await Promise.all(Array.from({ length: 10 }, () => wrong('login.wrong-password')))
    const { side, answer } = await wrong('login.too-many-failures')
    if (side === 'native') expect(Number(answer?.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('a login without a password, and without a body', async () => {
    const { email } = await account()
    await differs('login.no-password', 'POST', '/users/login', { body: { email } })
    await differs('login.no-body', 'POST', '/users/login')
  })

  test('a login with an operator for an email', async () => {
    await account()
    await differs('login.operator', 'POST', '/users/login', { body: { email: { $gt: '' }, password: 'x' } })
  })

  test('a hash below the configured cost', async () => {
    const { id, email, password } = await account()
    await change('users', id, { password: await hash(password, 4) })
    const logIn = () => call('POST', '/users/login', { body: { email, password } })
    const answer = await logIn()
    expect(answer).toMatchObject({ status: 200, body: { msg: 'login successful' } })
    storedDiffers('login.cheap-hash', answer, String((await stored('users', id))?.['password']).slice(0, 7))
    expect(await logIn()).toMatchObject({ status: 200, body: { msg: 'login successful' } })
  })

  test('a hash of the older $2a$ format', async () => {
    const { id, email, password } = await account()
    const old = (await hash(password, 8)).replace('$2b$', '$2a$')
    await change('users', id, { password: old })
    const answer = await call('POST', '/users/login', { body: { email, password } })
    expect(answer).toMatchObject({ status: 200, body: { msg: 'login successful' } })
  })

  const blackTokens = (blackToken: string) => db().collection('blacktokens').find({ blackToken }).toArray()

  test('a logout stores the token', async () => {
    const { token: bearer } = await account()
    const answer = await call('POST', '/users/logout', { token: bearer })
    expectAnswer(answer, 200, { msg: 'user logged out successfully' })
    const [entry, ...more] = await blackTokens(bearer)
    expect(entry).toMatchObject({ _id: expect.any(ObjectId), blackToken: bearer })
    expect(more).toEqual([])
    storedDiffers('logout.entry', answer, Object.keys(entry ?? {}))
  })

  test('a logout of what was never a good token', async () => {
    const bad = randomUUID()
    const answer = await call('POST', '/users/logout', { token: bad })
    expectAnswer(answer, 200, { msg: 'user logged out successfully' })
    storedDiffers('logout.bad-token', answer, (await blackTokens(bad)).length)
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
    await differs('logout.no-token', 'POST', '/users/logout')
  })

  test('a profile', async () => {
    const { id, username, email, token: bearer } = await account('patient')
    const user = await stored('users', id)
    expectAnswer(await call('GET', '/users/profile', { token: bearer }), 200, {
      success: true,
      data: { name: username, email, role: 'patient', createdAt: user?.['createdAt'].toISOString() }
    })
  })

  test('the profile of a user who is no more', async () => {
    expectAnswer(await call('GET', '/users/profile', { token: token() }), 404, { message: 'User not found' })
  })
}
