import { once } from 'node:events'
import { connect } from 'node:net'
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { type Db, ObjectId } from 'mongodb'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { ai } from '../../../services/ai/index.ts'
import { type PlatformOptions, platform } from '../../../services/index.ts'
import { asUsual, fail, stall, truncate, UPSTREAM_TEXT } from '../../support/http-stub.ts'
import { startLegacy } from '../../support/legacy.ts'
import { NHS_CREDENTIALS, startNhsStub } from '../../support/nhs-stub.ts'
import { answer, startOpenAiStub } from '../../support/openai-stub.ts'
import { caller, givenUser, JWT_SECRET, randomId, startNative } from './support.ts'

const CONSULTATION_MISSING = { status: 404, body: { msg: 'Consultation not found' } }
const TRANSCRIPTS_MISSING = { status: 404, body: { msg: 'No transcripts found for this consultation' } }
const INVALID = { status: 422, body: { error: 'validation' } }

async function given(serve?: (options: PlatformOptions) => FastifyInstance) {
  const [openai, nhs] = await Promise.all([startOpenAiStub(), startNhsStub()])
  onTestFinished(async () => {
    await Promise.all([openai.close(), nhs.close()])
  })
  const native = await startNative({
    ...(serve && { serve }),
    openai: { baseUrl: openai.url, apiKey: 'a key', maxRetries: 0, concurrency: 1 },
    terminology: { baseUrl: nhs.url, ...NHS_CREDENTIALS }
  })
  const [ann, bob] = [await givenUser(native.db), await givenUser(native.db)]
  return { ...native, openai, nhs, ann, bob }
}

async function givenConsultation(db: Db, clinician: string, text = 'what was said') {
  const [consultation, transcript] = [new ObjectId(), new ObjectId()]
  const owner = new ObjectId(clinician)
  const time = new Date('2026-01-02T03:04:05.678Z')
  await db.collection('consultations').insertOne({
    _id: consultation,
    clinician: owner,
    patient: { name: 'P' },
    notes: [],
    status: 'active',
    started_at: time,
    __v: 0,
    transcript
  })
  await db.collection('transcripts').insertOne({
    _id: transcript,
    clinician: owner,
    consultation,
    transcript_text: text,
    created_at: time,
    __v: 0
  })
  return { id: consultation.toHexString(), transcript }
}

async function givenPrompt(db: Db, clinician: string, fields: object = {}): Promise<string> {
  const { insertedId } = await db.collection('prompts').insertOne({
    prompt_name: 'name',
    prompt_text: `the prompt of ${clinician}`,
    is_shareable: false,
    is_deleted: false,
    clinician: new ObjectId(clinician),
    transcript_ids: [],
    created_at: new Date(),
    __v: 0,
    ...fields
  })
  return insertedId.toHexString()
}

describe('POST /api/ai/search', () => {
  it('answers the query of the query string', async () => {
    const { call, openai, ann } = await given()
    openai.behave(answer('Rest.'))
    const found = await call('POST', '/api/ai/search?query=what%20helps%3F', { token: ann.token })
    expect(found).toMatchObject({ status: 200, body: { query: 'what helps?', answer: 'Rest.' } })
    const messages = (await openai.request(1)).json?.messages
    expect(messages?.[0]).toEqual({
      role: 'system',
      content: expect.stringMatching(/concise, safe and factual medical information[^]*no personal diagnosis/)
    })
    expect(messages?.[1]).toEqual({ role: 'user', content: 'what helps?' })
  })

  it.each(['', '?query=', '?other=x'])('needs a query: %s', async search => {
    const { call, openai, ann } = await given()
    const refused = await call('POST', `/api/ai/search${search}`, { token: ann.token, body: { query: 'in the body' } })
    expect(refused).toMatchObject({ status: 400, body: { error: 'Query is required' } })
    expect(openai.requests).toEqual([])
  })

  it('refuses two queries', async () => {
    const { call, ann } = await given()
    expect(await call('POST', '/api/ai/search?query=a&query=b', { token: ann.token })).toMatchObject(INVALID)
  })

  it.each([
    ['500', fail(500), 'OpenAI answered 500'],
    ['cut off', truncate, 'OpenAI answered with something that cannot be read']
  ])('says that OpenAI failed, and nothing of what it wrote: %s', async (_name, behaviour, msg) => {
    const { call, openai, ann } = await given()
    openai.behave(behaviour)
    const failed = await call('POST', '/api/ai/search?query=private', { token: ann.token })
    expect(failed.status).toBe(500)
    expect(failed.text).toBe(JSON.stringify({ error: 'Something went wrong', msg }))
  })
})

