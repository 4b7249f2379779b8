import type { CommandStartedEvent, Db, Document } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { CONSULTATION_INDEXES, CONSULTATIONS } from '../../../services/consultations/repository.ts'
import { connectDatabase } from '../../../services/index.ts'
import { NOTE_INDEXES, NOTES } from '../../../services/notes/repository.ts'
import { PROMPT_INDEXES, PROMPTS } from '../../../services/prompts/repository.ts'
import { TRANSCRIPT_INDEXES, TRANSCRIPTS } from '../../../services/transcripts/repository.ts'
import { USER_INDEXES, USERS } from '../../../services/users/repository.ts'
import { bodyOf, nativeRoutes, pathOf, type Route } from '../naughty/routes.ts'
import { givenWorld, type World } from '../naughty/world.ts'
import { freshUri } from './support.ts'

const INDEXES = new Map([
  [USERS, USER_INDEXES],
  [CONSULTATIONS, CONSULTATION_INDEXES],
  [TRANSCRIPTS, TRANSCRIPT_INDEXES],
  [NOTES, NOTE_INDEXES],
  [PROMPTS, PROMPT_INDEXES]
])
/** They look for nothing. */
const OTHERS: ReadonlySet<unknown> = new Set([
  'insert',
  'createIndexes',
  'hello',
  'commitTransaction',
  'abortTransaction',
  'endSessions'
])
/** They answer no query of a document, or with a document that is not there. */
const ASIDE = /\*|\/v1$|\/transcription-stream$|\/docs/

const isDeletion = ({ method }: Route) => method === 'DELETE'
const endsSession = ({ url }: Route) => /logout|sessions\/current/.test(url)
const place = (route: Route) => Number(isDeletion(route)) + 2 * Number(endsSession(route))

/** Every route once, what deletes and what ends the session last; and the second page of every list that has pages. */
async function visitAll(world: World): Promise<void> {
  const routes = await nativeRoutes()
  const asked = routes.filter(({ url }) => !ASIDE.test(url))
  for (const route of asked.toSorted((a, b) => place(a) - place(b))) {
    const path = pathOf(route, world)
    const { token } = world.person
    const body = route.fields.length === 0 ? undefined : bodyOf(route, world)
    const query = route.query.includes('cursor') ? '?limit=1' : '?query=asthma&name=asthma&email=x'
    const answer = await world.call(route.method, path + query, { token, body })
    // What two routes delete is gone for the second.
    expect.soft(answer.status, `${route.method} ${path}`).toBeLessThan(isDeletion(route) ? 500 : 400)
    const cursor = Object(answer.body).page?.nextCursor
    if (cursor) await world.call(route.method, `${path}${query}&cursor=${cursor}`, { token })
  }
}

interface Query {
  readonly collection: string
  readonly text: string
  /** What `explain` takes. */
  readonly explained: Document
}

/**
 * What a command looks for. A write is explained as a `find` with its filter, for which a server chooses the same index:
 * not every server's `explain` follows a write's own plan.
 */
function queriesOf(command: Document): Query[] {
  const [name = ''] = Object.keys(command)
  const collection = String(command[name])
  const find = (filter: Document) => ({ find: collection, filter })
  const { filter, projection, sort, limit, pipeline, updates, deletes, query } = command
  const explained: Readonly<Record<string, () => Document[]>> = {
    find: () => [
      { ...find(filter), ...(projection && { projection }), ...(sort && { sort }), ...(limit && { limit }) }
    ],
    aggregate: () => [{ aggregate: collection, pipeline, cursor: {} }],
    findAndModify: () => [find(query)],
    update: () => updates.map(({ q }: Document) => find(q)),
    delete: () => deletes.map(({ q }: Document) => find(q))
  }
  const list = explained[name]?.()
  if (list === undefined) throw new Error(`no way to explain ${name}`)
  return list.map(each => ({ collection, text: `${name} ${JSON.stringify(shapeOf(each))}`, explained: each }))
}

async function explain(db: Db, explained: Document): Promise<string> {
  const { queryPlanner, stages } = await db.command({ explain: explained, verbosity: 'queryPlanner' })
  return JSON.stringify(queryPlanner ?? stages)
}

/**
 * A filter with an `_id` and further conditions is explained again by its `_id` alone: SecantusDB 0.7 says that it scans
 * for it, whereas MongoDB takes the one document from the index and asks the conditions of it.
 */
async function planOf(db: Db, { explained }: Query): Promise<string> {
  const plan = await explain(db, explained)
  const { find, filter: { _id: id } = {} } = explained
  return plan.includes('COLLSCAN') && id !== undefined ? explain(db, { find, filter: { _id: id } }) : plan
}

/** A command without its values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [shapeOf(value[0])]
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
}

describe('the queries of all routes', () => {
  it('are answered from indexes', async () => {
    const database = await connectDatabase(`${await freshUri()}&monitorCommands=true`)
    const { db } = database
    const world = await givenWorld({ database })
    for (const [name, indexes] of INDEXES) {
      const keys = async () => (await db.collection(name).indexes()).map(({ key }) => key)
      for (const { key } of indexes) await expect.poll(keys).toContainEqual(key)
    }
    const queries = new Map<string, Query>()
    const onCommand = ({ commandName, command }: CommandStartedEvent) => {
      if (OTHERS.has(commandName)) return
      for (const query of queriesOf(command)) queries.set(query.text, query)
    }
    db.client.on('commandStarted', onCommand)
    await visitAll(world)
    db.client.off('commandStarted', onCommand)

    for (const query of queries.values()) {
      const plan = await planOf(db, query)
      expect.soft(plan, query.text).not.toContain('COLLSCAN')
      expect.soft(plan, query.text).toMatch(/IXSCAN|IDHACK|EXPRESS/)
    }
    const collections = new Set([...queries.values()].map(({ collection }) => collection))
    expect([...collections].toSorted()).toEqual([...INDEXES.keys(), 'blacktokens'].toSorted())
    expect(queries.size).toBeGreaterThan(20)
  })

  it('would show if one was not', async () => {
    const { db } = await givenWorld()
    const query = { collection: NOTES, text: '', explained: { find: NOTES, filter: { body: 'x' } } }
    expect(await planOf(db, query)).toContain('COLLSCAN')
  })
})
