import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { expectAnswer } from './answers.ts'
import type { Contract } from './context.ts'
import { rowsWithBody } from './differences/cross-cutting.ts'
import { rows } from './rows.ts'

const LIMIT_BYTES = 10 * 1024 * 1024
const ORIGINS = ['https://scribe-project-nextjs.vercel.app', 'http://localhost:3000', 'http://localhost:3001']
const NOTES = `/api/notes/${new ObjectId().toHexString()}`
const CHECK_EMAIL = '/users/checkEmail?email=nobody@example.org'

/** A login by nobody whose body has this many bytes. */
function loginOf(bytes: number): string {
  const [before, after] = ['{"email":"nobody@example.org","password":"', '"}']
  return before + 'x'.repeat(bytes - before.length - after.length) + after
}

function listed(header: string | string[] | undefined): string[] {
  return String(header)
    .split(',')
    .map(each => each.trim())
    .sort()
}

export function crossCutting({ call, token, differs }: Contract): void {
  test('GET / welcomes', async () => {
    expectAnswer(await call('GET', '/'), 200, { msg: 'welcome to the server' })
  })

  test.for(ORIGINS.flatMap(origin => rows.map(({ method, path }) => [origin, method, path] as const)))(
    'a preflight from %s for %s %s is allowed',
    async ([origin, method, path]) => {
      const answer = await call('OPTIONS', path, {
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization,content-type'
        }
      })
      expect(answer).toMatchObject({
        status: 204,
        text: '',
        headers: { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
      })
      expect(listed(answer.headers['access-control-allow-methods'])).toEqual([
        'DELETE',
        'GET',
        'OPTIONS',
        'PATCH',
        'POST',
        'PUT'
      ])
      expect(listed(answer.headers['access-control-allow-headers'])).toEqual(['Authorization', 'Content-Type'])
      expect(listed(answer.headers['vary'])).toContain('Origin')
    }
  )

  test('a preflight from an unknown origin names no origin', async () => {
    const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' }
    const answer = await call('OPTIONS', '/users/login', { headers })
    expect(answer.status).toBe(204)
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test.for([
    [200, CHECK_EMAIL],
    [401, NOTES]
  ] as const)('an answer %i to a listed origin names it', async ([status, path]) => {
    const answer = await call('GET', path, { headers: { origin: 'http://localhost:3000' } })
    expect(answer).toMatchObject({
      status,
      headers: {
        'access-control-allow-origin': 'http://localhost:3000',
        'access-control-allow-credentials': 'true',
        vary: expect.stringContaining('Origin')
      }
    })
  })

  test('an answer to an unknown origin names none', async () => {
    const answer = await call('GET', CHECK_EMAIL, { headers: { origin: 'https://elsewhere.example' } })
    expect(answer.status).toBe(200)
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('a body of 10 MB is taken', async () => {
    const answer = await call('POST', '/users/login', { body: loginOf(LIMIT_BYTES) })
    expect(answer).toMatchObject({ status: 200, body: { msg: 'user doesnt exist' } })
  })

  const tooLarge = loginOf(LIMIT_BYTES + 1)
  test.for(rowsWithBody)('a larger body to $route is refused', async ({ route, method, path }) => {
    await differs(`${route}.too-large`, method, path, { token: token(), body: tooLarge })
  })

  test.for(rowsWithBody)('malformed JSON to $route is refused', async ({ route, method, path }) => {
    await differs(`${route}.malformed-json`, method, path, { token: token(), body: '{"body": "a' })
  })

  test.for(['"a text"', '5', 'null', 'true'])('JSON that is %s to /users/login is refused', async body => {
    expect((await call('POST', '/users/login', { body })).status).toBe(400)
  })

  test.for([
    ['GET', '/nothing'],
    ['GET', '/users/nothing'],
    ['DELETE', '/users/login'],
    ['DELETE', '/users/profile'],
    ['GET', '/api/nothing'],
    ['GET', '/api/consultation/start/more'],
    ['DELETE', '/api/consultation/start'],
    ['GET', '/api/transcript'],
    ['DELETE', '/api/prompts'],
    ['GET', '/api/ai/search'],
    ['GET', '/api/ai'],
    ['GET', '/api'],
    ['GET', '/api/notes/nothing/more'],
    ['GET', '/api/notes']
  ] as const)('%s %s is unknown', async ([method, path]) => {
    expect((await call(method, path, { token: token() })).status).toBe(404)
  })

  test.for([CHECK_EMAIL, NOTES])('HEAD %s answers as GET, without the body', async path => {
    const bearer = token()
    const got = await call('GET', path, { token: bearer })
    const head = await call('HEAD', path, { token: bearer })
    expect(got.status).toBe(200)
    expect(head).toMatchObject({ status: 200, text: '' })
    for (const name of ['content-type', 'content-length', 'etag']) expect(head.headers[name]).toBe(got.headers[name])
  })

  test('HEAD without a token is refused as GET is', async () => {
    expect(await call('HEAD', NOTES)).toMatchObject({ status: 401, text: '' })
  })

  test.for([CHECK_EMAIL, NOTES])('GET %s carries a weak ETag, and 304 for whoever has it', async path => {
    const bearer = token()
    const { status, headers } = await call('GET', path, { token: bearer })
    const tag = String(headers['etag'])
    expect(status).toBe(200)
    expect(tag).toMatch(/^W\/".+"$/)
    const having = (condition: string) => call('GET', path, { token: bearer, headers: { 'if-none-match': condition } })
    for (const condition of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
      expect(await having(condition)).toMatchObject({ status: 304, text: '', headers: { etag: tag } })
    }
    expect((await having('W/"other"')).status).toBe(200)
  })

  test('whoever asks for no cached answer gets a whole one', async () => {
    const { headers } = await call('GET', CHECK_EMAIL)
    const again = { 'if-none-match': String(headers['etag']), 'cache-control': 'no-cache' }
    expect((await call('GET', CHECK_EMAIL, { headers: again })).status).toBe(200)
  })

  test('an answer to POST carries an ETag, but is never 304', async () => {
    const body = { email: 'nobody@example.org', password: 'x' }
    const first = await call('POST', '/users/login', { body })
    expect(first.headers['etag']).toMatch(/^W\/".+"$/)
    const again = await call('POST', '/users/login', {
      body,
      headers: { 'if-none-match': String(first.headers['etag']) }
    })
    expect(again.status).toBe(200)
  })

  test.for(['/USERS/checkemail?email=nobody@example.org', '/users/checkEmail/?email=nobody@example.org'])(
    '%s is the same path',
    async path => {
      expect(await call('GET', path)).toMatchObject({ status: 200, body: { available: true } })
    }
  )

  test.for([NOTES.replace('api', 'API').replace('notes', 'Notes'), `${NOTES}/`])('%s is the same path', async path => {
    expect(await call('GET', path)).toMatchObject({ status: 401 })
    expect(await call('GET', path, { token: token() })).toMatchObject({ status: 200, body: { count: 0, notes: [] } })
  })

  test.for(['//users/checkEmail', '/users//checkEmail', '/users/checkEmail//'])('%s is another path', async path => {
    expect((await call('GET', path)).status).toBe(404)
  })
}
