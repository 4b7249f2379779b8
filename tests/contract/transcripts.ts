import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { expectAnswer, ISO } from './answers.ts'
import type { Contract } from './context.ts'

const UNKNOWN = new ObjectId().toHexString()
const PATH = '/api/transcript/update-text'

export function transcripts({ call, account, consultation, change, stored, differs }: Contract): void {
  const update = (token: string, body?: unknown) => call('POST', PATH, { token, body })

  test('a text is written and read', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const text = ' „Es tut weh.“\n🫁 \u0007'
    const transcript = {
      _id: transcriptId,
      clinician: ann.id,
      consultation: id,
      transcript_text: text,
      created_at: ISO,
      __v: 0
    }
    const body = { transcript_id: transcriptId, transcript_text: text, clinician: UNKNOWN, summary: 'x', __v: 5 }
    expectAnswer(await update(ann.token, body), 200, { msg: 'Transcript updated', data: transcript })
    expectAnswer(await call('GET', `/api/transcript/${id}`, { token: ann.token }), 200, transcript)
    expect(await stored('transcripts', transcriptId)).toEqual({
      ...transcript,
      _id: new ObjectId(transcriptId),
      clinician: new ObjectId(ann.id),
      consultation: new ObjectId(id),
      created_at: expect.any(Date)
    })
  })

  test.for([
    [5, '5'],
    [true, 'true']
  ] as const)('the text %j is one', async ([transcript_text, text]) => {
    const ann = await account()
    const { transcriptId } = await consultation(ann)
    expect(await update(ann.token, { transcript_id: transcriptId, transcript_text })).toMatchObject({
      status: 200,
      body: { data: { transcript_text: text } }
    })
  })

  test('a transcript with everything is read', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const [promptId, at] = [new ObjectId(), new Date('2026-01-02T03:04:05.006Z')]
    await change('transcripts', transcriptId, { prompt_used: promptId, summary: 'S', updated_at: at })
    expectAnswer(await call('GET', `/api/transcript/${id}`, { token: ann.token }), 200, {
      _id: transcriptId,
      clinician: ann.id,
      consultation: id,
      transcript_text: '',
      created_at: ISO,
      __v: 0,
      prompt_used: promptId.toHexString(),
      summary: 'S',
      updated_at: at.toISOString()
    })
  })

  test.for([
    [],
    {},
    { transcript_id: UNKNOWN },
    { transcript_text: 'x' },
    { transcript_id: '', transcript_text: 'x' },
    { transcript_id: UNKNOWN, transcript_text: '' },
    { transcript_id: UNKNOWN, transcript_text: null },
    { transcript_id: 'malformed', transcript_text: 0 }
  ])('data are missing in %j', async body => {
    const { token } = await account()
    expectAnswer(await update(token, body), 400, { msg: 'Missing data' })
  })

  test("a text for none of the caller's", async () => {
    const [ann, bob] = [await account(), await account()]
    const { transcriptId } = await consultation(bob)
    for (const transcript_id of [UNKNOWN, transcriptId]) {
      const answer = await update(ann.token, { transcript_id, transcript_text: 'x' })
      expectAnswer(answer, 200, { msg: 'Transcript updated', data: null })
    }
    expect(await stored('transcripts', transcriptId)).toMatchObject({ transcript_text: '' })
  })

  test("none of the caller's to read", async () => {
    const [ann, bob] = [await account(), await account()]
    const { id } = await consultation(bob)
    for (const each of [UNKNOWN, id]) {
      expectAnswer(await call('GET', `/api/transcript/${each}`, { token: ann.token }), 200, null)
    }
  })

  test('a malformed id to read', async () => {
    const { token } = await account()
    const { side, answer } = await differs('transcripts.get.malformed-id', 'GET', '/api/transcript/malformed', {
      token
    })
    if (side === 'native') expect(answer?.text).toBe('null')
  })

  test('no body', async () => {
    const { token } = await account()
    await differs('transcripts.update-text.no-body', 'POST', PATH, { token })
  })

  test('a malformed id to write', async () => {
    const { token } = await account()
    const body = { transcript_id: 'malformed', transcript_text: 'x' }
    await differs('transcripts.update-text.malformed-id', 'POST', PATH, { token, body })
  })

  test('a text that is none', async () => {
    const ann = await account()
    const { transcriptId } = await consultation(ann)
    for (const transcript_text of [{}, ['said'], { $set: 'x' }]) {
      const body = { transcript_id: transcriptId, transcript_text }
      await differs('transcripts.update-text.malformed-text', 'POST', PATH, { token: ann.token, body })
    }
    expect(await stored('transcripts', transcriptId)).toMatchObject({ transcript_text: '' })
  })

  test('an operator for an id', async () => {
    const ann = await account()
    const { transcriptId } = await consultation(ann)
    const body = { transcript_id: { $ne: null }, transcript_text: 'said' }
    const { side } = await differs('transcripts.update-text.operator', 'POST', PATH, { token: ann.token, body })
    if (side === 'native') expect(await stored('transcripts', transcriptId)).toMatchObject({ transcript_text: '' })
  })
}