describe('GET /api/ai/search/clinicalcodes', () => {
  it('answers with the first match, once', async () => {
    const { call, ann } = await given()
    const found = await call('GET', '/api/ai/search/clinicalcodes?name=asthma', { token: ann.token })
    expect(found.status).toBe(200)
    expect(found.text).toBe('{"name":"Asthma","code":"195967001","url":"http://snomed.info/sct"}')
  })

  it('answers 404 without a match, and asks nobody about nothing', async () => {
    const { call, nhs, ann } = await given()
    for (const search of ['?name=xyzzy', '?name=%20', '?name=', '']) {
      const found = await call('GET', `/api/ai/search/clinicalcodes${search}`, { token: ann.token })
      expect(found).toMatchObject({ status: 404, body: { msg: 'No clinical code found' } })
    }
    expect(nhs.search.requests).toHaveLength(1)
  })

  it('answers 502 when the server fails, and repeats nothing of it', async () => {
    const { call, nhs, ann } = await given()
    nhs.search.behave(fail(500), asUsual)
    const path = '/api/ai/search/clinicalcodes?name=asthma'
    const failed = await call('GET', path, { token: ann.token })
    expect(failed.status).toBe(502)
    expect(failed.text).toBe('{"msg":"Terminology server unavailable"}')
    expect((await call('GET', path, { token: ann.token })).status).toBe(200)
  })

  it('refuses two names', async () => {
    const { call, ann } = await given()
    const refused = await call('GET', '/api/ai/search/clinicalcodes?name=a&name=b', { token: ann.token })
    expect(refused).toMatchObject(INVALID)
  })
})

describe('POST /api/ai/:consultationId/summarise', () => {
  it('summarises the transcript, stores the summary and says so; the legacy still reads the consultation', async () => {
    const { call, db, uri, openai, ann } = await given()
    const { id } = await givenConsultation(db, ann.id)
    openai.behave(answer('S: …\nO: …'))
    const before = Date.now()
    const summarised = await call('POST', `/api/ai/${id}/summarise`, { token: ann.token, body: {} })
    expect(summarised.status).toBe(200)
    expect(summarised.text).toBe(
      JSON.stringify({
        msg: 'SOAP summary generated successfully',
        consultationId: id,
        soapSummary: 'S: …\nO: …'
      })
    )
    expect((await openai.request(1)).json?.messages).toEqual([
      { role: 'system', content: expect.stringContaining('SOAP') },
      { role: 'user', content: 'what was said' }
    ])
    const stored = await db.collection('consultations').findOne({ _id: new ObjectId(id) })
    expect(stored).toMatchObject({ soapSummary: 'S: …\nO: …', status: 'active', __v: 0 })
    expect(stored?.['lastSummarizedAt'].getTime()).toBeGreaterThanOrEqual(before)

    const standIn = await startLegacy({ mongodbUri: uri, jwtSecret: JWT_SECRET })
    onTestFinished(() => standIn.stop())
    const read = await caller(standIn.url)('GET', `/api/consultation/${id}`, { token: ann.token })
    expect(read).toMatchObject({
      status: 200,
      body: { consultation: { _id: id, soapSummary: 'S: …\nO: …', transcript: { transcript_text: 'what was said' } } }
    })
  })

  it('uses an own or a shareable prompt, and its own instruction instead of any other', async () => {
    const { call, db, openai, ann, bob } = await given()
    const { id } = await givenConsultation(db, ann.id)
    const prompts = {
      own: await givenPrompt(db, ann.id),
      shareable: await givenPrompt(db, bob.id, { is_shareable: true }),
      private: await givenPrompt(db, bob.id),
      deleted: await givenPrompt(db, ann.id, { is_deleted: true }),
      cleared: await givenPrompt(db, ann.id, { prompt_text: null }),
      unknown: randomId(),
      malformed: 'zz',
      none: null
    }
    const used: Record<string, unknown> = {}
    for (const [name, usedPrompt] of Object.entries(prompts)) {
      const { status } = await call('POST', `/api/ai/${id}/summarise`, { token: ann.token, body: { usedPrompt } })
      expect(status).toBe(200)
      used[name] = openai.requests.at(-1)?.json?.messages[0]?.content
    }
    const plain = expect.stringContaining('clinical scribe')
    expect(used).toEqual({
      own: `the prompt of ${ann.id}`,
      shareable: `the prompt of ${bob.id}`,
      private: plain,
      deleted: plain,
      cleared: plain,
      unknown: plain,
      malformed: plain,
      none: plain
    })
  })

  it('needs no body', async () => {
    const { call, db, ann } = await given()
    const { id } = await givenConsultation(db, ann.id)
    expect((await call('POST', `/api/ai/${id}/summarise`, { token: ann.token })).status).toBe(200)
  })

  it("answers 404 for another's consultation, an unknown and a malformed one, and sends nothing out", async () => {
    const { call, db, openai, ann, bob } = await given()
    const { id } = await givenConsultation(db, bob.id)
    for (const each of [id, randomId(), 'zz']) {
      const refused = await call('POST', `/api/ai/${each}/summarise`, { token: ann.token, body: {} })
      expect(refused).toMatchObject(CONSULTATION_MISSING)
    }
    expect(openai.requests).toEqual([])
  })

  it('answers 404 for a consultation whose transcript is not there', async () => {
    const { call, db, ann } = await given()
    const [gone, never] = [await givenConsultation(db, ann.id), await givenConsultation(db, ann.id)]
    await db.collection('transcripts').deleteOne({ _id: gone.transcript })
    await db.collection('consultations').updateOne({ _id: new ObjectId(never.id) }, { $unset: { transcript: 1 } })
    for (const { id } of [gone, never]) {
      const refused = await call('POST', `/api/ai/${id}/summarise`, { token: ann.token, body: {} })
      expect(refused).toMatchObject(TRANSCRIPTS_MISSING)
    }
  })

  it('answers 404 when the consultation goes while OpenAI works', async () => {
    const { call, db, openai, ann } = await given()
    const { id } = await givenConsultation(db, ann.id)
    const gate = stall()
    openai.behave(gate)
    const summarising = call('POST', `/api/ai/${id}/summarise`, { token: ann.token, body: {} })
    await openai.request(1)
    await db.collection('consultations').deleteOne({ _id: new ObjectId(id) })
    gate.release()
    expect(await summarising).toMatchObject(CONSULTATION_MISSING)
  })

  it('stores nothing when OpenAI fails, and says nothing of its words', async () => {
    const { call, db, openai, ann } = await given()
    const { id } = await givenConsultation(db, ann.id)
    openai.behave(fail(503))
    const failed = await call('POST', `/api/ai/${id}/summarise`, { token: ann.token, body: {} })
    expect(failed.status).toBe(500)
    expect(failed.text).toBe('{"msg":"Error generating SOAP summary","error":"OpenAI answered 503"}')
    const stored = await db.collection('consultations').findOne({ _id: new ObjectId(id) })
    expect(stored).not.toHaveProperty('soapSummary')
    expect(stored).not.toHaveProperty('lastSummarizedAt')
  })

  it.each([{ usedPrompt: { $gt: '' } }, { usedPrompt: [] }, []])('refuses %j', async body => {
    const { call, openai, ann } = await given()
    expect(await call('POST', `/api/ai/${randomId()}/summarise`, { token: ann.token, body })).toMatchObject(INVALID)
    expect(openai.requests).toEqual([])
  })
})

