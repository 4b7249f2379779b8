import { expect, onTestFinished, test, vi } from 'vitest'
import { createOpenAi, type OpenAi, OpenAiFailure, type OpenAiOptions } from '../../../services/platform/openai.ts'
import {
  answerWith,
  asUsual,
  type Behaviour,
  fail,
  rateLimit,
  reset,
  stall,
  stallInBody,
  truncate,
  UPSTREAM_TEXT
} from '../../support/http-stub.ts'
import { answer, type OpenAiStub, startOpenAiStub } from '../../support/openai-stub.ts'

const PATIENT_TEXT = 'the patient said something private'
const PROMPTING = { system: 'be brief', user: PATIENT_TEXT }
const AT_ONCE = { 'retry-after-ms': '0' }

async function start(options: OpenAiOptions = {}): Promise<{ openai: OpenAi; stub: OpenAiStub }> {
  const stub = await startOpenAiStub()
  onTestFinished(() => stub.close())
  return { stub, openai: createOpenAi({ baseUrl: stub.url, apiKey: 'a key', maxRetries: 0, ...options }) }
}

/** What a rejected promise was rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

test('a completion carries key, model, instruction and text, and its text comes back as it is', async () => {
  const { openai, stub } = await start({ chatModel: 'a-model' })
  stub.behave(answer('  an answer \n'))
  expect(await openai.complete(PROMPTING)).toBe('  an answer \n')
  const { path, headers, json } = await stub.request(1)
  expect(path).toBe('/v1/chat/completions')
  expect(headers.authorization).toBe('Bearer a key')
  expect(json).toEqual({
    model: 'a-model',
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: PATIENT_TEXT }
    ]
  })
})

test('texts and images go out as the parts that they are, to gpt-4o unless told otherwise', async () => {
  const { openai, stub } = await start()
  const user = [
    { type: 'text' as const, text: 'what is it?' },
    { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } }
  ]
  await openai.complete({ system: 'look', user })
  expect((await stub.request(1)).json).toEqual({
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: 'look' },
      { role: 'user', content: user }
    ]
  })
})

test('a transcription uploads the audio as English WebM for whisper-1', async () => {
  const { openai, stub } = await start()
  stub.behave(answer('what was said'))
  const audio = Uint8Array.from({ length: 5000 }, (_, index) => index % 256)
  expect(await openai.transcribe(audio)).toBe('what was said')
  const request = await stub.request(1)
  expect(request.path).toBe('/v1/audio/transcriptions')
  expect(request.form).toEqual({ model: 'whisper-1', language: 'en' })
  expect(request).toMatchObject({ audioName: 'audio.webm', audioType: 'audio/webm', audio: Buffer.from(audio) })
})

test('nothing of the environment says where patient text goes, and nothing is printed', async () => {
  const elsewhere = await startOpenAiStub()
  onTestFinished(() => elsewhere.close())
  vi.stubEnv('OPENAI_BASE_URL', elsewhere.url)
  vi.stubEnv('OPENAI_API_KEY', 'another key')
  vi.stubEnv('OPENAI_ADMIN_KEY', 'an admin key')
  vi.stubEnv('OPENAI_ORG_ID', 'an organisation')
  vi.stubEnv('OPENAI_PROJECT_ID', 'a project')
  vi.stubEnv('OPENAI_LOG', 'debug')
  const printed = (['debug', 'info', 'log', 'warn', 'error'] as const).map(level => vi.spyOn(console, level))
  onTestFinished(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  const { openai, stub } = await start({ maxRetries: 1 })
  stub.behave(fail(500, AT_ONCE), asUsual)
  await openai.complete(PROMPTING)
  const { headers } = await stub.request(2)
  expect(headers.authorization).toBe('Bearer a key')
  expect(Object.keys(headers).filter(name => name.startsWith('openai-'))).toEqual([])
  expect(elsewhere.requests).toEqual([])
  for (const level of printed) expect(level).not.toHaveBeenCalled()
})

test('without a key OpenAI itself is not asked, and another server is, without one of the environment', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'another key')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await failureOf(createOpenAi({}).complete(PROMPTING))).toEqual(
    new OpenAiFailure('no OpenAI key is configured')
  )
  const { stub } = await start()
  await createOpenAi({ baseUrl: stub.url }).complete(PROMPTING)
  expect((await stub.request(1)).headers.authorization).toBe('Bearer none')
})

test('a redirect is not followed, so that the text stays where it was sent', async () => {
  const elsewhere = await startOpenAiStub()
  onTestFinished(() => elsewhere.close())
  const { openai, stub } = await start()
  stub.behave(fail(307, { location: `${elsewhere.url}/chat/completions` }))
  expect(await failureOf(openai.complete(PROMPTING))).toEqual(new OpenAiFailure('OpenAI could not be reached'))
  expect(elsewhere.requests).toEqual([])
})

test.each([400, 401, 404, 413])('a %i is told by its number alone, and not tried again', async status => {
  const { openai, stub } = await start({ maxRetries: 2 })
  stub.behave(fail(status))
  const error = await failureOf(openai.complete(PROMPTING))
  expect(error).toEqual(new OpenAiFailure(`OpenAI answered ${status}`, status))
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(
    new RegExp(`${UPSTREAM_TEXT}|${PATIENT_TEXT}|a key`)
  )
  expect(stub.requests).toHaveLength(1)
})

test.each([
  ['a 500', fail(500, AT_ONCE)],
  ['a 503', fail(503, AT_ONCE)],
  ['a rate limit', rateLimit(0)]
])('%s is tried again, as often as allowed and no more', async (_name, behaviour) => {
  const { openai, stub } = await start({ maxRetries: 2 })
  stub.behave(behaviour, behaviour, answer('at last'))
  expect(await openai.complete(PROMPTING)).toBe('at last')
  expect(stub.requests).toHaveLength(3)

  stub.behave(behaviour)
  expect(await failureOf(openai.complete(PROMPTING))).toMatchObject({ message: /^OpenAI answered \d{3}$/ })
  expect(stub.requests).toHaveLength(6)
})

test('a transcription that is tried again has its whole audio again', async () => {
  const { openai, stub } = await start({ maxRetries: 1 })
  stub.behave(fail(500, AT_ONCE), answer('what was said'))
  const audio = Buffer.from('webm bytes')
  expect(await openai.transcribe(audio)).toBe('what was said')
  expect(stub.requests.map(request => request.audio)).toEqual([audio, audio])
})

test.each<[string, Behaviour]>([
  ['before its answer', stall()],
  ['in the middle of its answer', stallInBody]
])('an upstream that goes silent %s is given up after the timeout', async (_name, behaviour) => {
  const { openai, stub } = await start({ timeoutMs: 60 })
  stub.behave(behaviour)
  expect(await failureOf(openai.complete(PROMPTING))).toEqual(new OpenAiFailure('OpenAI did not answer in time'))
  expect(await (await stub.request(1)).ended).toBe('abandoned')
})

test.each<[string, Behaviour, string]>([
  ['cuts the connection', reset, 'OpenAI could not be reached'],
  ['cuts its answer', truncate, 'OpenAI answered with something that cannot be read'],
  ['answers no JSON', answerWith('{"choices":['), 'OpenAI answered with something that cannot be read'],
  ['answers something else', answerWith({ error: UPSTREAM_TEXT }), 'OpenAI answered without a text'],
  ['has no choice', answerWith({ choices: [] }), 'OpenAI answered without a text'],
  ['refuses', answerWith({ choices: [{ message: { content: null } }] }), 'OpenAI answered without a text'],
  ['never ends', answerWith({ choices: 'x'.repeat(5_000_000) }), 'OpenAI answered with something that cannot be read']
])('an upstream that %s is a failure', async (_name, behaviour, message) => {
  const { openai, stub } = await start()
  stub.behave(behaviour)
  expect(await failureOf(openai.complete(PROMPTING))).toEqual(new OpenAiFailure(message))
})

test('a transcription without a text is a failure too', async () => {
  const { openai, stub } = await start()
  stub.behave(answerWith({ words: [] }))
  const error = await failureOf(openai.transcribe(Buffer.from('a')))
  expect(error).toEqual(new OpenAiFailure('OpenAI answered without a text'))
})

test('nobody at the address is a failure', async () => {
  const { openai, stub } = await start()
  await stub.close()
  expect(await failureOf(openai.complete(PROMPTING))).toEqual(new OpenAiFailure('OpenAI could not be reached'))
  stub.close = async () => {}
})

test('an abort cancels the request that is out, for good, and passes its reason on', async () => {
  const { openai, stub } = await start({ maxRetries: 2 })
  stub.behave(stall())
  const leaving = new AbortController()
  const completing = failureOf(openai.complete(PROMPTING, leaving.signal))
  const { ended } = await stub.request(1)
  const reason = new Error('the client left')
  leaving.abort(reason)
  expect(await completing).toBe(reason)
  expect(await ended).toBe('abandoned')
  expect(stub.requests).toHaveLength(1)
})

test('an abort between two attempts ends them', async () => {
  const { openai, stub } = await start({ maxRetries: 5 })
  stub.behave(rateLimit(50))
  const leaving = new AbortController()
  const completing = failureOf(openai.complete(PROMPTING, leaving.signal))
  await (await stub.request(1)).ended
  leaving.abort()
  expect(await completing).toBe(leaving.signal.reason)
  expect(stub.requests).toHaveLength(1)
})

test('with a signal that is aborted already nothing is sent', async () => {
  const { openai, stub } = await start()
  const signal = AbortSignal.abort()
  expect(await failureOf(openai.complete(PROMPTING, signal))).toBe(signal.reason)
  expect(await failureOf(openai.transcribe(Buffer.from('a'), signal))).toBe(signal.reason)
  expect(stub.requests).toEqual([])
})

test('no more requests are out at once than allowed, and all are answered', async () => {
  const { openai, stub } = await start({ concurrency: 3 })
  const gate = stall()
  stub.behave(gate)
  const answers = Array.from({ length: 10 }, () => openai.complete(PROMPTING))
  await stub.request(3)
  gate.release()
  expect(await Promise.all(answers)).toHaveLength(10)
  expect(stub.requests).toHaveLength(10)
  expect(stub.mostAtOnce).toBe(3)
})

test('a request whose signal aborts while it waits leaves the queue and is never sent', async () => {
  const { openai, stub } = await start({ concurrency: 1 })
  const gate = stall()
  stub.behave(gate)
  const first = openai.complete({ ...PROMPTING, user: 'first' })
  await stub.request(1)
  const leaving = new AbortController()
  const second = failureOf(openai.complete({ ...PROMPTING, user: 'second' }, leaving.signal))
  const third = openai.complete({ ...PROMPTING, user: 'third' })
  leaving.abort()
  expect(await second).toBe(leaving.signal.reason)
  expect(stub.requests).toHaveLength(1)
  gate.release()
  await Promise.all([first, third])
  expect(stub.requests.map(({ json }) => json?.messages[1]?.content)).toEqual(['first', 'third'])
})

test('a failure makes room for the next', async () => {
  const { openai, stub } = await start({ concurrency: 1 })
  stub.behave(fail(400), answer('fine'))
  const [failed, fine] = await Promise.allSettled([openai.complete(PROMPTING), openai.complete(PROMPTING)])
  expect(failed.status).toBe('rejected')
  expect(fine).toEqual({ status: 'fulfilled', value: 'fine' })
})
