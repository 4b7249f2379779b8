import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { expectAnswer, ID, ISO } from './answers.ts'
import { textAt, valueAt } from './client.ts'
import type { Contract } from './context.ts'
import { bsonTypes } from './documents.ts'

const UNKNOWN = new ObjectId().toHexString()
const MISSING = { msg: 'Prompt not found or not accessible' }

export function prompts({ call, account, consultation, prompt, stored, differs, db }: Contract): void {
  const create = (token: string, body?: unknown) => call('POST', '/api/prompts/', { token, body })
  const patch = (token: string, id: string, body?: unknown) => call('PATCH', `/api/prompts/${id}`, { token, body })
  const usual = { is_deleted: false, transcript_ids: [], created_at: ISO, __v: 0 }

  test.for([
    [undefined, false],
    [true, true],
    [false, false],
    ['yes', true],
    [0, false],
    [null, null]
  ] as const)('a prompt is created and stored, shareable: %j', async ([given, is_shareable]) => {
    const ann = await account()
    const fields = { prompt_name: ' Näme ', prompt_text: 'Text\n' }
    const foreign = { clinician: UNKNOWN, is_deleted: true, transcript_ids: [UNKNOWN], __v: 5, admin: true }
    const answer = await create(ann.token, { ...foreign, ...fields, is_shareable: given })
    expectAnswer(answer, 201, {
      msg: 'Prompt created successfully',
      data: {
        ...fields,
        is_shareable,
        is_deleted: false,
        clinician: ann.id,
        transcript_ids: [],
        _id: ID,
        created_at: ISO,
        __v: 0
      }
    })
    const id = textAt(answer, 'data', '_id')
    expect(await stored('prompts', id)).toEqual({
      ...fields,
      ...usual,
      is_shareable,
      clinician: new ObjectId(ann.id),
      _id: new ObjectId(id),
      created_at: new Date(textAt(answer, 'data', 'created_at'))
    })
    expect(await bsonTypes(db(), 'prompts', id)).toEqual({
      _id: 'objectId',
      prompt_name: 'string',
      prompt_text: 'string',
      is_shareable: is_shareable === null ? 'null' : 'bool',
      is_deleted: 'bool',
      clinician: 'objectId',
      transcript_ids: 'array',
      created_at: 'date',
      __v: 'int'
    })
  })

  test('numbers and booleans are texts', async () => {
    const { token } = await account()
    expect(await create(token, { prompt_name: 5, prompt_text: true })).toMatchObject({
      status: 201,
      body: { data: { prompt_name: '5', prompt_text: 'true' } }
    })
  })

  test.for([
    undefined,
    [],
    {},
    { prompt_name: 'n' },
    { prompt_name: '', prompt_text: 't' },
    { prompt_name: 'n', prompt_text: null },
    { prompt_name: { $gt: '' }, prompt_text: 't' },
    { prompt_name: 'n', prompt_text: ['t'] },
    { prompt_name: 'n', prompt_text: 't', is_shareable: 'maybe' }
  ])('%j is no prompt', async body => {
    const ann = await account()
    await differs('prompts.create.invalid', 'POST', '/api/prompts/', { token: ann.token, body })
    expect(
      await db()
        .collection('prompts')
        .countDocuments({ clinician: new ObjectId(ann.id) })
    ).toBe(0)
  })

  test("the list is the caller's own and what is shareable, not deleted, newest first", async () => {
    const [ann, bob] = [await account(), await account()]
    const on = (day: string) => ({ created_at: new Date(`2026-01-0${day}T00:00:00.007Z`) })
    const own = await prompt(ann, { ...on('2'), updated_at: new Date('2026-02-01') })
    const ownShared = await prompt(ann, { ...on('4'), is_shareable: true })
    const shared = await prompt(bob, { ...on('3'), is_shareable: true, transcript_ids: [new ObjectId(UNKNOWN)] })
    const cleared = await prompt(ann, { ...on('1'), prompt_name: null, is_shareable: null })
    await prompt(bob, on('5'))
    await prompt(bob, { ...on('6'), is_shareable: true, is_deleted: true })
    await prompt(ann, { ...on('7'), is_deleted: true })

    const mine = (list: unknown) =>
      Array.isArray(list) ? list.filter(each => [ann.id, bob.id].includes(String(valueAt(each, 'clinician')))) : list
    const document = (_id: string, day: string, fields: object) => ({
      _id,
      prompt_name: 'brief',
      prompt_text: 'Be brief.',
      is_shareable: false,
      is_deleted: false,
      clinician: ann.id,
      transcript_ids: [],
      created_at: `2026-01-0${day}T00:00:00.007Z`,
      __v: 0,
      ...fields
    })
    const expected = [
      document(ownShared, '4', { is_shareable: true }),
      document(shared, '3', { clinician: bob.id, is_shareable: true, transcript_ids: [UNKNOWN] }),
      document(own, '2', { updated_at: '2026-02-01T00:00:00.000Z' }),
      document(cleared, '1', { prompt_name: null, is_shareable: null })
    ]
    for (const path of ['/api/prompts', '/api/prompts/']) {
      const answer = await call('GET', path, { token: ann.token })
      // What other tests share is in the list too.
      const list = valueAt(answer.body, 'prompts')
      expectAnswer(answer, 200, { prompts: list })
      expect(JSON.stringify(mine(list))).toBe(JSON.stringify(expected))
    }
  })

  test('a prompt is changed', async () => {
    const ann = await account()
    const id = await prompt(ann)
    const changed = { prompt_name: 'new name', prompt_text: 'new text', is_shareable: true }
    const answer = await patch(ann.token, id, { ...changed, admin: true })
    const { transcript_ids, created_at, is_deleted, __v } = usual
    expectAnswer(answer, 200, {
      msg: 'Prompt updated',
      data: { _id: id, ...changed, is_deleted, clinician: ann.id, transcript_ids, created_at, __v, updated_at: ISO }
    })
    const found = await stored('prompts', id)
    expect(found).toMatchObject({ ...changed, updated_at: new Date(textAt(answer, 'data', 'updated_at')), __v: 0 })
    expect(found).not.toHaveProperty('admin')
    expect(await bsonTypes(db(), 'prompts', id)).toMatchObject({ is_shareable: 'bool', updated_at: 'date', __v: 'int' })
  })

  test.for([
    [undefined, {}],
    [[], {}],
    [{}, {}],
    [{ prompt_name: '' }, { prompt_name: '' }],
    [{ prompt_text: null }, { prompt_text: null }],
    [{ is_shareable: 'true' }, { is_shareable: true }],
    [{ is_shareable: null }, { is_shareable: null }],
    [{ prompt_name: 5 }, { prompt_name: '5' }]
  ] as const)('a change to %j', async ([body, change]) => {
    const ann = await account()
    const id = await prompt(ann)
    const before = await stored('prompts', id)
    expect((await patch(ann.token, id, body)).status).toBe(200)
    expect(await stored('prompts', id)).toEqual({ ...before, ...change, updated_at: expect.any(Date) })
  })

  test.for([{ prompt_name: {} }, { prompt_text: ['t'] }, { is_shareable: 'maybe' }])('a change to %j', async body => {
    const ann = await account()
    const id = await prompt(ann)
    const before = await stored('prompts', id)
    await differs('prompts.update.invalid', 'PATCH', `/api/prompts/${id}`, { token: ann.token, body })
    expect(await stored('prompts', id)).toEqual(before)
  })

  const foreign = {
    clinician: '65f0c0ffee65f0c0ffee65f0',
    is_deleted: true,
    transcript_ids: ['65f0c0ffee65f0c0ffee65f0'],
    created_at: '2000-01-01T00:00:00.000Z',
    __v: 7,
    _id: UNKNOWN,
    $set: { prompt_text: 'set', clinician: UNKNOWN }
  }
  test.for([
    ['clinician', 'clinician'],
    ['is-deleted', 'is_deleted'],
    ['transcript-ids', 'transcript_ids'],
    ['created-at', 'created_at'],
    ['-v', '__v'],
    ['id', '_id'],
    ['operator', '$set']
  ] as const)('difference %s: %s is not changed', async ([name, field]) => {
    const ann = await account()
    const id = await prompt(ann)
    const before = await stored('prompts', id)
    const call = { token: ann.token, body: { [field]: foreign[field] } }
    const { side } = await differs(`prompts.update.${name}`, 'PATCH', `/api/prompts/${id}`, call)
    if (side === 'native') expect(await stored('prompts', id)).toEqual({ ...before, updated_at: expect.any(Date) })
  })

  test('a prompt is deleted, and kept', async () => {
    const ann = await account()
    const id = await prompt(ann, { is_shareable: true })
    const before = await stored('prompts', id)
    const remove = () => call('DELETE', `/api/prompts/${id}`, { token: ann.token })
    expectAnswer(await remove(), 200, { msg: 'Prompt deleted successfully' })
    expect(await stored('prompts', id)).toEqual({ ...before, is_deleted: true, updated_at: expect.any(Date) })
    expect(JSON.stringify((await call('GET', '/api/prompts', { token: ann.token })).body)).not.toContain(id)
    expectAnswer(await remove(), 404, MISSING)
    expectAnswer(await patch(ann.token, id, { prompt_name: 'x' }), 404, MISSING)
  })

  test("a change or deletion of none, and of another's", async () => {
    const [ann, bob] = [await account(), await account()]
    const ids = [UNKNOWN, await prompt(bob), await prompt(bob, { is_shareable: true })]
    for (const id of ids) {
      expectAnswer(await patch(ann.token, id, { prompt_name: 'x' }), 404, MISSING)
      expectAnswer(await call('DELETE', `/api/prompts/${id}`, { token: ann.token }), 404, MISSING)
    }
  })

  test.for([
    ['update', 'PATCH'],
    ['delete', 'DELETE']
  ] as const)('an %s of a malformed id', async ([name, method]) => {
    const { token } = await account()
    const call = { token, body: { prompt_name: 'x' } }
    await differs(`prompts.${name}.malformed-id`, method, '/api/prompts/malformed', call)
  })

  const link = (promptId: string, transcriptId: string) => `/api/prompts/${promptId}/add-prompt/${transcriptId}`

  test("a prompt is linked, own or another's shareable", async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const { is_deleted: _, transcript_ids: __, ...rest } = usual
    for (const promptId of [await prompt(ann), await prompt(await account(), { is_shareable: true })]) {
      const { created_at, __v } = rest
      const answer = await call('PATCH', link(promptId, transcriptId), { token: ann.token })
      expectAnswer(answer, 200, {
        msg: 'Prompt linked to transcript successfully',
        data: {
          _id: transcriptId,
          clinician: ann.id,
          consultation: id,
          transcript_text: '',
          created_at,
          __v,
          prompt_used: promptId
        }
      })
      expect(await stored('transcripts', transcriptId)).toMatchObject({ prompt_used: new ObjectId(promptId), __v: 0 })
      expect(await stored('prompts', promptId)).toMatchObject({ transcript_ids: [] })
    }
  })

  test('a link of no prompt that may be used', async () => {
    const [ann, bob] = [await account(), await account()]
    const { transcriptId } = await consultation(ann)
    for (const id of [UNKNOWN, await prompt(bob), await prompt(ann, { is_deleted: true })]) {
      for (const to of [transcriptId, UNKNOWN, 'malformed']) {
        expectAnswer(await call('PATCH', link(id, to), { token: ann.token }), 404, MISSING)
      }
    }
  })

  test('a link to no transcript', async () => {
    const ann = await account()
    const answer = await call('PATCH', link(await prompt(ann), UNKNOWN), { token: ann.token })
    expectAnswer(answer, 404, { msg: 'Transcript not found' })
  })

  test("a link to another's transcript", async () => {
    const [ann, bob] = [await account(), await account()]
    const { transcriptId } = await consultation(bob)
    const path = link(await prompt(ann), transcriptId)
    const { side } = await differs('prompts.link.not-owner', 'PATCH', path, { token: ann.token })
    if (side === 'native') expect(await stored('transcripts', transcriptId)).not.toHaveProperty('prompt_used')
  })

  test('a link of malformed ids', async () => {
    const ann = await account()
    const { transcriptId } = await consultation(ann)
    const { token } = ann
    await differs('prompts.link.malformed-id', 'PATCH', link('malformed', transcriptId), { token })
    await differs('prompts.link.malformed-transcript', 'PATCH', link(await prompt(ann), 'malformed'), { token })
  })
}