describe('POST /api/ai/analyze', () => {
  it('asks about the images that it can name, in their order, and drops the others', async () => {
    const { call, openai, ann } = await given()
    openai.behave(answer('## Findings'))
    const images = [
      'https://example.org/a.png',
      'http://169.254.169.254/latest/meta-data',
      'data:image/webp;base64,AAAA',
      'iVBORw0KGgo=',
      'base64:image/jpeg:/9j/4AAQ',
      'data:text/html;base64,AAAA',
      'ftp://example.org/a.png',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'not base64!',
      '',
      5,
      null,
      { url: 'https://example.org/b.png' },
      ['https://example.org/c.png']
    ]
    const analysed = await call('POST', '/api/ai/analyze', {
      token: ann.token,
      body: { prompt: 'What is it?', images }
    })
    expect(analysed.status).toBe(200)
    expect(analysed.text).toBe('{"status":"ok","response":"## Findings"}')
    const [system, user] = (await openai.request(1)).json?.messages ?? []
    expect(system).toEqual({ role: 'system', content: expect.stringContaining('UK') })
    expect(user?.content).toEqual([
      { type: 'text', text: 'What is it?' },
      ...[
        'https://example.org/a.png',
        'http://169.254.169.254/latest/meta-data',
        'data:image/webp;base64,AAAA',
        'data:image/png;base64,iVBORw0KGgo=',
        'data:image/jpeg;base64,/9j/4AAQ'
      ].map(url => ({ type: 'image_url', image_url: { url } }))
    ])
    expect(openai.requests).toHaveLength(1)
  })

  it.each([undefined, {}, { prompt: null, images: [] }])('has a prompt of its own: %j', async body => {
    const { call, openai, ann } = await given()
    expect((await call('POST', '/api/ai/analyze', { token: ann.token, body })).status).toBe(200)
    expect((await openai.request(1)).json?.messages[1]?.content).toEqual([
      { type: 'text', text: 'Explain this image !' }
    ])
  })

  it('takes an image of several megabytes', async () => {
    const { call, openai, ann } = await given()
    const image = Buffer.alloc(6_000_000, 7).toString('base64')
    const analysed = await call('POST', '/api/ai/analyze', { token: ann.token, body: { images: [image] } })
    expect(analysed.status).toBe(200)
    expect((await openai.request(1)).bytes.length).toBeGreaterThan(8_000_000)
  })

  it.each([
    [413, 413],
    [400, 500],
    [500, 500]
  ])('answers OpenAI’s %i with %i', async (theirs, ours) => {
    const { call, openai, ann } = await given()
    openai.behave(fail(theirs))
    const failed = await call('POST', '/api/ai/analyze', { token: ann.token, body: { images: ['AAAA'] } })
    expect(failed.status).toBe(ours)
    expect(failed.text).toBe(
      JSON.stringify({
        status: 'error',
        error: { name: 'UpstreamError', type: 'upstream_error', message: `OpenAI answered ${theirs}` }
      })
    )
    expect(failed.text).not.toContain(UPSTREAM_TEXT)
  })

  it.each([{ images: 'https://example.org/a.png' }, { images: {} }, { images: null }, { prompt: [] }, []])(
    'refuses %j',
    async body => {
      const { call, openai, ann } = await given()
      expect(await call('POST', '/api/ai/analyze', { token: ann.token, body })).toMatchObject(INVALID)
      expect(openai.requests).toEqual([])
    }
  )
})

