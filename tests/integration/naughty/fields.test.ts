import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { each } from './each.ts'
import { bodyOf, type Field, nativeRoutes, pathOf, placeOf, type Route, storedIn } from './routes.ts'
import { naughtyScalars, naughtyShapes, naughtyStrings, someNaughtyStrings } from './strings.ts'
import { contentOf, expectReadableByLegacy, givenWorld, type World } from './world.ts'

const LIMIT_MS = 60_000

const withFields = (await nativeRoutes()).filter(({ fields }) => fields.length > 0)

/** Sends a body in which these fields are this JSON, as it is written. */
function send(route: Route, fields: readonly Field[], json: string, world: World) {
  const here = Object.fromEntries(fields.map(({ name }) => [name, 'here']))
  const text = JSON.stringify({ ...bodyOf(route, world), ...here }).replaceAll(':"here"', () => `:${json}`)
  return world.call(route.method, pathOf(route, world), { token: world.person.token, body: text })
}

function nameOf(fields: readonly Field[], json: string): string {
  return `${fields.map(({ name }) => name).join()}: ${json.slice(0, 60)}`
}

/** Fields that one request fills together: those that it stores in a new document; each other on its own. */
function groupsOf(route: Route): Field[][] {
  const creating = route.fields.filter(field => placeOf(route, field)?.creates)
  const others = route.fields.filter(field => !creating.includes(field)).map(field => [field])
  return creating.length > 0 ? [creating, ...others] : others
}

/** Not all of them where `/api/v1` has the same services behind it, and where each change waits for the one before. */
function textsFor(route: Route, [field]: Field[]): readonly string[] {
  const inTurn = field && placeOf(route, field)?.creates === false
  return inTurn || route.url.startsWith('/api/v1') ? someNaughtyStrings : naughtyStrings
}

/** What is wrong with how the route deals with texts in these fields. */
async function complaintsOf(route: Route, fields: Field[], world: World): Promise<string[]> {
  const complaints: string[] = []
  const { db } = world
  const places = fields.map(field => placeOf(route, field)).filter(place => place !== undefined)
  const contentBefore = await contentOf(db)
  const expected = await Promise.all(places.map(place => storedIn(place, db)))
  const inTurn = places.some(({ creates }) => !creates)
  let taken = 0
  await each(textsFor(route, fields), inTurn ? 1 : 8, async text => {
    const { status } = await send(route, fields, JSON.stringify(text), world)
    if (status >= 500) complaints.push(`${nameOf(fields, JSON.stringify(text))} is answered ${status}`)
    if (status >= 300) return
    taken++
    for (const [index, place] of places.entries()) {
      const values = expected[index] ?? []
      if (place.creates) values.push(place.as(text, undefined))
      else values[0] = place.as(text, values[0])
      if (inTurn && !isDeepStrictEqual(await storedIn(place, db), values)) {
        complaints.push(`${nameOf(fields, JSON.stringify(text))} is stored as something else`)
      }
    }
  })
  for (const [index, place] of places.entries()) {
    if (!isDeepStrictEqual(sorted(await storedIn(place, db)), sorted(expected[index] ?? []))) {
      complaints.push(`${place.field}: what is stored is not what was taken`)
    }
  }
  if (taken === 0 && !isDeepStrictEqual(await contentOf(db), contentBefore)) {
    complaints.push(`${nameOf(fields, '…')}: all are refused, and something is written`)
  }
  return complaints
}

function sorted(values: readonly unknown[]): string[] {
  return values.map(value => JSON.stringify(value)).toSorted((a, b) => (a < b ? -1 : 1))
}

/** Sends every JSON in the field alone, and says what came of it. */
async function statusesOf(route: Route, field: Field, texts: readonly string[], world: World) {
  const statuses: { what: string; status: number }[] = []
  for (const json of texts) {
    const { status } = await send(route, [field], json, world)
    statuses.push({ what: nameOf([field], json), status })
  }
  return statuses
}

describe.each(withFields)('$method $url', { timeout: LIMIT_MS }, route => {
  it('takes what the naughty ones are made of; takes or refuses a text, and stores what it takes as it was sent', async () => {
    const world = await givenWorld()
    const path = pathOf(route, world)
    const plain = await world.call(route.method, path, { token: world.person.token, body: bodyOf(route, world) })
    expect(plain.status).toBeLessThan(300)
    for (const fields of groupsOf(route)) expect(await complaintsOf(route, fields, world)).toEqual([])
    await expectReadableByLegacy(world)
  })

  it('refuses anything but a text where one is wanted, writing nothing, and is never at a loss', async () => {
    const world = await givenWorld()
    const before = await contentOf(world.db)
    const texts = route.fields.filter(({ isText }) => isText)
    for (const field of texts) {
      const statuses = await statusesOf(route, field, naughtyShapes, world)
      expect(statuses.filter(({ status }) => ![400, 404, 413, 422].includes(status))).toEqual([])
    }
    expect(await contentOf(world.db)).toEqual(before)

    for (const field of route.fields) {
      const left = texts.includes(field) ? naughtyScalars : [...naughtyScalars, ...naughtyShapes]
      const statuses = await statusesOf(route, field, left, world)
      expect(statuses.filter(({ status }) => status >= 500)).toEqual([])
    }
    await expectReadableByLegacy(world)
  })
})
