import { describe, expect, it } from 'vitest'
import { connectDatabase } from '../../../services/index.ts'
import { freshUri, givenConsultation, givenUser, signedToken, startNative } from './support.ts'
import { givenWire } from './wire.ts'

const UNAVAILABLE = { status: 503, body: { msg: 'Service unavailable' } }
/** Server selection gives up after 2 s; a read is tried twice. */
const LIMIT_MS = 6000

describe('a database that is away', () => {
  it('makes requests answer 503 within the limit, and serves again when it is back', { timeout: 30_000 }, async () => {
    const wire = await givenWire(await freshUri())
    const { call, db, database } = await startNative({ uri: wire.uri })
    const { id, token } = await givenUser(db)
    const path = `/api/notes/${await givenConsultation(db, id)}`
    expect((await call('GET', path, { token })).status).toBe(200)

    wire.cut()
    const start = Date.now()
    const answers = await Promise.all([
      call('GET', path, { token }),
      call('GET', '/users/profile', { token }),
      call('GET', '/users/checkEmail?email=a'),
      call('POST', '/users/login', { body: { email: 'a', password: 'b' } }),
      call('POST', '/users/logout', { token }),
      call('POST', '/users/register', { body: { username: 'a', email: 'b', password: '12345678', role: 'patient' } })
    ])
    for (const answer of answers) expect(answer).toMatchObject(UNAVAILABLE)
    expect(Date.now() - start).toBeLessThan(LIMIT_MS)
    // What needs no database is still answered.
    expect((await call('GET', '/users/profile', { token: 'x' })).status).toBe(401)
    expect((await call('GET', '/users/profile', { token: signedToken({ exp: 1 }) })).status).toBe(401)

    await wire.mend()
    await database.ping()
    expect((await call('GET', path, { token })).status).toBe(200)
  })

  it('does not keep the server from starting, and its indexes are made once it is there', {
    timeout: 30_000
  }, async () => {
    const wire = await givenWire(await freshUri())
    wire.cut()
    const { call, db, database } = await startNative({ uri: wire.uri })
    expect(await call('GET', '/users/checkEmail?email=a')).toMatchObject(UNAVAILABLE)
    await expect(database.ping()).rejects.toThrow(/ECONNREFUSED|[Tt]opology/)

    await wire.mend()
    const status = async () => (await call('GET', '/users/checkEmail?email=a')).status
    await expect.poll(status, { timeout: 10_000 }).toBe(200)
    const names = async () => {
      const indexes = await db.collection('users').indexes()
      return indexes.map(({ name }) => name)
    }
    await expect.poll(names, { timeout: 10_000 }).toContain('email_1')
  })
})

it.each([
  ['mongodb://one.invalid/scribe', 2_000],
  ['mongodb://one.invalid/scribe?replicaSet=clinic&directConnection=true', 2_000],
  ['mongodb://one.invalid/scribe?replicaSet=clinic', 15_000],
  ['mongodb://one.invalid,two.invalid/scribe', 15_000]
])('a database that may elect another primary is given the time: %s', async (uri, milliseconds) => {
  const database = await connectDatabase(uri)
  expect(database.db.client.options.serverSelectionTimeoutMS).toBe(milliseconds)
  await database.close()
})
