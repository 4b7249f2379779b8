import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshUri, givenConsultation, givenUser, signedToken, startNative } from './support.ts'

const UNAVAILABLE = { status: 503, body: { msg: 'Service unavailable' } }
/** Server selection gives up after 2 s; a read is tried twice. */
const LIMIT_MS = 6000

/** A wire between driver and database that can be cut and mended. */
async function givenWire(uri: string) {
  const target = new URL(uri)
  const sockets = new Set<Socket>()
  let server: Server
  let port = 0
  const wire = {
    async mend() {
      server = createServer(inbound => {
        const outbound = connect(Number(target.port), target.hostname)
        for (const [from, to] of [
          [inbound, outbound],
          [outbound, inbound]
        ] as const) {
          sockets.add(from)
          from.on('error', () => to.destroy()).on('close', () => to.destroy())
          from.pipe(to)
        }
      })
      await once(server.listen(port, '127.0.0.1'), 'listening')
      port = (server.address() as AddressInfo).port
    },
    cut() {
      server.close()
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
    uri: () => {
      const through = new URL(uri)
      through.host = `127.0.0.1:${port}`
      if (!through.searchParams.has('directConnection')) through.searchParams.set('directConnection', 'true')
      return through.href
    }
  }
  await wire.mend()
  onTestFinished(() => wire.cut())
  return wire
}

describe('a database that is away', () => {
  it('makes requests answer 503 within the limit, and serves again when it is back', { timeout: 30_000 }, async () => {
    const wire = await givenWire(await freshUri())
    const { call, db, database } = await startNative({ uri: wire.uri() })
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
    const uri = wire.uri()
    wire.cut()
    const { call, db, database } = await startNative({ uri })
    expect(await call('GET', '/users/checkEmail?email=a')).toMatchObject(UNAVAILABLE)
    await expect(database.ping()).rejects.toThrow()

    await wire.mend()
    await database.ping()
    expect((await call('GET', '/users/checkEmail?email=a')).status).toBe(200)
    const names = async () => {
      const indexes = await db.collection('users').indexes()
      return indexes.map(({ name }) => name)
    }
    await expect.poll(names, { timeout: 10_000 }).toContain('email_1')
  })
})
