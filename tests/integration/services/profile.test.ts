import { describe, expect, it } from 'vitest'
import { givenUser, signedToken, startNative } from './support.ts'

describe('GET /users/profile', () => {
  it('answers the caller’s profile', async () => {
    const { call, db } = await startNative()
    const { username, email, token } = await givenUser(db, { role: 'patient' })
    expect(await call('GET', '/users/profile', { token })).toMatchObject({
      status: 200,
      text: JSON.stringify({
        success: true,
        data: { name: username, email, role: 'patient', createdAt: '2026-01-02T03:04:05.678Z' }
      })
    })
  })

  it('answers 404 when the user is no more', async () => {
    const { call } = await startNative()
    expect(await call('GET', '/users/profile', { token: signedToken() })).toMatchObject({
      status: 404,
      body: { message: 'User not found' }
    })
  })

  it('answers each of many at once with their own', async () => {
    const { call, db } = await startNative()
    const people = await Promise.all(Array.from({ length: 30 }, () => givenUser(db)))
    const answers = await Promise.all(people.map(({ token }) => call('GET', '/users/profile', { token })))
    expect(answers.map(({ body }) => Object(body).data.email)).toEqual(people.map(({ email }) => email))
  })

  it('is found whatever the case of the path and with a trailing slash', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    for (const path of ['/USERS/Profile', '/users/profile/', '/users/profile?x=1']) {
      expect((await call('GET', path, { token })).status).toBe(200)
    }
    expect((await call('GET', '/users//profile', { token })).status).toBe(404)
  })
})
