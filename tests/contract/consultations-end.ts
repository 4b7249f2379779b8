import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { answerWith, fail, reset } from '../support/http-stub.ts'
import { answer as completion } from '../support/openai-stub.ts'
import { expectAnswer, ISO } from './answers.ts'
import { textAt } from './client.ts'
import type { Contract } from './context.ts'
import { bsonTypes } from './documents.ts'

const UNKNOWN = new ObjectId().toHexString()
const COUGH = { term: 'Cough', possible_snomed: '49727002' }
const NO_PROMPT = { msg: 'Prompt not found' }

/** How a consultation ends. */
export function consultationsEnd(contract: Contract): void {
  const { call, account, consultation, prompt, insert, change, stored, differs, openai, db } = contract

  const end = (token: string, id: string, body?: unknown) =>
    call('POST', `/api/consultation/${id}/end`, { token, body })

  async function ready() {
    const ann = await account()
    const own = await consultation(ann)
    await change('transcripts', own.transcriptId, { transcript_text: 'It hurts.' })
    return { ann, ...own, promptId: await prompt(ann, { prompt_text: 'Be brief.' }) }
  }

  test('summarises as the prompt says, and codes the summary', async () => {
    const { ann, id, transcriptId, promptId } = await ready()
    openai().behave(completion(' In short. \n'), completion(JSON.stringify([COUGH])))
    const before = openai().requests.length
    const answer = await end(ann.token, id, { prompt_used: promptId })
    expectAnswer(answer, 200, {
      msg: 'Consultation ended successfully',
      transcript: {
        _id: transcriptId,
        clinician: ann.id,
        consultation: id,
        transcript_text: 'It hurts.',
        created_at: ISO,
        __v: 0,
        summary: 'In short.',
        updated_at: ISO
      },
      summary: 'In short.',
      highlights: [COUGH]
    })

    const asked = openai().requests.slice(before)
    expect(asked.map(({ path, headers }) => [path, headers.authorization])).toEqual(
      Array.from({ length: 2 }, () => ['/v1/chat/completions', 'Bearer a key of the tests'])
    )
    expect(asked.map(({ json }) => json)).toEqual([
      { model: 'gpt-4o', messages: chat('Be brief.', 'It hurts.') },
      { model: 'gpt-4o', messages: chat(expect.stringMatching(/clinical coding[^]*JSON array/), 'In short.') }
    ])

    const updated_at = new Date(textAt(answer, 'transcript', 'updated_at'))
    expect(await stored('transcripts', transcriptId)).toMatchObject({ summary: 'In short.', updated_at, __v: 0 })
    const ended = await stored('consultations', id)
    expect(ended).toMatchObject({ status: 'ended', ended_at: expect.any(Date), __v: 0 })
    expect(ended).not.toHaveProperty('highlights')
    expect(await bsonTypes(db(), 'transcripts', transcriptId)).toMatchObject({
      summary: 'string',
      updated_at: 'date'
    })
    expect(await bsonTypes(db(), 'consultations', id)).toMatchObject({ status: 'string', ended_at: 'date' })
  })

  test("again, with another's shareable prompt", async () => {
    const { ann, id, transcriptId, promptId } = await ready()
    await end(ann.token, id, { prompt_used: promptId })
    const shared = await prompt(await account(), { is_shareable: true, prompt_text: 'As a poem.' })
    openai().behave(completion('A poem.'), completion('[]'))
    expect((await end(ann.token, id, { prompt_used: shared })).body).toMatchObject({
      transcript: { _id: transcriptId, summary: 'A poem.' },
      summary: 'A poem.',
      highlights: []
    })
  })

  const failures = [
    ['fails', fail(400)],
    ['is cut off', reset],
    ['is no JSON', answerWith('nothing')],
    ['has no choice', answerWith({ choices: [] })]
  ] as const
  test.for(failures)('a first completion that %s', async ([, behaviour]) => {
    const { ann, id, transcriptId, promptId } = await ready()
    openai().behave(behaviour, completion(JSON.stringify([COUGH])))
    expect(await end(ann.token, id, { prompt_used: promptId })).toMatchObject({
      status: 200,
      body: {
        transcript: { summary: 'Summary not generated' },
        summary: 'Summary not generated',
        highlights: [COUGH]
      }
    })
    expect(await stored('transcripts', transcriptId)).toMatchObject({ summary: 'Summary not generated' })
    expect(await stored('consultations', id)).toMatchObject({ status: 'ended' })
  })

  test.for([
    ...failures,
    ['says nothing', completion('')],
    ['says no JSON', completion('I would rather not.')],
    ['says other JSON', completion('{"terms":5}')]
  ] as const)('a second completion that %s', async ([, behaviour]) => {
    const { ann, id, promptId } = await ready()
    openai().behave(completion('S'), behaviour)
    expect(await end(ann.token, id, { prompt_used: promptId })).toMatchObject({
      status: 200,
      body: { summary: 'S', highlights: [] }
    })
  })

  test.for([
    ['fenced-highlights', ['S', `\`\`\`json\n${JSON.stringify([COUGH])}\n\`\`\``]],
    ['odd-highlights', ['S', '[5, {"term":"Cough","possible_snomed":49727002,"more":true}, {"term":"Fever"}]']],
    ['blank-completion', [' \n', '[]']]
  ] as const)('difference %s', async ([name, completions]) => {
    const { ann, id, promptId } = await ready()
    openai().behave(...completions.map(text => completion(text)))
    const call = { token: ann.token, body: { prompt_used: promptId } }
    await differs(`consultations.end.${name}`, 'POST', `/api/consultation/${id}/end`, call)
  })

  test('none', async () => {
    const { ann, promptId } = await ready()
    for (const body of [{ prompt_used: promptId }, {}, undefined]) {
      expectAnswer(await end(ann.token, UNKNOWN, body), 404, { msg: 'Consultation not found' })
    }
  })

  test.for([{}, { transcript: null }, { transcript: new ObjectId() }])('one with %j', async fields => {
    const { ann, promptId } = await ready()
    const started = { clinician: new ObjectId(ann.id), notes: [], status: 'active', started_at: new Date(), __v: 0 }
    const id = await insert('consultations', { ...started, ...fields })
    for (const prompt_used of [promptId, UNKNOWN]) {
      expectAnswer(await end(ann.token, id, { prompt_used }), 404, { msg: 'Transcript not found' })
    }
  })

  test.for([{}, { prompt_used: null }, { prompt_used: UNKNOWN }])('without a prompt: %j', async body => {
    const { ann, id } = await ready()
    expectAnswer(await end(ann.token, id, body), 404, NO_PROMPT)
    expect(await stored('consultations', id)).toMatchObject({ status: 'active' })
  })

  test.for([
    ['no-body', undefined],
    ['malformed-prompt', { prompt_used: 'malformed' }],
    ['operator', { prompt_used: { $ne: null } }]
  ] as const)('difference %s', async ([name, body]) => {
    const { ann, id } = await ready()
    const { side } = await differs(`consultations.end.${name}`, 'POST', `/api/consultation/${id}/end`, {
      token: ann.token,
      body
    })
    if (side === 'native') expect(await stored('consultations', id)).toMatchObject({ status: 'active' })
  })

  test('a malformed id', async () => {
    const { ann, promptId } = await ready()
    await differs('consultations.end.malformed-id', 'POST', '/api/consultation/malformed/end', {
      token: ann.token,
      body: { prompt_used: promptId }
    })
  })

  test("another clinician's", async () => {
    const { ann, promptId } = await ready()
    const { id } = await consultation(await account())
    const before = openai().requests.length
    const call = { token: ann.token, body: { prompt_used: promptId } }
    const { side } = await differs('consultations.end.not-owner', 'POST', `/api/consultation/${id}/end`, call)
    if (side === 'legacy') return
    expect(await stored('consultations', id)).toMatchObject({ status: 'active' })
    expect(openai().requests).toHaveLength(before)
  })

  test("with another clinician's private prompt", async () => {
    const { ann, id } = await ready()
    const body = { prompt_used: await prompt(await account()) }
    const path = `/api/consultation/${id}/end`
    await differs('consultations.end.private-prompt', 'POST', path, { token: ann.token, body })
  })
}

function chat(system: unknown, user: string) {
  return [
    { role: 'system', content: system },
    { role: 'user', content: user }
  ]
}
