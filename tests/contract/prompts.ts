import { describe, expect, test } from 'vitest'
import { textAt, valueAt } from './client.ts'
import { expectAnswer, ID, ISO, keysOf, promptOf, UNKNOWN } from './clinical.ts'
import type { Account, Contract } from './context.ts'

const MISSING = { msg: 'Prompt not found or not accessible' }

export function prompts({ call, account, consultation, outcome, intended }: Contract): void {
  const idsSeenBy = async ({ token }: Account): Promise<unknown[]> => {
    const { body } = await call('GET', '/api/prompts/', { token })
    const list = valueAt(body, 'prompts')
    return Array.isArray(list) ? list.map(prompt => valueAt(prompt, '_id')) : []
  }
  const fresh = ({ id }: Account) => ({
    _id: ID,
    prompt_name: 'n',
    prompt_text: 't',
    is_shareable: false,
    is_deleted: false,
    clinician: id,
    transcript_ids: [],
    created_at: ISO,
    __v: 0
  })

  test('a prompt is created', async () => {
    const ann = await account()
    const body = { prompt_name: 'n', prompt_text: 't', clinician: UNKNOWN, is_deleted: true }
    const created = await call('POST', '/api/prompts/', { token: ann.token, body })
    expectAnswer(created, 201, { msg: 'Prompt created successfully', data: fresh(ann) })
    expect(keysOf(valueAt(created.body, 'data')).join()).toBe(
      'prompt_name,prompt_text,is_shareable,is_deleted,clinician,transcript_ids,_id,created_at,__v'
    )
  })

  test('an invalid prompt', async () => {
    const { token } = await account()
    const body = { prompt_name: 'n' }
    expect(await outcome('prompts.create.invalid', 'POST', '/api/prompts', { token, body })).toEqual(
      intended('prompts.create.invalid')
    )
  })

  test('one’s own and those that are shared are listed, newest first', async () => {
    const ann = await account()
    const bob = await account()
    const first = await promptOf(call, ann)
    const shared = await promptOf(call, bob, { is_shareable: true })
    const hidden = await promptOf(call, bob)
    const last = await promptOf(call, ann)
    const seen = await idsSeenBy(ann)
    expect(seen.filter(id => [first, shared, hidden, last].includes(String(id)))).toEqual([last, shared, first])
  })

  describe('PATCH /api/prompts/:promptId', () => {
    test('a prompt is changed by its owner', async () => {
      const ann = await account()
      const id = await promptOf(call, ann, { prompt_text: 't' })
      const path = `/api/prompts/${id}`
      const changed = await call('PATCH', path, { token: ann.token, body: { prompt_name: 'm', is_shareable: true } })
      const data = { ...fresh(ann), _id: id, prompt_name: 'm', is_shareable: true, updated_at: ISO }
      expectAnswer(changed, 200, { msg: 'Prompt updated', data })
    })

    test('another’s, a deleted one and none are not accessible', async () => {
      const ann = await account()
      const bob = await account()
      const shared = await promptOf(call, ann, { is_shareable: true })
      const deleted = await promptOf(call, bob)
      await call('DELETE', `/api/prompts/${deleted}`, { token: bob.token })
      for (const id of [shared, deleted, UNKNOWN]) {
        const path = `/api/prompts/${id}`
        expectAnswer(await call('PATCH', path, { token: bob.token, body: { prompt_name: 'm' } }), 404, MISSING)
        expectAnswer(await call('DELETE', path, { token: bob.token }), 404, MISSING)
      }
    })

    test('a prompt handed to another clinician', async () => {
      const ann = await account()
      const path = `/api/prompts/${await promptOf(call, ann)}`
      const body = { clinician: UNKNOWN }
      expect((await call('PATCH', path, { token: ann.token, body })).status).toBe(200)
      expect(await outcome('prompts.update.owner', 'PATCH', path, { token: ann.token, body: {} })).toEqual(
        intended('prompts.update.owner')
      )
    })

    test('a malformed id', async () => {
      const { token } = await account()
      for (const [id, method] of [
        ['prompts.update.malformed-id', 'PATCH'],
        ['prompts.delete.malformed-id', 'DELETE']
      ] as const) {
        expect(await outcome(id, method, '/api/prompts/malformed', { token, body: {} })).toEqual(intended(id))
      }
    })

    test('a name that is none', async () => {
      const ann = await account()
      const path = `/api/prompts/${await promptOf(call, ann)}`
      const options = { token: ann.token, body: { prompt_name: ['a', 'b'] } }
      expect(await outcome('prompts.update.malformed-body', 'PATCH', path, options)).toEqual(
        intended('prompts.update.malformed-body')
      )
    })
  })

  describe('PATCH /api/prompts/:promptId/add-prompt/:transcriptId', () => {
    test('a prompt, one’s own or shared, is linked to a transcript', async () => {
      const ann = await account()
      const { id, transcriptId } = await consultation(ann)
      const shared = await promptOf(call, await account(), { is_shareable: true })
      for (const promptId of [await promptOf(call, ann), shared]) {
        const linked = await call('PATCH', `/api/prompts/${promptId}/add-prompt/${transcriptId}`, { token: ann.token })
        expectAnswer(linked, 200, {
          msg: 'Prompt linked to transcript successfully',
          data: {
            _id: transcriptId,
            clinician: ann.id,
            consultation: id,
            transcript_text: '',
            created_at: ISO,
            __v: 0,
            prompt_used: promptId
          }
        })
      }
    })

    test('what is missing is told in the order prompt, transcript', async () => {
      const ann = await account()
      const { transcriptId } = await consultation(ann)
      const link = (promptId: string, transcript: string) =>
        call('PATCH', `/api/prompts/${promptId}/add-prompt/${transcript}`, { token: ann.token })
      const hidden = await promptOf(call, await account())
      expectAnswer(await link(UNKNOWN, UNKNOWN), 404, MISSING)
      expectAnswer(await link(hidden, transcriptId), 404, MISSING)
      expectAnswer(await link(await promptOf(call, ann), UNKNOWN), 404, { msg: 'Transcript not found' })
    })

    test('another’s transcript', async () => {
      const { transcriptId } = await consultation(await account())
      const bob = await account()
      const path = `/api/prompts/${await promptOf(call, bob)}/add-prompt/${transcriptId}`
      expect(await outcome('prompts.link.not-owner', 'PATCH', path, { token: bob.token })).toEqual(
        intended('prompts.link.not-owner')
      )
    })

    test('malformed ids', async () => {
      const ann = await account()
      const promptId = await promptOf(call, ann)
      for (const [id, path] of [
        ['prompts.link.malformed-prompt', `/api/prompts/malformed/add-prompt/${UNKNOWN}`],
        ['prompts.link.malformed-transcript', `/api/prompts/${promptId}/add-prompt/malformed`]
      ] as const) {
        expect(await outcome(id, 'PATCH', path, { token: ann.token })).toEqual(intended(id))
      }
    })
  })

  test('a deleted prompt is gone from the lists, and cannot be deleted again', async () => {
    const ann = await account()
    const id = await promptOf(call, ann, { is_shareable: true })
    const path = `/api/prompts/${id}`
    expectAnswer(await call('DELETE', path, { token: ann.token }), 200, { msg: 'Prompt deleted successfully' })
    expect(await idsSeenBy(ann)).not.toContain(id)
    expect(await idsSeenBy(await account())).not.toContain(id)
    expectAnswer(await call('DELETE', path, { token: ann.token }), 404, MISSING)
    const { transcriptId } = await consultation(ann)
    const link = await call('PATCH', `${path}/add-prompt/${transcriptId}`, { token: ann.token })
    expectAnswer(link, 404, MISSING)
    expect(textAt(link, 'msg')).toBe(MISSING.msg)
  })
}
