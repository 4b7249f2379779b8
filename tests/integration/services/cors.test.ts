import type { IncomingMessage } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import type { ConstraintStrategy, Handler, HTTPVersion } from 'find-my-way'
import { describe, expect, it } from 'vitest'
import { nativeModules, type PlatformOptions, platform } from '../../../services/index.ts'
import { givenUser, startNative } from './support.ts'

const ORIGIN = 'http://localhost:3000'
const PREFLIGHT = { origin: ORIGIN, 'access-control-request-method': 'PATCH' }

describe('CORS', () => {
  it('answers a preflight with 204 and no token', async () => {
    const { call } = await startNative()
    for (const path of ['/api/notes/x', '/users/profile', '/']) {
      expect(await call('OPTIONS', path, { headers: PREFLIGHT })).toMatchObject({
        status: 204,
        text: '',
        headers: {
          'access-control-allow-origin': ORIGIN,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': 'GET,POST,PUT,DELETE,PATCH,OPTIONS',
          'access-control-allow-headers': 'Content-Type,Authorization',
          'content-length': '0',
          vary: 'Origin'
        }
      })
    }
  })

  it.each(['https://scribe-project-nextjs.vercel.app', 'http://localhost:3000', 'http://localhost:3001'])(
    'lets %s read every answer, refusals included',
    async origin => {
      const { call, db } = await startNative()
      const { token } = await givenUser(db)
      for (const credentials of [{ token }, {}]) {
        const { headers } = await call('GET', '/users/profile', { ...credentials, headers: { origin } })
        expect(headers).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          vary: 'Origin'
        })
      }
    }
  )

  it('answers another origin, and none, without letting it read', async () => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    const origins = [{ origin: 'http://localhost:3002' }, { origin: 'null' }, { origin: `${ORIGIN}.evil.org` }, {}]
    for (const headers of origins) {
      const got = await call('GET', '/users/profile', { token, headers })
      const preflight = await call('OPTIONS', '/users/profile', { headers })
      expect([got.status, preflight.status]).toEqual([200, 204])
      for (const answer of [got, preflight]) {
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
        expect(answer.headers['vary']).toBe('Origin')
      }
    }
  })

  it('works, as HEAD does, when every route is given a constraint from outside', async () => {
    const { call, db } = await startNative({ serve: constrained })
    const { token } = await givenUser(db)
    const native = { 'x-side': 'native' }
    expect((await call('GET', '/users/profile', { token, headers: native })).status).toBe(200)
    expect((await call('HEAD', '/users/profile', { token, headers: native })).status).toBe(200)
    expect((await call('OPTIONS', '/api/notes/x', { headers: { ...PREFLIGHT, ...native } })).status).toBe(204)
    for (const method of ['GET', 'HEAD', 'OPTIONS'] as const) {
      expect((await call(method, '/users/profile', { token })).status).toBe(404)
    }
  })
})

/** The services as a gateway mounts them: every route under a constraint that its requests must meet. */
function constrained(options: PlatformOptions): FastifyInstance {
  const app = fastify({ routerOptions: { constraints: { side: sideConstraint() } } })
  app.register(async scope => {
    scope.addHook('onRoute', route => {
      route.constraints = { side: 'native' }
    })
    await scope.register(platform, options)
    for (const { plugin } of nativeModules) await scope.register(plugin)
  })
  return app
}

function sideConstraint(): ConstraintStrategy<HTTPVersion.V1> {
  return {
    name: 'side',
    storage() {
      const handlers = new Map<string, Handler<HTTPVersion.V1>>()
      return {
        get: side => handlers.get(side) ?? null,
        set: (side, handler) => void handlers.set(side, handler),
        del: side => void handlers.delete(side),
        empty: () => handlers.clear()
      }
    },
    deriveConstraint: (request: IncomingMessage) => String(request.headers['x-side']),
    mustMatchWhenDerived: true
  }
}
