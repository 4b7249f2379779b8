import { describe, expect, it } from 'vitest'
import { givenUser, startNative } from './support.ts'

describe('GET checkEmail', () => {
  it('says under both paths whether an email is free, in any case of its letters', async () => {
    const { call, db } = await startNative()
    const { email } = await givenUser(db)
    for (const path of ['/users/users/checkEmail', '/users/checkEmail', '/users/checkemail/']) {
      const taken = await call('GET', `${path}?email=${encodeURIComponent(email.toUpperCase())}`)
      expect(taken).toMatchObject({ status: 200, text: '{"available":false}' })
      expect(await call('GET', `${path}?email=free%40example.org`)).toMatchObject({
        status: 200,
        text: '{"available":true}'
      })
    }
  })

  it('takes no email for a free one, as the legacy does', async () => {
    const { call } = await startNative()
    for (const query of ['', '?email=', '?email[$gt]=']) {
      const answer = await call('GET', `/users/checkEmail${query}`)
      expect(answer).toMatchObject({ status: 200, body: { available: true } })
    }
  })

  it('refuses two emails with 422', async () => {
    const { call } = await startNative()
    expect(await call('GET', '/users/checkEmail?email=a&email=b')).toMatchObject({
      status: 422,
      body: { error: 'validation', details: [{ path: '/email', message: 'Expected string' }] }
    })
  })
})
