import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { fail, reset } from '../support/http-stub.ts'
import { answer as completion } from '../support/openai-stub.ts'
import { expectAnswer } from './answers.ts'
import type { Contract } from './context.ts'

const UNKNOWN = new ObjectId().toHexString()
const SEARCH = '/api/ai/search'
const CODES = '/api/ai/search/clinicalcodes'
const ANALYZE = '/api/ai/analyze'
const VALUE_SET = 'http://snomed.info/sct/83821000000107/version/20240508?fhir_vs=isa/138875005'
const TOKEN_PATH = '/authorisation/auth/realms/nhs-digital-terminology/protocol/openid-connect/token'

export function ai(contract: Contract): void {
  const { call, account, consultation, prompt, insert, change, stored, differs, storedDiffers, openai, nhs } = contract

  /** What OpenAI is asked while `act` lasts. */
  async function asked(act: () => Promise<unknown>): Promise<unknown[]> {
    const before = openai().requests.length
    await act()
    return openai()
      .requests.slice(before)
      .map(({ json }) => json)
  }

  describe('search', () => {
    test.for(['headache', ' a&b "c" 🫁 '])('for %j', async query => {
      const { token } = await account()
      openai().behave(completion(' An answer.\n'))
      const chats = await asked(async () => {
        const path = `${SEARCH}?${new URLSearchParams({ query }).toString()}`
        expectAnswer(await call('POST', path, { token }), 200, { query, answer: ' An answer.\n' })
      })
      expect(chats).toEqual([
        {
          model: 'gpt-4o',
          messages: [
            { role: 'system', content: expect.stringMatching(/concise, safe and factual[^]*no personal diagnosis/) },
            { role: 'user', content: query }
          ]
        }
      ])
    })

    test.for(['', '?query=', '?other=headache'])('for nothing: %s', async query => {
      const { token } = await account()
      const chats = await asked(async () => {
        const answer = await call('POST', `${SEARCH}${query}`, { token, body: { query: 'headache' } })
        expectAnswer(answer, 400, { error: 'Query is required' })
      })
      expect(chats).toEqual([])
    })

    test('when OpenAI fails', async () => {
      const { token } = await account()
      openai().behave(fail(400))
      const answer = await call('POST', `${SEARCH}?query=headache`, { token })
      expectAnswer(answer, 500, { error: 'Something went wrong', msg: 'OpenAI answered 400' })
    })

    test('when OpenAI cannot be reached', async () => {
      const { token } = await account()
      openai().behave(reset)
      await differs('ai.search.unreachable', 'POST', `${SEARCH}?query=headache`, { token })
    })

    test('for two queries', async () => {
      const { token } = await account()
      await differs('ai.search.repeated', 'POST', `${SEARCH}?query=fever&query=cough`, { token })
    })
  })

  describe('clinical codes', () => {
    test.for([
      ['Headache', 'Headache', '25064002'],
      ['asthma', 'Asthma', '195967001'],
      ['diabetes mellitus', 'Diabetes mellitus', '73211009']
    ] as const)('the first match of %s', async ([name, display, code]) => {
      const { token } = await account()
      const before = nhs().search.requests.length
      const answer = await call('GET', `${CODES}?${new URLSearchParams({ name }).toString()}`, { token })
      expectAnswer(answer, 200, { name: display, code, url: 'http://snomed.info/sct' })
      // Native remembers what it has found before.
      for (const { query, headers } of nhs().search.requests.slice(before)) {
        expect(Object.fromEntries(query)).toEqual({ url: VALUE_SET, filter: name, count: '10' })
        expect(headers.authorization).toMatch(/^Bearer ./)
      }
      expect((await nhs().search.request(1)).query.get('count')).toBe('10')
      const { path, bytes } = await nhs().token.request(1)
      expect(path).toBe(TOKEN_PATH)
      expect(Object.fromEntries(new URLSearchParams(String(bytes)))).toEqual({
        grant_type: 'client_credentials',
        client_id: 'stub-client',
        client_secret: 'stub-secret'
      })
    })

    test.for([
      ['no-match', '?name=nothing'],
      ['no-name', ''],
      ['no-name', '?name='],
      ['repeated', '?name=migraine&name=migraine']
    ] as const)('difference %s: %s', async ([name, query]) => {
      const { token } = await account()
      await differs(`ai.clinical-codes.${name}`, 'GET', `${CODES}${query}`, { token })
    })

    test.for([
      ['search-fails', fail(500)],
      ['unreachable', reset]
    ] as const)('difference %s', async ([name, behaviour]) => {
      const { token } = await account()
      nhs().search.behave(behaviour)
      await differs(`ai.clinical-codes.${name}`, 'GET', `${CODES}?name=migraine ${name}`.replace(' ', '%20'), { token })
    })
  })

  describe('summarise', () => {
    async function ready() {
      const ann = await account()
      const own = await consultation(ann)
      await change('transcripts', own.transcriptId, { transcript_text: 'It hurts.' })
      return { ann, ...own, path: `/api/ai/${own.id}/summarise` }
    }

    test("the caller's consultation", async () => {
      const { ann, id, path } = await ready()
      const before = await stored('consultations', id)
      openai().behave(completion('S, O, A, P.'))
      const { side, answer } = await differs('ai.summarise.own', 'POST', path, { token: ann.token })
      if (answer === undefined) throw new Error('expected an answer')
      const after = await stored('consultations', id)
      const added = Object.keys(after ?? {}).filter(name => !(name in (before ?? {})))
      storedDiffers('ai.summarise.stored', answer, added)
      if (side === 'legacy') return
      expectAnswer(answer, 200, {
        msg: 'SOAP summary generated successfully',
        consultationId: id,
        soapSummary: 'S, O, A, P.'
      })
      expect(after).toEqual({ ...before, soapSummary: 'S, O, A, P.', lastSummarizedAt: expect.any(Date) })
    })

    test('with a prompt, and without one', async () => {
      const { ann, path } = await ready()
      const bob = await account()
      const own = await prompt(ann, { prompt_text: 'As a poem.' })
      const shared = await prompt(bob, { prompt_text: 'As a joke.', is_shareable: true })
      const SOAP = expect.stringMatching(/SOAP/)
      for (const [body, system] of [
        [{ usedPrompt: own }, 'As a poem.'],
        [{ usedPrompt: shared }, 'As a joke.'],
        [undefined, SOAP],
        [{}, SOAP],
        [{ usedPrompt: null }, SOAP],
        [{ usedPrompt: await prompt(bob) }, SOAP],
        [{ usedPrompt: 'malformed' }, SOAP]
      ] as const) {
        const chats = await asked(() => differs('ai.summarise.own', 'POST', path, { token: ann.token, body }))
        const expected = {
          model: 'gpt-4o',
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: 'It hurts.' }
          ]
        }
        for (const chat of chats) expect(chat).toEqual(expected)
      }
    })

    test('when OpenAI fails', async () => {
      const { ann, id, path } = await ready()
      openai().behave(fail(400))
      await differs('ai.summarise.upstream-fails', 'POST', path, { token: ann.token })
      expect(await stored('consultations', id)).not.toHaveProperty('soapSummary')
    })

    test('none', async () => {
      const { token } = await account()
      for (const body of [undefined, {}, { usedPrompt: UNKNOWN }]) {
        const answer = await call('POST', `/api/ai/${UNKNOWN}/summarise`, { token, body })
        expectAnswer(answer, 404, { msg: 'Consultation not found' })
      }
    })

    test.for([{}, { transcript: null }, { transcript: new ObjectId() }])('one with %j', async fields => {
      const ann = await account()
      const started = { clinician: new ObjectId(ann.id), notes: [], status: 'active', started_at: new Date(), __v: 0 }
      const id = await insert('consultations', { ...started, ...fields })
      const answer = await call('POST', `/api/ai/${id}/summarise`, { token: ann.token, body: {} })
      expectAnswer(answer, 404, { msg: 'No transcripts found for this consultation' })
    })

    test("another clinician's", async () => {
      const { path } = await ready()
      const { token } = await account()
      expect(await asked(() => differs('ai.summarise.not-owner', 'POST', path, { token }))).toEqual([])
    })

    test('a malformed id', async () => {
      const { token } = await account()
      await differs('ai.summarise.malformed-id', 'POST', '/api/ai/malformed/summarise', { token })
    })

    test('a prompt that is an object', async () => {
      const { ann, path } = await ready()
      const call = { token: ann.token, body: { usedPrompt: { $ne: null } } }
      await differs('ai.summarise.malformed-prompt', 'POST', path, call)
    })
  })

  describe('analyze', () => {
    const image = (url: string) => ({ type: 'image_url', image_url: { url } })
    const png = (base64: string) => `data:image/png;base64,${base64}`
    const cases = [
      [undefined, 'Explain this image !', []],
      [{}, 'Explain this image !', []],
      [{ prompt: 'What is it?' }, 'What is it?', []],
      [{ prompt: '', images: [] }, '', []],
      [
        { prompt: 'What?', images: ['https://images.example/a.png?b=c', 'http://images.example/d'] },
        'What?',
        ['https://images.example/a.png?b=c', 'http://images.example/d']
      ],
      [
        { images: [png('iVBOR'), 'data:image/svg+xml,<svg/>'] },
        'Explain this image !',
        [png('iVBOR'), 'data:image/svg+xml,<svg/>']
      ],
      [{ images: ['iVBORw0KGgo='] }, 'Explain this image !', [png('iVBORw0KGgo=')]],
      [{ images: ['base64:image/jpeg:/9j/4AAQ'] }, 'Explain this image !', ['data:image/jpeg;base64,/9j/4AAQ']],
      [
        { images: ['ftp://images.example/a', 'data:text/html,x', 'no base64!', '', 5, null, {}, ['AAAA'], 'AAAA'] },
        'Explain this image !',
        [png('AAAA')]
      ]
    ] as const
    test.for(cases)('%j', async ([body, text, images]) => {
      const { token } = await account()
      openai().behave(completion('## What it is\n'))
      const chats = await asked(async () => {
        expectAnswer(await call('POST', ANALYZE, { token, body }), 200, { status: 'ok', response: '## What it is\n' })
      })
      expect(chats).toEqual([
        {
          model: 'gpt-4o',
          messages: [
            { role: 'system', content: expect.stringMatching(/clinical assistant in the UK/) },
            { role: 'user', content: [{ type: 'text', text }, ...images.map(image)] }
          ]
        }
      ])
    })

    test.for([
      [413, 413],
      [400, 500],
      [401, 500]
    ] as const)('when OpenAI answers %i it is a %i', async ([upstream, status]) => {
      const { token } = await account()
      openai().behave(fail(upstream))
      expectAnswer(await call('POST', ANALYZE, { token, body: {} }), status, {
        status: 'error',
        error: { name: 'UpstreamError', type: 'upstream_error', message: `OpenAI answered ${upstream}` }
      })
    })

    test('when OpenAI cannot be reached', async () => {
      const { token } = await account()
      openai().behave(reset)
      await differs('ai.analyze.unreachable', 'POST', ANALYZE, { token, body: {} })
    })

    test.for(['https://images.example/a.png', null, { length: 1 }])('images that are %j', async images => {
      const { token } = await account()
      await differs('ai.analyze.malformed-images', 'POST', ANALYZE, { token, body: { images } })
    })

    test('a prompt that is an object', async () => {
      const { token } = await account()
      openai().behave(fail(400))
      await differs('ai.analyze.malformed-prompt', 'POST', ANALYZE, { token, body: { prompt: { text: 'x' } } })
    })
  })
}
