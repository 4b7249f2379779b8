import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { givenConsultation, givenUser, type Native, type Person, startNative } from '../services/support.ts'
import { pageOf, refusal, wrongFields } from './support.ts'

type Add = (at: Date) => Promise<string>

interface List {
  readonly path: string
  readonly add: Add
}

const lists: Record<string, (native: Native, ann: Person) => Promise<List>> = {
  async prompts({ db }, { id }) {
    const rest = { prompt_name: 'n', prompt_text: 't', is_deleted: false, transcript_ids: [], __v: 0 }
    // Own ones that nobody else sees, and shareable ones of others, in turn.
    let isShareable = false
    const add: Add = async created_at => {
      isShareable = !isShareable
      const clinician = isShareable ? new ObjectId() : new ObjectId(id)
      const prompt = { ...rest, is_shareable: isShareable, clinician, created_at }
      return (await db.collection('prompts').insertOne(prompt)).insertedId.toHexString()
    }
    return { path: '/api/v1/prompts', add }
  },

  async notes({ db }, { id }) {
    const consultation = await givenConsultation(db, id)
    const rest = { clinician: new ObjectId(id), consultation: new ObjectId(consultation), body: 'b' }
    const add: Add = async created_at =>
      (
        await db.collection('notes').insertOne({ ...rest, transcript: new ObjectId(), created_at })
      ).insertedId.toHexString()
    return { path: `/api/v1/consultations/${consultation}/notes`, add }
  },

  async consultations({ db }, { id }) {
    const rest = { clinician: new ObjectId(id), patient: {}, notes: [], status: 'active', __v: 0 }
    const add: Add = async started_at =>
      (await db.collection('consultations').insertOne({ ...rest, started_at })).insertedId.toHexString()
    return { path: '/api/v1/consultations', add }
  }
}

const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n))

test.each(Object.entries(lists))('%s: every item is on one page, newest first, whatever is added', async (_, given) => {
  const native = await startNative()
  const ann = await givenUser(native.db)
  const { token } = ann
  const { path, add } = await given(native, ann)
  // Two at each moment, so that pages end between items of one moment.
  const ids: string[] = []
  for (let n = 0; n < 7; n++) ids.push(await add(minute(Math.floor(n / 2))))
  const newestFirst = ids.toReversed()

  const seen: unknown[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const page = pageOf(await native.call('GET', `${path}?limit=2${query}`, { token }))
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.next
    // Newer than what was read, and nowhere on the way.
    await add(minute(60))
  } while (cursor !== null)
  const sameMoment = (a: string, b: string) => Math.floor(ids.indexOf(a) / 2) === Math.floor(ids.indexOf(b) / 2)
  expect(seen).toHaveLength(newestFirst.length)
  expect(new Set(seen)).toEqual(new Set(newestFirst))
  for (const [place, id] of newestFirst.entries()) expect(sameMoment(String(seen[place]), id)).toBe(true)
})

test.each(Object.entries(lists))('%s: the limit is 20 by default and 100 at most', async (_, given) => {
  const native = await startNative()
  const ann = await givenUser(native.db)
  const { token } = ann
  const { path, add } = await given(native, ann)
  const ask = (query: string) => native.call('GET', path + query, { token })
  expect(await ask('')).toMatchObject({ status: 200, body: { data: [], page: { limit: 20, nextCursor: null } } })
  for (let n = 0; n < 21; n++) await add(minute(n))
  const first = pageOf(await ask(''))
  expect(first.items).toHaveLength(20)
  expect(first.next).not.toBeNull()
  expect(await ask('?limit=21')).toMatchObject({ body: { page: { limit: 21, nextCursor: null } } })
  expect(await ask('?limit=100')).toMatchObject({ status: 200 })

  for (const query of ['?limit=0', '?limit=101', '?limit=1.5', '?limit=many', '?limit=', '?limit=1&limit=2']) {
    expect(wrongFields(await ask(query))).toEqual(['/limit'])
  }
  const ours = Buffer.from('1.65f0c0ffee65f0c0ffee65f0').toString('base64url')
  expect(await ask(`?cursor=${ours}`)).toMatchObject({ status: 200, body: { data: [] } })
  for (const cursor of [
    '',
    'x',
    'a'.repeat(101),
    Buffer.from('1.zz').toString('base64url'),
    '%7B%22$gt%22:%22%22%7D'
  ]) {
    expect(wrongFields(await ask(`?cursor=${cursor}`))).toEqual(['/cursor'])
  }
})

test("the pages of another's consultation are not there", async () => {
  const { call, db } = await startNative()
  const [ann, bob] = [await givenUser(db), await givenUser(db)]
  const consultation = await givenConsultation(db, ann.id)
  for (const id of [consultation, 'malformed']) {
    expect(await call('GET', `/api/v1/consultations/${id}/notes`, { token: bob.token })).toMatchObject(
      refusal(404, 'not_found')
    )
  }
})
