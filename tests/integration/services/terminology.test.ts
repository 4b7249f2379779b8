import { expect, onTestFinished, test, vi } from 'vitest'
import {
  createTerminology,
  type Terminology,
  TerminologyFailure,
  type TerminologyOptions
} from '../../../services/platform/terminology.ts'
import {
  answerWith,
  asUsual,
  type Behaviour,
  fail,
  reset,
  stall,
  stallInBody,
  truncate,
  UPSTREAM_TEXT
} from '../../support/http-stub.ts'
import { NHS_CREDENTIALS, type NhsStub, startNhsStub } from '../../support/nhs-stub.ts'

const ASTHMA = { name: 'Asthma', code: '195967001', url: 'http://snomed.info/sct' }
const MINUTE = 60_000

async function start(options: TerminologyOptions = {}): Promise<{ terminology: Terminology; stub: NhsStub }> {
  const stub = await startNhsStub()
  onTestFinished(() => stub.close())
  return { stub, terminology: createTerminology({ baseUrl: stub.url, ...NHS_CREDENTIALS, ...options }) }
}

/** Only the clock: sockets and timers run on. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

test('a search asks for a token and then, with it, for the matches, as the contract has it', async () => {
  const { terminology, stub } = await start()
  expect(await terminology.search('asthma')).toEqual([
    ASTHMA,
    { name: 'Allergic asthma', code: '389145006', url: 'http://snomed.info/sct' }
  ])
  const token = await stub.token.request(1)
  expect(Object.fromEntries(new URLSearchParams(token.bytes.toString()))).toEqual({
    grant_type: 'client_credentials',
    client_id: NHS_CREDENTIALS.clientId,
    client_secret: NHS_CREDENTIALS.clientSecret
  })
  const search = await stub.search.request(1)
  expect(Object.fromEntries(search.query)).toEqual({
    url: 'http://snomed.info/sct/83821000000107/version/20240508?fhir_vs=isa/138875005',
    filter: 'asthma',
    count: '10'
  })
  expect(search.headers.authorization).toMatch(/^Bearer [\w-]{36}$/)
})

test('no match is an empty list', async () => {
  const { terminology } = await start()
  expect(await terminology.search('xyzzy')).toEqual([])
})

test('entries without code, name or system are left out, and at most ten are taken', async () => {
  const { terminology, stub } = await start()
  const system = 'http://snomed.info/sct'
  const many = Array.from({ length: 12 }, (_, index) => ({ system, code: String(index), display: `term ${index}` }))
  const contains = [{ abstract: true, display: 'a group' }, { system, code: '1' }, { code: '1', display: 'x' }, ...many]
  stub.search.behave(answerWith({ resourceType: 'ValueSet', expansion: { contains } }))
  const found = await terminology.search('term')
  expect(found.map(({ code }) => code)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
})

test('one token serves until shortly before it expires', async () => {
  stopClock()
  const { terminology, stub } = await start()
  stub.setTokenLifetime(600)
  await terminology.search('asthma')
  vi.advanceTimersByTime(9 * MINUTE + 29_000)
  await terminology.search('headache')
  expect(stub.token.requests).toHaveLength(1)
  vi.advanceTimersByTime(1000)
  await terminology.search('migraine')
  expect(stub.token.requests).toHaveLength(2)
  expect(stub.search.requests.at(-1)?.headers.authorization).not.toBe(stub.search.requests.at(0)?.headers.authorization)
})

test('a short-lived token is used for nine tenths of its life', async () => {
  stopClock()
  const { terminology, stub } = await start()
  stub.setTokenLifetime(10)
  await terminology.search('asthma')
  vi.advanceTimersByTime(8999)
  await terminology.search('headache')
  expect(stub.token.requests).toHaveLength(1)
  vi.advanceTimersByTime(1)
  await terminology.search('migraine')
  expect(stub.token.requests).toHaveLength(2)
})

test('a token without a lifetime is taken to last a minute', async () => {
  stopClock()
  const { terminology, stub } = await start()
  stub.token.behave(answerWith({ access_token: 'eternal' }))
  stub.search.behave(answerWith({ expansion: {} }))
  await terminology.search('asthma')
  vi.advanceTimersByTime(MINUTE - 6001)
  await terminology.search('headache')
  expect(stub.token.requests).toHaveLength(1)
  vi.advanceTimersByTime(1)
  await terminology.search('migraine')
  expect(stub.token.requests).toHaveLength(2)
})

test('callers at the same time share one refresh', async () => {
  const { terminology, stub } = await start()
  const gate = stall()
  stub.token.behave(gate)
  const searches = ['asthma', 'headache', 'migraine'].map(name => terminology.search(name))
  await stub.token.request(1)
  gate.release()
  await Promise.all(searches)
  expect(stub.token.requests).toHaveLength(1)
  expect(stub.search.requests).toHaveLength(3)
})

test('the caller that started a refresh leaves, and the others still get its token', async () => {
  const { terminology, stub } = await start()
  const gate = stall()
  stub.token.behave(gate)
  const leaving = new AbortController()
  const left = failureOf(terminology.search('asthma', leaving.signal))
  await stub.token.request(1)
  const staying = terminology.search('headache')
  leaving.abort()
  expect(await left).toBe(leaving.signal.reason)
  gate.release()
  expect(await staying).toMatchObject([{ name: 'Headache' }])
  expect(stub.token.requests).toHaveLength(1)
})

test('a token that is refused is replaced once, for all who found it refused', async () => {
  const { terminology, stub } = await start()
  await terminology.search('asthma')
  stub.expireTokens()
  const gate = stall()
  stub.search.behave(gate, gate, asUsual)
  const searches = ['headache', 'migraine'].map(name => terminology.search(name))
  await stub.search.request(3)
  gate.release()
  expect(await Promise.all(searches)).toMatchObject([[{ name: 'Headache' }], [{ name: 'Migraine' }]])
  expect(stub.token.requests).toHaveLength(2)
  expect(stub.search.requests).toHaveLength(5)
})

test('a new token that is refused as well is a failure, and no loop', async () => {
  const { terminology, stub } = await start()
  stub.search.behave(fail(401))
  const error = await failureOf(terminology.search('asthma'))
  expect(error).toEqual(new TerminologyFailure('the terminology server answered 401'))
  expect(stub.token.requests).toHaveLength(2)
  expect(stub.search.requests).toHaveLength(2)
})

test('equal searches are asked once an hour, however they are written', async () => {
  stopClock()
  const { terminology, stub } = await start()
  const first = await terminology.search('Diabetes mellitus')
  expect(await terminology.search('  diabetes   MELLITUS ')).toEqual(first)
  vi.advanceTimersByTime(60 * MINUTE - 1)
  await terminology.search('diabetes mellitus')
  expect(stub.search.requests).toHaveLength(1)
  vi.advanceTimersByTime(2)
  await terminology.search('diabetes mellitus')
  expect(stub.search.requests).toHaveLength(2)
})

test('equal searches at the same time are one request, and a caller who leaves does not end it', async () => {
  const { terminology, stub } = await start()
  const gate = stall()
  stub.search.behave(gate)
  const leaving = new AbortController()
  const left = failureOf(terminology.search('asthma', leaving.signal))
  const staying = terminology.search('ASTHMA')
  await stub.search.request(1)
  leaving.abort()
  expect(await left).toBe(leaving.signal.reason)
  gate.release()
  expect(await staying).toContainEqual(ASTHMA)
  expect(stub.search.requests).toHaveLength(1)
})

test('only the latest 500 searches are kept', async () => {
  const { terminology, stub } = await start()
  for (let index = 0; index <= 500; index++) await terminology.search(`term ${index}`)
  expect(stub.search.requests).toHaveLength(501)
  await terminology.search('term 500')
  expect(stub.search.requests).toHaveLength(501)
  await terminology.search('term 0')
  expect(stub.search.requests).toHaveLength(502)
})

test('a failed search is not kept', async () => {
  const { terminology, stub } = await start()
  stub.search.behave(fail(500), asUsual)
  expect(await failureOf(terminology.search('asthma'))).toBeInstanceOf(TerminologyFailure)
  expect(await terminology.search('asthma')).toContainEqual(ASTHMA)
})

test.each<[string, Behaviour, RegExp]>([
  ['fails', fail(500), /answered 500$/],
  ['limits the rate', fail(429, { 'retry-after': '9' }), /answered 429$/],
  ['goes silent', stall(), /could not be reached in time$/],
  ['goes silent in its answer', stallInBody, /answered something else$/],
  ['cuts the connection', reset, /could not be reached in time$/],
  ['cuts its answer', truncate, /answered something else$/],
  ['answers no JSON', answerWith('<html>'), /answered something else$/],
  ['answers something else', answerWith({ resourceType: 'OperationOutcome' }), /answered something else$/],
  ['never ends', answerWith('x'.repeat(2_000_000)), /answered something else$/],
  ['redirects', fail(307, { location: 'http://127.0.0.1:9/' }), /could not be reached in time$/]
])('a server that %s is a failure, for the token and for the search', async (_name, behaviour, message) => {
  const { terminology, stub } = await start({ timeoutMs: 100 })
  stub.token.behave(behaviour)
  const tokenFailure = await failureOf(terminology.search('asthma'))
  stub.token.behave()
  stub.search.behave(behaviour)
  const searchFailure = await failureOf(terminology.search('asthma'))
  for (const error of [tokenFailure, searchFailure]) {
    expect(error).toBeInstanceOf(TerminologyFailure)
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(
      new RegExp(`${UPSTREAM_TEXT}|${NHS_CREDENTIALS.clientSecret}|filter=`)
    )
  }
})

test.each([
  ['no id', { clientId: '' }],
  ['no secret', { clientSecret: '' }]
])('with %s it fails without asking anybody', async (_name, options) => {
  const { terminology, stub } = await start(options)
  expect(await failureOf(terminology.search('asthma'))).toBeInstanceOf(TerminologyFailure)
  expect(stub.token.requests).toEqual([])
})

test('wrong credentials are a failure', async () => {
  const { terminology } = await start({ clientSecret: 'wrong' })
  const error = await failureOf(terminology.search('asthma'))
  expect(error).toEqual(new TerminologyFailure('the terminology server answered 401'))
})

test('with a signal that is aborted already nothing is asked', async () => {
  const { terminology, stub } = await start()
  const signal = AbortSignal.abort()
  expect(await failureOf(terminology.search('asthma', signal))).toBe(signal.reason)
  expect(stub.token.requests).toEqual([])
})
