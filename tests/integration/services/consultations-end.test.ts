import { connect } from 'node:net'
import { ObjectId } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { fail, reset, stall, truncate, UPSTREAM_TEXT } from '../../support/http-stub.ts'
import { answer, type OpenAiRequest } from '../../support/openai-stub.ts'
import { type Clinic, essence, givenClinic, givenLegacy, givenPrompt, start } from './clinic.ts'
import { randomId } from './support.ts'

const MISSING = {
  consultation: { status: 404, text: '{"msg":"Consultation not found"}' },
  transcript: { status: 404, text: '{"msg":"Transcript not found"}' },
  prompt: { status: 404, text: '{"msg":"Prompt not found"}' }
}
const INVALID = { status: 422, body: { error: 'validation' } }
const HIGHLIGHT = { term: 'Asthma', possible_snomed: '195967001' }
const HIGHLIGHTS = JSON.stringify([HIGHLIGHT])

async function given() {
  const clinic = await givenClinic()
  const { call, db, ann } = clinic
  const started = await start(call, ann)
  const body = { transcript_id: started.transcript, transcript_text: 'what was said' }
  await call('POST', '/api/transcript/update-text', { token: ann.token, body })
  const prompt = await givenPrompt(db, ann)
  const end = (prompt_used: unknown = prompt, id = started.consultation, { token } = ann) =>
    call('POST', `/api/consultation/${id}/end`, { token, body: { prompt_used } })
  return { ...clinic, ...started, prompt, end, stored: () => storedOf(clinic, started) }
}

async function storedOf({ db }: Clinic, { consultation, transcript }: { consultation: string; transcript: string }) {
  return {
    consultation: await db.collection('consultations').findOne({ _id: new ObjectId(consultation) }),
    transcript: await db.collection('transcripts').findOne({ _id: new ObjectId(transcript) })
  }
}

function messagesOf({ json }: OpenAiRequest): unknown[] {
  return json?.messages.map(({ content }) => content) ?? []
}