const id = '0'.repeat(24)
test.each([
  ['POST', '/api/ai/search?query=x'],
  ['GET', '/api/ai/search/clinicalcodes?name=x'],
  ['POST', `/api/ai/${id}/summarise`],
  ['POST', '/api/ai/analyze']
] as const)('%s %s answers 401 without a token', async (method, path) => {
  const { call, openai, nhs } = await given()
  expect(await call(method, path)).toMatchObject({ status: 401, body: { msg: 'Please login, no token provided' } })
  expect([...openai.requests, ...nhs.token.requests]).toEqual([])
})

/** Sends a POST, and leaves when told. */
async function visit(app: { listeningOrigin: string }, path: string, token: string) {
  const { port, hostname } = new URL(app.listeningOrigin)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n`
  socket.write(`${head}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`)
  return { leave: () => socket.destroy() }
}

describe('a client that leaves', () => {
  it('cancels its request to OpenAI, and stores nothing', async () => {
    const { app, db, openai, ann } = await given()
    const consultation = await givenConsultation(db, ann.id)
    for (const path of ['/api/ai/search?query=x', '/api/ai/analyze', `/api/ai/${consultation.id}/summarise`]) {
      openai.behave(stall())
      const { leave } = await visit(app, path, ann.token)
      const { ended } = await openai.request(openai.requests.length + 1)
      leave()
      expect(await ended).toBe('abandoned')
    }
    const stored = await db.collection('consultations').findOne({ _id: new ObjectId(consultation.id) })
    expect(stored).not.toHaveProperty('soapSummary')
  })

  it('gives its place in the queue to the next', async () => {
    const { app, call, openai, ann } = await given()
    openai.behave(stall(), answer('next'))
    const first = await visit(app, '/api/ai/analyze', ann.token)
    await openai.request(1)
    const second = call('POST', '/api/ai/search?query=second', { token: ann.token })
    first.leave()
    expect(await second).toMatchObject({ status: 200, body: { answer: 'next' } })
  })
})

test('what a client sends, and what OpenAI answers, is in no log', async () => {
  const lines: string[] = []
  const { call, openai, nhs, ann } = await given(options => {
    const loggerInstance: FastifyBaseLogger = pino({}, { write: line => void lines.push(line) })
    const app = fastify({ loggerInstance })
    app.register(platform, options)
    app.register(ai)
    return app
  })
  openai.behave(fail(500))
  nhs.token.behave(fail(500))
  await call('POST', '/api/ai/search?query=secret-question', { token: ann.token })
  await call('GET', '/api/ai/search/clinicalcodes?name=secret-name', { token: ann.token })
  const failures = lines.filter(line => line.includes('an upstream failed'))
  expect(failures).toHaveLength(2)
  expect(failures.join('\n')).toMatch(/OpenAI answered 500[^]*terminology server answered 500/)
  expect(failures.join('\n')).not.toMatch(new RegExp(`secret|${UPSTREAM_TEXT}`))
})
