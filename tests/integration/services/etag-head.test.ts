import etag from 'etag'
import { describe, expect, it } from 'vitest'
import { givenConsultation, givenUser, startNative } from './support.ts'

describe('ETag, 304 and HEAD', () => {
  it('tags every body weakly, whatever the status, as Express does', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    const answers = [
      await call('GET', '/users/profile', { token }),
      await call('GET', '/users/profile'),
      await call('GET', '/nowhere'),
      await call('POST', '/users/login', { body: {} }),
      await call('POST', '/users/login', { body: '{' }),
      await call('POST', '/users/login', { body: { email: 'a', password: 'b' } })
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 422, 400, 200])
    for (const { headers, text } of answers) {
      expect(headers).toMatchObject({
        etag: etag(text, { weak: true }),
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(text))
      })
    }
  })

  it('answers 304 without a body while nothing changed, to GET and HEAD', async () => {
    const { call, db } = await startNative()
    const { id, token } = await givenUser(db)
    const path = `/api/notes/${await givenConsultation(db, id)}`
    const tag = String((await call('GET', path, { token })).headers['etag'])
    for (const method of ['GET', 'HEAD'] as const) {
      for (const noneMatch of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
        const answer = await call(method, path, { token, headers: { 'if-none-match': noneMatch } })
        expect(answer).toMatchObject({ status: 304, text: '', headers: { etag: tag } })
        expect(answer.headers).not.toHaveProperty('content-type')
      }
      const other = await call(method, path, { token, headers: { 'if-none-match': 'W/"x"' } })
      expect(other.status).toBe(200)
      const reload = { 'if-none-match': tag, 'cache-control': 'no-cache' }
      expect((await call(method, path, { token, headers: reload })).status).toBe(200)
    }
  })

  it('never answers 304 to anything but a successful GET or HEAD', async () => {
    const { call } = await startNative()
    const headers = { 'if-none-match': '*' }
    expect((await call('GET', '/users/profile', { headers })).status).toBe(401)
    expect((await call('POST', '/users/login', { headers, body: { email: 'a', password: 'b' } })).status).toBe(200)
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    for (const credentials of [{ token }, {}]) {
      const got = await call('GET', '/users/profile', credentials)
      const head = await call('HEAD', '/users/profile', credentials)
      expect(head).toMatchObject({ status: got.status, text: '' })
      for (const name of ['content-length', 'content-type', 'etag', 'vary']) {
        expect(head.headers[name]).toBe(got.headers[name])
      }
    }
  })
})
