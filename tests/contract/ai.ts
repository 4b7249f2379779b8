import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { fail } from '../support/http-stub.ts'
import { answer } from '../support/openai-stub.ts'
import { expectAnswer, promptOf, UNKNOWN } from './clinical.ts'
import type { Contract } from './context.ts'

const CODES = '/api/ai/search/clinicalcodes'
const PIXEL = 'iVBORw0KGgo='

export function ai({ call, account, consultation, outcome, intended, db, openai, terminology }: Contract): void {
  const lastMessages = () => openai().requests.at(-1)?.json?.messages

  describe('POST /api/ai/search', () => {
    test('a question is answered', async () => {
      const { token } = await account()
      openai().behave(answer('Rest and fluids.'))
      const found = await call('POST', '/api/ai/search?query=What%20helps%20a%20cold%3F', { token })
      expectAnswer(found, 200, { query: 'What helps a cold?', answer: 'Rest and fluids.' })
      expect(openai().requests.at(-1)?.json?.model).toBe('gpt-4o')
      expect(lastMessages()).toMatchObject([{ role: 'system' }, { role: 'user', content: 'What helps a cold?' }])
      openai().behave()
    })

    test.for(['', '?query='])('no question in %o', async query => {
      const { token } = await account()
      const answered = await call('POST', `/api/ai/search${query}`, { token, body: { query: 'in the body' } })
      expectAnswer(answered, 400, { error: 'Query is required' })
    })

    test('OpenAI fails', async () => {
      const { token } = await account()
      openai().behave(fail(400))
      const answered = await call('POST', '/api/ai/search?query=x', { token })
      expectAnswer(answered, 500, { error: 'Something went wrong', msg: expect.any(String) })
      openai().behave()
    })
  })

  describe('GET /api/ai/search/clinicalcodes', () => {
    test('the first match', async () => {
      const { token } = await account()
      expectAnswer(await call('GET', `${CODES}?name=Asthma`, { token }), 200, {
        name: 'Asthma',
        code: '195967001',
        url: 'http://snomed.info/sct'
      })
    })

    test('no match', async () => {
      const { token } = await account()
      expect(await outcome('ai.codes.no-match', 'GET', `${CODES}?name=nothing-of-the-kind`, { token })).toEqual(
        intended('ai.codes.no-match')
      )
    })

    test('the terminology server fails', async () => {
      const { token } = await account()
      terminology().search.behave(fail(500))
      const path = `${CODES}?name=migraine-${new ObjectId().toHexString()}`
      expect(await outcome('ai.codes.upstream', 'GET', path, { token })).toEqual(intended('ai.codes.upstream'))
      terminology().search.behave()
    })
  })

  describe('POST /api/ai/:consultationId/summarise', () => {
    test('a consultation', async () => {
      const ann = await account()
      const { id } = await consultation(ann)
      openai().behave(answer('A SOAP note.'))
      const options = { token: ann.token, body: { usedPrompt: await promptOf(call, ann) } }
      const path = `/api/ai/${id}/summarise`
      expect(await outcome('ai.summarise', 'POST', path, options)).toEqual(intended('ai.summarise'))
      openai().behave()
      const stored = await db()
        .collection('consultations')
        .findOne({ _id: new ObjectId(id) })
      expect({ kind: 'stored', value: stored?.['soapSummary'] ?? null }).toEqual(intended('ai.summarise.stored'))
    })

    test('none', async () => {
      const { token } = await account()
      const answered = await call('POST', `/api/ai/${UNKNOWN}/summarise`, { token })
      expectAnswer(answered, 404, { msg: 'Consultation not found' })
    })

    test('another’s, one without a transcript, a malformed id, and OpenAI failing', async () => {
      const ann = await account()
      const own = await consultation(ann)
      const bare = await consultation(ann)
      await db()
        .collection('transcripts')
        .deleteOne({ _id: new ObjectId(bare.transcriptId) })
      expectAnswer(await call('POST', `/api/ai/${bare.id}/summarise`, { token: ann.token }), 404, {
        msg: 'No transcripts found for this consultation'
      })
      const bob = await account()
      openai().behave(fail(400))
      for (const [difference, id, { token }] of [
        ['ai.summarise.not-owner', own.id, bob],
        ['ai.summarise.malformed-id', 'malformed', ann],
        ['ai.summarise.upstream', own.id, ann]
      ] as const) {
        expect(await outcome(difference, 'POST', `/api/ai/${id}/summarise`, { token })).toEqual(intended(difference))
      }
      openai().behave()
    })
  })

  describe('POST /api/ai/analyze', () => {
    test('images of every kind that is taken, and no other', async () => {
      const { token } = await account()
      openai().behave(answer('# A finding'))
      const images = [
        'https://images.example/a.png',
        `data:image/jpeg;base64,${PIXEL}`,
        PIXEL,
        `base64:image/webp:${PIXEL}`,
        'ftp://images.example/b.png',
        7,
        null
      ]
      const analysed = await call('POST', '/api/ai/analyze', { token, body: { prompt: 'What is it?', images } })
      expectAnswer(analysed, 200, { status: 'ok', response: '# A finding' })
      const image = (url: string) => ({ type: 'image_url', image_url: { url } })
      expect(lastMessages()?.[1]?.content).toEqual([
        { type: 'text', text: 'What is it?' },
        image('https://images.example/a.png'),
        image(`data:image/jpeg;base64,${PIXEL}`),
        image(`data:image/png;base64,${PIXEL}`),
        image(`data:image/webp;base64,${PIXEL}`)
      ])
      openai().behave()
    })

    test('without a prompt it has one', async () => {
      const { token } = await account()
      expect((await call('POST', '/api/ai/analyze', { token })).status).toBe(200)
      expect(lastMessages()?.[1]?.content).toEqual([{ type: 'text', text: 'Explain this image !' }])
    })

    test.for([
      [413, 413],
      [400, 500]
    ] as const)('OpenAI answers %d', async ([upstream, status]) => {
      const { token } = await account()
      openai().behave(fail(upstream))
      const answered = await call('POST', '/api/ai/analyze', { token, body: { prompt: 'x' } })
      expectAnswer(answered, status, {
        status: 'error',
        error: { name: expect.any(String), type: expect.any(String), message: expect.any(String) }
      })
      openai().behave()
    })
  })
}
