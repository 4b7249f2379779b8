import { ObjectId } from 'mongodb'
import { expect, test } from 'vitest'
import { textAt } from './client.ts'
import type { Contract } from './context.ts'

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const ID = expect.stringMatching(/^[0-9a-f]{24}$/)
const UNKNOWN = new ObjectId().toHexString()

/** The usual way through the routes that only the legacy serves. */
export function rest({ call, account, consultation, note }: Contract): void {
  test('GET / welcomes', async () => {
    const answer = await call('GET', '/')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ msg: 'welcome to the server' })
  })

  test('a consultation starts with an empty transcript', async () => {
    const { id, token } = await account()
    const patient = { name: 'P', age: 42 }
    const answer = await call('POST', '/api/consultation/start', { token, body: { patient_data: patient } })
    expect(answer.status).toBe(200)
    const consultationId = textAt(answer, 'data', 'consultation', '_id')
    const transcriptId = textAt(answer, 'data', 'transcript', '_id')
    expect(answer.body).toEqual({
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
  })

  test('a consultation is read expanded, alone and in the list', async () => {
    const ann = await account()
    const older = await consultation(ann)
    const { id, transcriptId } = await consultation(ann)
    const noteId = await note(ann, { id, transcriptId }, 'seen')
    const created = await call('POST', '/api/prompts', {
      token: ann.token,
      body: { prompt_name: 'n', prompt_text: 't' }
    })
    const promptId = textAt(created, 'data', '_id')
    const link = `/api/prompts/${promptId}/add-prompt/${transcriptId}`
    expect((await call('PATCH', link, { token: ann.token })).status).toBe(200)

    const clinician = { _id: ann.id, username: ann.username, email: ann.email }
    const expanded = { _id: id, clinician, notes: [{ _id: noteId, body: 'seen', clinician }], status: 'active', __v: 0 }
    const prompt = { _id: promptId, prompt_name: 'n', prompt_text: 't' }
    expect(await call('GET', `/api/consultation/${id}`, { token: ann.token })).toMatchObject({
      status: 200,
      body: { consultation: { ...expanded, transcript: { _id: transcriptId, prompt_used: prompt } } }
    })
    expect(await call('GET', '/api/consultation/', { token: ann.token })).toMatchObject({
      status: 200,
      body: {
        consultations: [
          { ...expanded, transcript: { _id: transcriptId, prompt_used: promptId } },
          { _id: older.id, notes: [] }
        ]
      }
    })
  })

  test('a consultation that is not the caller’s, or malformed', async () => {
    const { token } = await account()
    const unknown = await call('GET', `/api/consultation/${UNKNOWN}`, { token })
    expect(unknown).toMatchObject({ status: 404, body: { msg: 'Consultation not found or invalid' } })
    const malformed = await call('GET', '/api/consultation/malformed', { token })
    expect(malformed).toMatchObject({ status: 500, body: { msg: expect.stringMatching(/^Error /) } })
  })

  test('a consultation ends, also when OpenAI is away', async () => {
    const ann = await account()
    const { id, transcriptId } = await consultation(ann)
    const body = { prompt_name: 'n', prompt_text: 't', is_shareable: true }
    const promptId = textAt(await call('POST', '/api/prompts', { token: ann.token, body }), 'data', '_id')
    const end = (consultationId: string, prompt_used: string) =>
      call('POST', `/api/consultation/${consultationId}/end`, { token: ann.token, body: { prompt_used } })
    expect(await end(UNKNOWN, promptId)).toMatchObject({ status: 404, body: { msg: 'Consultation not found' } })
    expect(await end(id, UNKNOWN)).toMatchObject({ status: 404, body: { msg: 'Prompt not found' } })
    expect(await end(id, promptId)).toMatchObject({
      status: 200,
      body: {
        msg: 'Consultation ended successfully',
        transcript: { _id: transcriptId, summary: 'Summary not generated', updated_at: ISO },
        summary: 'Summary not generated',
        highlights: []
      }
    })
  })

  test('a transcript is written and read', async () => {
    const { id: clinician, token, ...ann } = await account()
    const { id, transcriptId } = await consultation({ id: clinician, token, ...ann })
    const write = (body: object) => call('POST', '/api/transcript/update-text', { token, body })
    const transcript = {
      _id: transcriptId,
      clinician,
      consultation: id,
      transcript_text: 'said',
      created_at: ISO,
      __v: 0
    }
    const written = await write({ transcript_id: transcriptId, transcript_text: 'said' })
    expect(written.status).toBe(200)
    expect(written.body).toEqual({ msg: 'Transcript updated', data: transcript })
    expect((await call('GET', `/api/transcript/${id}`, { token })).body).toEqual(transcript)
    expect(await write({})).toMatchObject({ status: 400, body: { msg: 'Missing data' } })
    expect(await write({ transcript_id: UNKNOWN, transcript_text: 'x' })).toMatchObject({ body: { data: null } })
    expect(await write({ transcript_id: 'malformed', transcript_text: 'x' })).toMatchObject({
      status: 500,
      body: { msg: 'Internal server error' }
    })
    expect(await call('GET', `/api/transcript/${UNKNOWN}`, { token })).toMatchObject({ status: 200, body: null })
  })

  test('a prompt is created, listed, changed, and deleted', async () => {
    const { id: clinician, token } = await account()
    const created = await call('POST', '/api/prompts/', { token, body: { prompt_name: 'n', prompt_text: 't' } })
    const prompt = {
      _id: ID,
      prompt_name: 'n',
      prompt_text: 't',
      is_shareable: false,
      is_deleted: false,
      clinician,
      transcript_ids: [],
      created_at: ISO,
      __v: 0
    }
    expect(created.status).toBe(201)
    expect(created.body).toEqual({ msg: 'Prompt created successfully', data: prompt })

    const path = `/api/prompts/${textAt(created, 'data', '_id')}`
    const changed = await call('PATCH', path, { token, body: { prompt_name: 'm' } })
    expect(changed.body).toEqual({ msg: 'Prompt updated', data: { ...prompt, prompt_name: 'm', updated_at: ISO } })
    const mine = async () => JSON.stringify((await call('GET', '/api/prompts', { token })).body)
    expect(await mine()).toContain(textAt(created, 'data', '_id'))
    const missing = { status: 404, body: { msg: 'Prompt not found or not accessible' } }
    expect(await call('DELETE', path, { token })).toMatchObject({
      status: 200,
      body: { msg: 'Prompt deleted successfully' }
    })
    expect(await mine()).not.toContain(textAt(created, 'data', '_id'))
    expect(await call('DELETE', path, { token })).toMatchObject(missing)
    expect(await call('PATCH', path, { token, body: {} })).toMatchObject(missing)
    const invalid = await call('POST', '/api/prompts', { token, body: {} })
    expect(invalid).toMatchObject({ status: 500, body: { error: 'Internal Server Error' } })
  })

  test('a search needs a query', async () => {
    const { token } = await account()
    const answer = await call('POST', '/api/ai/search', { token })
    expect(answer).toMatchObject({ status: 400, body: { error: 'Query is required' } })
  })
}
