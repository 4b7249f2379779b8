import { describe, expect, it } from 'vitest'
import { each } from './each.ts'
import { bodyOf, nativeRoutes, pathOf, type Route } from './routes.ts'
import { naughtyStrings, naughtyTargets, someNaughtyStrings } from './strings.ts'
import { contentOf, givenWorld, type World } from './world.ts'

const LIMIT_MS = 60_000
const AT_ONCE = 8

/** Beyond this Node refuses a request's head as a whole. */
const MAX_TARGET = 14_000

const routes = await nativeRoutes()
const encoded = someNaughtyStrings
  .map(text => encodeURIComponent(text.toWellFormed()))
  .filter(({ length }) => length < MAX_TARGET)

function send(
  route: Route,
  path: string,
  world: World,
  token = world.person.token,
  headers: Record<string, string> = {}
) {
  const body = route.fields.length > 0 ? bodyOf(route, world) : undefined
  return world.call(route.method, path, { token, headers, ...(body !== undefined && { body }) })
}

const BELOW_500 = expect.toSatisfy((code: number) => code < 500)

describe.each(routes.filter(({ params }) => params.length > 0))('$method $url', { timeout: LIMIT_MS }, route => {
  it('has an answer for every text in its path, and writes nothing', async () => {
    const world = await givenWorld()
    const before = await contentOf(world.db)
    for (const name of route.params) {
      await each([...encoded, ...naughtyTargets], AT_ONCE, async text => {
        const { status } = await send(route, pathOf(route, world, { [name]: text }), world)
        const what = `${name}: ${text.slice(0, 60)}`
        expect({ what, status }).toEqual({ what, status: BELOW_500 })
      })
    }
    expect(await contentOf(world.db)).toEqual(before)
  })
})

describe.each(routes.filter(({ query }) => query.length > 0))('$method $url', { timeout: LIMIT_MS }, route => {
  it('has an answer for every text in its query, and writes nothing', async () => {
    const world = await givenWorld()
    const before = await contentOf(world.db)
    for (const name of route.query) {
      const queries = [...encoded, ...naughtyTargets].map(text => `${name}=${text}`)
      for (const text of naughtyTargets) {
        queries.push(`${name}[$gt]=${text}`, `${name}=a&${name}=${text}`, `${text}=${name}`, `__proto__=${text}`)
      }
      await each(queries, AT_ONCE, async query => {
        const { status } = await send(route, `${pathOf(route, world)}?${query}`, world)
        const what = query.slice(0, 60)
        expect({ what, status }).toEqual({ what, status: BELOW_500 })
      })
    }
    expect(await contentOf(world.db)).toEqual(before)
  })
})

describe('every route', { timeout: LIMIT_MS }, () => {
  /** What HTTP lets pass in a field's value, as the bytes that a client would send. */
  const values = naughtyStrings
    .map(text => Buffer.from(text).toString('latin1'))
    .filter(text => text.length < MAX_TARGET && /^[\t\x20-\x7e\x80-\xff]*$/.test(text))

  it('answers 401 to every naughty token, and has an answer for other naughty header fields', async () => {
    const world = await givenWorld()
    const before = await contentOf(world.db)
    const profile = (headers: Record<string, string>) => world.call('GET', '/users/profile', { headers })
    expect(values.length).toBeGreaterThan(400)
    for (const value of values) {
      for (const authorization of [value, `Bearer ${value}`]) {
        expect({ value, status: (await profile({ authorization })).status }).toEqual({ value, status: 401 })
      }
      const headers = { 'if-none-match': value, origin: value, accept: value, 'x-forwarded-for': value, cookie: value }
      expect({ value, status: (await profile(headers)).status }).toEqual({ value, status: 401 })
      for (const name of ['content-type', 'content-encoding']) {
        const body = { email: 'nobody@example.org', password: 'x' }
        const { status } = await world.call('POST', '/users/login', { body, headers: { [name]: value } })
        expect({ name, value, status }).toEqual({ name, value, status: BELOW_500 })
      }
    }
    expect(await contentOf(world.db)).toEqual(before)
  })
})