describe('POST /api/consultation/:id/end', () => {
  it('summarises the transcript as the prompt asks, and codes the summary', async () => {
    const { end, openai, stored, ann, consultation, transcript } = await given()
    const before = await stored()
    openai.behave(answer(' A summary. \n'), answer(HIGHLIGHTS))
    const { status, body } = await end()
    expect(status).toBe(200)
    expect(body).toEqual({
      msg: 'Consultation ended successfully',
      transcript: {
        _id: transcript,
        clinician: ann.id,
        consultation,
        transcript_text: 'what was said',
        created_at: expect.any(String),
        __v: 0,
        summary: 'A summary.',
        updated_at: expect.any(String)
      },
      summary: 'A summary.',
      highlights: [HIGHLIGHT]
    })
    const [first, second, ...more] = openai.requests
    expect(more).toEqual([])
    expect(first && messagesOf(first)).toEqual(['Be brief.', 'what was said'])
    expect(second && messagesOf(second)).toEqual([expect.stringContaining('JSON array'), 'A summary.'])
    expect(first?.json?.model).toBe('gpt-4o')
    const now = new Date(Object(body).transcript.updated_at)
    expect(await stored()).toEqual({
      consultation: { ...before.consultation, status: 'ended', ended_at: now },
      transcript: { ...before.transcript, summary: 'A summary.', updated_at: now }
    })
  })

  it('answers as the legacy does, to the byte but for times, whatever OpenAI does', async () => {
    const clinic = await given()
    const { end, openai, ann, prompt, consultation } = clinic
    const legacy = await givenLegacy(clinic)
    const theirs = (id = consultation, prompt_used: unknown = prompt) =>
      legacy('POST', `/api/consultation/${id}/end`, { token: ann.token, body: { prompt_used } })
    // The first end of a consultation adds fields; the others find them there.
    await end()
    for (const behaviours of [
      [],
      [answer('S'), answer('no JSON')],
      [answer('S'), answer('"text"')],
      [answer('S'), answer('[]')],
      [answer('S'), fail(500)],
      [fail(500), answer(HIGHLIGHTS)],
      [truncate, reset]
    ]) {
      const texts: unknown[] = []
      for (const backend of [theirs, () => end()]) {
        openai.behave(...behaviours)
        const { status, text } = await backend()
        texts.push([status, text.replace(/"updated_at":"[^"]+"/, '')])
      }
      expect(texts[1]).toEqual(texts[0])
      expect(Object(texts[1])[1]).not.toContain(UPSTREAM_TEXT)
    }
    expect(essence(await end(randomId()))).toEqual(essence(await theirs(consultation, randomId())))
    expect(essence(await end(prompt, randomId()))).toEqual(essence(await theirs(randomId())))
  })

  it.each([
    ['failing', fail(500)],
    ['resetting', reset],
    ['truncated', truncate],
    ['empty', answer('')],
    ['blank', answer(' \n ')]
  ])('ends with %s completions', async (_name, behaviour) => {
    const { end, openai, stored } = await given()
    openai.behave(behaviour)
    const nothing = { summary: 'Summary not generated', highlights: [] }
    expect(await end()).toMatchObject({ status: 200, body: { ...nothing, transcript: { summary: nothing.summary } } })
    expect(await stored()).toMatchObject({
      consultation: { status: 'ended' },
      transcript: { summary: nothing.summary }
    })
  })

  it('says what is missing: consultation, transcript, prompt, and only then what is wrong', async () => {
    const { end, db, openai, bob, prompt, consultation, transcript, stored } = await given()
    const before = await stored()
    expect(await end(prompt, consultation, bob)).toMatchObject(MISSING.consultation)
    for (const id of [randomId(), 'x']) {
      expect(await end(prompt, id)).toMatchObject(MISSING.consultation)
      expect(await end({ $gt: '' }, id)).toMatchObject(MISSING.consultation)
    }
    for (const id of [randomId(), 'x', '', null, 5]) expect(await end(id)).toMatchObject(MISSING.prompt)
    const theirs = await givenPrompt(db, bob)
    const deleted = await givenPrompt(db, bob, { is_shareable: true, is_deleted: true })
    for (const id of [theirs, deleted]) expect(await end(id)).toMatchObject(MISSING.prompt)
    for (const wrong of [{ $gt: '' }, [prompt]]) expect(await end(wrong)).toMatchObject(INVALID)
    expect(await stored()).toEqual(before)

    await db.collection('transcripts').updateOne({}, { $set: { clinician: new ObjectId(bob.id) } })
    expect(await end()).toMatchObject(MISSING.transcript)
    await db.collection('transcripts').deleteOne({ _id: new ObjectId(transcript) })
    expect(await end(randomId())).toMatchObject(MISSING.transcript)
    await db.collection('consultations').updateOne({}, { $unset: { transcript: 1 } })
    expect(await end(['x'])).toMatchObject(MISSING.transcript)
    expect(openai.requests).toEqual([])
  })

  it('takes another’s shareable prompt, and one without a text', async () => {
    const { end, db, openai, bob } = await given()
    const shareable = await givenPrompt(db, bob, { is_shareable: true, prompt_text: null })
    expect(await end(shareable)).toMatchObject({ status: 200 })
    expect(openai.requests.map(messagesOf)[0]).toEqual(['', 'what was said'])
  })

  it.each([1, 2])('gives up and writes nothing when the client leaves during completion %i', async nth => {
    const { app, ann, openai, prompt, consultation, stored } = await given()
    const before = await stored()
    const stalled = stall()
    openai.behave(...(nth === 2 ? [answer('S')] : []), stalled)
    const { hostname, port } = new URL(app.listeningOrigin)
    const client = connect(Number(port), hostname)
    const body = JSON.stringify({ prompt_used: prompt })
    client.write(
      `POST /api/consultation/${consultation}/end HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${ann.token}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    )
    const request = await openai.request(nth)
    client.destroy()
    expect(await request.ended).toBe('abandoned')
    stalled.release()
    // What was under way for the client has come to its end.
    await app.close()
    expect(openai.requests).toHaveLength(nth)
    expect(await stored()).toEqual(before)
  })

  it.each(['consultation', 'transcript'] as const)('says so when the %s goes while OpenAI works', async gone => {
    const { end, db, openai } = await given()
    const stalled = stall()
    openai.behave(stalled, answer('[]'))
    const answered = end()
    await openai.request(1)
    await db.collection(`${gone}s`).deleteMany({})
    stalled.release()
    expect(await answered).toMatchObject(MISSING[gone])
  })

  it('stores one of the answers when a consultation is ended several times at once', async () => {
    const { end, openai, stored } = await given()
    openai.behave(answer(({ json }) => (JSON.stringify(json).includes('coding') ? '[]' : `summary ${randomId()}`)))
    const answers = await Promise.all(Array.from({ length: 6 }, () => end()))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const { consultation, transcript } = await stored()
    expect(answers.map(({ body }) => Object(body).summary)).toContain(transcript?.['summary'])
    expect(consultation).toMatchObject({ status: 'ended', ended_at: transcript?.['updated_at'] })
  })
})
