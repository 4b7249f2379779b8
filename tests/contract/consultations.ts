import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { fail } from '../support/http-stub.ts'
import { answer } from '../support/openai-stub.ts'
import { textAt, valueAt } from './client.ts'
import { expectAnswer, ISO, keysOf, promptOf, UNKNOWN } from './clinical.ts'
import type { Account, Consultation, Contract } from './context.ts'

const NOT_FOUND = { msg: 'Consultation not found or invalid' }
const CODING = /clinical cod/i
const HIGHLIGHTS = [{ term: 'cough', possible_snomed: '49727002' }]

export function consultations({ call, account, consultation, note, outcome, intended, db, openai }: Contract): void {
  const stored = (name: string, id: string) =>
    db()
      .collection(name)
      .findOne({ _id: new ObjectId(id) })

  describe('POST /api/consultation/start', () => {
    test('a consultation starts with an empty transcript', async () => {
      const { id, token } = await account()
      const patient = { name: 'P', age: 42 }
      const started = await call('POST', '/api/consultation/start', { token, body: { patient_data: patient } })
      const consultationId = textAt(started, 'data', 'consultation', '_id')
      const transcriptId = textAt(started, 'data', 'transcript', '_id')
      expectAnswer(started, 200, {
        msg: 'Consultation started',
        data: {
          consultation: {
            _id: consultationId,
            clinician: id,
            patient,
            notes: [],
            status: 'active',
            started_at: ISO,
            transcript: transcriptId,
            __v: 0
          },
          transcript: {
            _id: transcriptId,
            clinician: id,
            consultation: consultationId,
            transcript_text: '',
            created_at: ISO,
            __v: 0
          }
        }
      })
      expect(await stored('consultations', consultationId)).toMatchObject({
        clinician: new ObjectId(id),
        patient,
        notes: [],
        status: 'active',
        transcript: new ObjectId(transcriptId),
        __v: 0
      })
      expect(await stored('transcripts', transcriptId)).toMatchObject({
        clinician: new ObjectId(id),
        consultation: new ObjectId(consultationId),
        transcript_text: '',
        __v: 0
      })
    })

    test('the fields of a start come in the order of the legacy', async () => {
      const { token } = await account()
      const { body } = await call('POST', '/api/consultation/start', { token, body: { patient_data: { name: 'P' } } })
      expect(keysOf(valueAt(body, 'data', 'consultation')).join()).toBe(
        'clinician,patient,notes,status,_id,started_at,__v,transcript'
      )
      expect(keysOf(valueAt(body, 'data', 'transcript')).join()).toBe(
        'clinician,consultation,transcript_text,_id,created_at,__v'
      )
    })
  })

  describe('GET /api/consultation', () => {
    test('a consultation is read expanded, alone and in the list, newest first', async () => {
      const ann = await account()
      const older = await consultation(ann)
      const { id, transcriptId } = await consultation(ann)
      const noteId = await note(ann, { id, transcriptId }, 'seen')
      const promptId = await promptOf(call, ann)
      const link = `/api/prompts/${promptId}/add-prompt/${transcriptId}`
      expect((await call('PATCH', link, { token: ann.token })).status).toBe(200)

      const clinician = { _id: ann.id, username: ann.username, email: ann.email }
      const common = { status: 'active', started_at: ISO, patient: { name: 'P' }, clinician, __v: 0 }
      const transcript = { clinician: ann.id, transcript_text: '', created_at: ISO, __v: 0 }
      const notes = [{ _id: noteId, body: 'seen', clinician }]
      const own = { ...transcript, _id: transcriptId, consultation: id }
      const prompt = { _id: promptId, prompt_name: 'n', prompt_text: 'Summarise.' }
      expectAnswer(await call('GET', `/api/consultation/${id}`, { token: ann.token }), 200, {
        consultation: { ...common, _id: id, notes, transcript: { ...own, prompt_used: prompt } }
      })
      expectAnswer(await call('GET', '/api/consultation/', { token: ann.token }), 200, {
        consultations: [
          { ...common, _id: id, notes, transcript: { ...own, prompt_used: promptId } },
          {
            ...common,
            _id: older.id,
            notes: [],
            transcript: { ...transcript, _id: older.transcriptId, consultation: older.id }
          }
        ]
      })
    })

    test('whoever has none has an empty list', async () => {
      const { token } = await account()
      expectAnswer(await call('GET', '/api/consultation', { token }), 200, { consultations: [] })
    })

    test('another’s and none are not found', async () => {
      const { id } = await consultation(await account())
      const { token } = await account()
      for (const path of [`/api/consultation/${id}`, `/api/consultation/${UNKNOWN}`]) {
        expectAnswer(await call('GET', path, { token }), 404, NOT_FOUND)
      }
    })

    test('a malformed id', async () => {
      const { token } = await account()
      expect(await outcome('consultations.get.malformed-id', 'GET', '/api/consultation/malformed', { token })).toEqual(
        intended('consultations.get.malformed-id')
      )
    })

    test('a logged out token', async () => {
      const { token } = await account()
      expect((await call('POST', '/users/logout', { token })).status).toBe(200)
      expect(await outcome('logged-out.consultations', 'GET', '/api/consultation', { token })).toEqual(
        intended('logged-out.consultations')
      )
    })
  })

  describe('POST /api/consultation/:id/end', () => {
    const end = ({ token }: Account, id: string, prompt_used: unknown = UNKNOWN) =>
      call('POST', `/api/consultation/${id}/end`, { token, body: { prompt_used } })
    const said = async ({ token }: Account, { transcriptId }: Consultation, text: string) =>
      call('POST', '/api/transcript/update-text', {
        token,
        body: { transcript_id: transcriptId, transcript_text: text }
      })
    /** Summaries and codes, told apart by the instruction. */
    const completions = (summary: string, codes: string) =>
      answer(({ json }) => (CODING.test(String(json?.messages[0]?.content)) ? codes : summary))

    test('it is summarised with the prompt, coded, stored and ended', async () => {
      const ann = await account()
      const { id, transcriptId } = await consultation(ann)
      await said(ann, { id, transcriptId }, 'A cough.')
      const promptId = await promptOf(call, ann, { prompt_text: 'Be brief.' })
      openai().behave(completions('  A summary. \n', JSON.stringify(HIGHLIGHTS)))
      const before = openai().requests.length
      const ended = await end(ann, id, promptId)
      expectAnswer(ended, 200, {
        msg: 'Consultation ended successfully',
        transcript: {
          _id: transcriptId,
          clinician: ann.id,
          consultation: id,
          transcript_text: 'A cough.',
          summary: 'A summary.',
          created_at: ISO,
          updated_at: ISO,
          __v: 0
        },
        summary: 'A summary.',
        highlights: HIGHLIGHTS
      })
      const [first, second] = openai().requests.slice(before)
      expect(first?.json?.model).toBe('gpt-4o')
      expect(first?.json?.messages).toMatchObject([
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'A cough.' }
      ])
      expect(JSON.stringify(second?.json?.messages)).toContain('A summary.')
      expect(await stored('consultations', id)).toMatchObject({ status: 'ended', ended_at: expect.any(Date) })
      expect(await stored('transcripts', transcriptId)).toMatchObject({ summary: 'A summary.' })
    })

    test.for([
      ['both completions fail', [fail(500)], 'Summary not generated', []],
      ['the codes are no JSON', [completions('S', 'I am afraid I cannot.')], 'S', []],
      ['the codes are no list', [completions('S', '"cough"')], 'S', []]
    ] as const)('%s, and it ends all the same', async ([_what, behaviours, summary, highlights]) => {
      const ann = await account()
      const { id } = await consultation(ann)
      const promptId = await promptOf(call, ann)
      openai().behave(...behaviours)
      expect(await end(ann, id, promptId)).toMatchObject({ status: 200, body: { summary, highlights } })
      openai().behave()
    })

    test.for([
      ['in a code fence', `\`\`\`json\n${JSON.stringify(HIGHLIGHTS)}\n\`\`\``],
      ['with prose around', `Here they are: ${JSON.stringify(HIGHLIGHTS)} I hope this helps.`]
    ] as const)('codes %s', async ([where, codes]) => {
      const ann = await account()
      const { id } = await consultation(ann)
      const prompt_used = await promptOf(call, ann)
      openai().behave(completions('S', codes))
      const name = where === 'in a code fence' ? 'consultations.end.fenced' : 'consultations.end.prose'
      const request = { token: ann.token, body: { prompt_used } }
      expect(await outcome(name, 'POST', `/api/consultation/${id}/end`, request)).toEqual(intended(name))
      openai().behave()
    })

    test('a shareable prompt of another’s will do', async () => {
      const ann = await account()
      const { id } = await consultation(ann)
      const promptId = await promptOf(call, await account(), { is_shareable: true })
      expect((await end(ann, id, promptId)).status).toBe(200)
    })

    test('what is missing is told in the order consultation, transcript, prompt', async () => {
      const ann = await account()
      const { id } = await consultation(ann)
      const promptId = await promptOf(call, ann)
      expectAnswer(await end(ann, UNKNOWN, promptId), 404, { msg: 'Consultation not found' })
      expectAnswer(await end(ann, id), 404, { msg: 'Prompt not found' })
      const bare = await consultation(ann)
      await db()
        .collection('transcripts')
        .deleteOne({ _id: new ObjectId(bare.transcriptId) })
      expectAnswer(await end(ann, bare.id), 404, { msg: 'Transcript not found' })
    })

    test('another’s consultation', async () => {
      const { id } = await consultation(await account())
      const bob = await account()
      const options = { token: bob.token, body: { prompt_used: await promptOf(call, bob) } }
      expect(await outcome('consultations.end.not-owner', 'POST', `/api/consultation/${id}/end`, options)).toEqual(
        intended('consultations.end.not-owner')
      )
    })

    test('another’s prompt that is not shared', async () => {
      const ann = await account()
      const { id } = await consultation(ann)
      const options = { token: ann.token, body: { prompt_used: await promptOf(call, await account()) } }
      expect(
        await outcome('consultations.end.unshared-prompt', 'POST', `/api/consultation/${id}/end`, options)
      ).toEqual(intended('consultations.end.unshared-prompt'))
    })

    test('malformed ids', async () => {
      const ann = await account()
      const { id } = await consultation(ann)
      const { token } = ann
      const body = { prompt_used: 'malformed' }
      const first = await outcome('consultations.end.malformed-id', 'POST', '/api/consultation/malformed/end', {
        token,
        body
      })
      expect(first).toEqual(intended('consultations.end.malformed-id'))
      const second = await outcome('consultations.end.malformed-prompt', 'POST', `/api/consultation/${id}/end`, {
        token,
        body
      })
      expect(second).toEqual(intended('consultations.end.malformed-prompt'))
    })
  })
}
