import { describe, expect, it } from 'vitest'
import { startNative } from './support.ts'

const ann = { username: 'Ann', email: 'ann@example.org', password: 'a long password', role: 'clinician' }
const TAKEN = { status: 401, body: { msg: 'User already exists' } }

describe('POST /users/register', () => {
  it('stores a user as Mongoose would', async () => {
    const { call, db } = await startNative({ bcryptCost: 5 })
    const before = Date.now()
    const body = { ...ann, username: '  Ann  B ', email: 'Ann@Example.ORG', role: 'patient' }
    expect(await call('POST', '/users/register', { body })).toMatchObject({
      status: 200,
      body: { msg: 'User has been registered' }
    })
    const stored = await db.collection('users').findOne({}, { projection: { _id: 0 } })
    expect(stored).toEqual({
      username: 'Ann  B',
      email: 'ann@example.org',
      password: expect.stringMatching(/^\$2b\$05\$[./A-Za-z0-9]{53}$/),
      role: 'patient',
      prompts: [],
      notes: [],
      transcripts: [],
      createdAt: expect.any(Date),
      __v: 0
    })
    expect(stored?.['createdAt'].getTime()).toBeGreaterThanOrEqual(before)
  })

  it('refuses a taken email, in any case of its letters', async () => {
    const { call, db } = await startNative()
    await call('POST', '/users/register', { body: ann })
    expect(await call('POST', '/users/register', { body: { ...ann, email: 'ANN@example.org' } })).toMatchObject(TAKEN)
    expect(await db.collection('users').countDocuments()).toBe(1)
  })

  it('lets one of many at the same moment through', async () => {
    const { call, db, app } = await startNative()
    await app.ready()
    await db.collection('users').createIndex({ email: 1 }, { unique: true, background: true })
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/users/register', { body: ann })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) expect(answer).toMatchObject(TAKEN)
    expect(await db.collection('users').countDocuments()).toBe(1)
  })

  it.each([
    ['no body', undefined, ''],
    ['a list', [], ''],
    ['no username', { ...ann, username: undefined }, '/username'],
    ['a blank username', { ...ann, username: ' \t' }, '/username'],
    ['an empty email', { ...ann, email: '' }, '/email'],
    ['an operator for an email', { ...ann, email: { $gt: '' } }, '/email'],
    ['a list for an email', { ...ann, email: ['a@b.c'] }, '/email'],
    ['null for an email', { ...ann, email: null }, '/email'],
    ['an unknown role', { ...ann, role: 'admin' }, '/role'],
    ['no role', { ...ann, role: undefined }, '/role'],
    ['no password', { ...ann, password: undefined }, '/password'],
    ['a password of seven characters', { ...ann, password: '1234567' }, '/password'],
    ['a password of seven emoji, fourteen units', { ...ann, password: '🔑'.repeat(7) }, '/password'],
    ['a password of 73 bytes', { ...ann, password: 'x'.repeat(73) }, '/password'],
    ['a password of 25 characters and 75 bytes', { ...ann, password: '€'.repeat(25) }, '/password']
  ])('refuses %s with 422, says where, repeats nothing, stores nothing', async (_what, body, path) => {
    const { call, db } = await startNative()
    const answer = await call('POST', '/users/register', { body })
    expect(answer).toMatchObject({
      status: 422,
      body: { msg: 'Validation failed', error: 'validation', details: [{ path, message: expect.any(String) }] }
    })
    expect(answer.text).not.toMatch(/admin|1234567|xxxx|€|\$gt/)
    expect(await db.collection('users').countDocuments()).toBe(0)
  })

  it('takes passwords of exactly 8 characters and exactly 72 bytes, and numbers as their text', async () => {
    const { call } = await startNative()
    const passwords = ['12345678', 12345678, '🔑'.repeat(8), 'x'.repeat(72), '€'.repeat(24)]
    for (const [index, password] of passwords.entries()) {
      const email = `${index}@example.org`
      const registered = await call('POST', '/users/register', { body: { ...ann, email, password } })
      expect(registered.status).toBe(200)
      const login = await call('POST', '/users/login', { body: { email, password: String(password) } })
      expect(login).toMatchObject({ status: 200, body: { msg: 'login successful' } })
    }
  })

  it('stores nothing of a body but what belongs to a user', async () => {
    const { call, db } = await startNative()
    const body = `{"__proto__":{"role":"x"},"constructor":{"prototype":{"x":1}},"_id":"x","isAdmin":true,${JSON.stringify(ann).slice(1)}`
    expect((await call('POST', '/users/register', { body })).status).toBe(200)
    const stored = await db.collection('users').findOne({})
    expect(Object.keys(stored ?? {}).toSorted()).toEqual(
      ['__v', '_id', 'createdAt', 'email', 'notes', 'password', 'prompts', 'role', 'transcripts', 'username'].toSorted()
    )
    expect(Reflect.get({}, 'x')).toBeUndefined()
  })

  it('refuses a cost out of range when it starts', async () => {
    for (const bcryptCost of [3, 16, 8.5]) {
      const { createPasswords } = await import('../../../services/platform/passwords.ts')
      expect(() => createPasswords({ cost: bcryptCost })).toThrow(/must be a whole number from 4 to 15/)
    }
  })
})
