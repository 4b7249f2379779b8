import { once } from 'node:events'
import fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { boundedFetch } from '../../../services/platform/bounded-fetch.ts'
import { clientSignal } from '../../../services/platform/client-signal.ts'
import { untilAborted } from '../../../services/platform/until-aborted.ts'
import { endpoint, serveStub, type StubAnswer } from '../../support/http-stub.ts'

async function givenServer(answer: StubAnswer) {
  const requests: string[] = []
  const here = endpoint(
    request => {
      requests.push(request.path)
      return request
    },
    () => answer
  )
  const stub = await serveStub({ 'GET /here': here.handle, 'GET /there': here.handle })
  onTestFinished(() => stub.close())
  return { url: `${stub.origin}/here`, requests }
}

describe('a fetch that is bounded', () => {
  test('takes an answer of as many bytes, and fails at one more', async () => {
    const { url } = await givenServer({ body: '12345' })
    expect(await (await boundedFetch(5)(url)).text()).toBe('12345')
    const answer = await boundedFetch(4)(url)
    await expect(answer.text()).rejects.toThrow('the response has more than 4 bytes')
  })

  test('takes an answer without a body', async () => {
    const { url } = await givenServer({ status: 204, body: '' })
    const answer = await boundedFetch(1)(url)
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })

  test('follows nobody to another place', async () => {
    const { url, requests } = await givenServer({ status: 307, headers: { location: '/there' }, body: '' })
    await expect(boundedFetch(5)(url)).rejects.toThrow('fetch failed')
    expect(requests).toEqual(['/here'])
  })
})

describe('a promise that is awaited until a signal aborts', () => {
  const never = new Promise<never>(() => {})
  const gone = new Error('gone')

  test('is given up at once when it has aborted before', async () => {
    await expect(untilAborted(never, AbortSignal.abort(gone))).rejects.toBe(gone)
  })

  test('is given up when it aborts, and not afterwards', async () => {
    const [early, late] = [new AbortController(), new AbortController()]
    const waiting = untilAborted(never, early.signal)
    const settled = untilAborted(Promise.resolve('there'), late.signal)
    early.abort(gone)
    await expect(waiting).rejects.toBe(gone)
    expect(await settled).toBe('there')
    late.abort(gone)
    expect(await untilAborted(Promise.resolve('there'), undefined)).toBe('there')
  })
})

test('the signal of a client that has left before it was asked for has aborted', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: told, resolve: tell } = Promise.withResolvers<boolean>()
  app.get('/', async (_request, reply) => {
    arrive()
    await once(reply.raw, 'close')
    tell(clientSignal(reply).aborted)
    return reply.hijack()
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const leaving = new AbortController()
  const answer = fetch(origin, { signal: leaving.signal })
  await arrived
  leaving.abort()
  await expect(answer).rejects.toThrow('aborted')
  expect(await told).toBe(true)
})
