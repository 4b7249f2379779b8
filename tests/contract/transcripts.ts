import { expect, test } from 'vitest'
import { expectAnswer, ISO, UNKNOWN } from './clinical.ts'
import type { Contract } from './context.ts'

const UPDATE = '/api/transcript/update-text'

export function transcripts({ call, account, consultation, outcome, intended }: Contract): void {
  test('a transcript is written and read', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const transcript = {
      _id: transcriptId,
      clinician: ann.id,
      consultation: id,
      transcript_text: 'Hüsten 🫁',
      created_at: ISO,
      __v: 0
    }
    const body = { transcript_id: transcriptId, transcript_text: 'Hüsten 🫁', clinician: UNKNOWN, summary: 'no' }
    const written = await call('POST', UPDATE, { token: ann.token, body })
    expectAnswer(written, 200, { msg: 'Transcript updated', data: transcript })
    expectAnswer(await call('GET', `/api/transcript/${id}`, { token: ann.token }), 200, transcript)
  })

  test.for([{}, { transcript_id: UNKNOWN }, { transcript_text: 'x' }, { transcript_id: '', transcript_text: '' }])(
    'an update %o has not enough',
    async body => {
      const { token } = await account()
      expectAnswer(await call('POST', UPDATE, { token, body }), 400, { msg: 'Missing data' })
    }
  )

  test('another’s and none are null, and stay as they are', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const { token } = await account()
    for (const transcript_id of [transcriptId, UNKNOWN]) {
      const body = { transcript_id, transcript_text: 'x' }
      expectAnswer(await call('POST', UPDATE, { token, body }), 200, { msg: 'Transcript updated', data: null })
    }
    for (const path of [`/api/transcript/${id}`, `/api/transcript/${UNKNOWN}`]) {
      const answer = await call('GET', path, { token })
      expectAnswer(answer, 200, null)
      expect(answer.text).toBe('null')
    }
    expect(await call('GET', `/api/transcript/${id}`, { token: ann.token })).toMatchObject({
      body: { transcript_text: '' }
    })
  })

  test('malformed ids', async () => {
    const { token } = await account()
    const body = { transcript_id: 'malformed', transcript_text: 'x' }
    expect(await outcome('transcripts.update.malformed-id', 'POST', UPDATE, { token, body })).toEqual(
      intended('transcripts.update.malformed-id')
    )
    expect(await outcome('transcripts.get.malformed-id', 'GET', '/api/transcript/malformed', { token })).toEqual(
      intended('transcripts.get.malformed-id')
    )
  })

  test('a text that is none', async () => {
    const ann = await account()
    const { transcriptId } = await consultation(ann)
    const body = { transcript_id: transcriptId, transcript_text: { $gt: '' } }
    expect(await outcome('transcripts.update.malformed-text', 'POST', UPDATE, { token: ann.token, body })).toEqual(
      intended('transcripts.update.malformed-text')
    )
  })
}
