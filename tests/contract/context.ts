import { randomUUID } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'
import { expect } from 'vitest'
import { type Answer, type Call, type Client, client, type Method, textAt, valueAt } from './client.ts'
import { intendedDifferences, type Outcome } from './intended-differences.ts'

/** How long the legacy's silence is listened to. */
const SILENCE_MS = 400
const ANSWER_LIMIT_MS = 10_000

export interface ContractOptions {
  readonly name: string
  readonly baseUrl: () => string
  /** What answers the routes of the native services: `mixed` means either, request by request. */
  readonly side: 'legacy' | 'native' | 'mixed'
  /** Whether the gateway is between, which answers 502 for a backend whose process ends. */
  readonly gateway?: boolean
  /** Where consultations are started. Default: `baseUrl`; without it the whole API is expected there. */
  readonly setupUrl?: () => string
  /** The database that they share. */
  readonly db: () => Db
  readonly jwtSecret: string
  /** Waits until the backend is back after its process ended. */
  readonly recovered?: () => Promise<void>
  readonly onAnswer?: (path: string, answer: Answer) => void
}

export interface Account {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly password: string
  readonly token: string
}

export interface Consultation {
  readonly id: string
  readonly transcriptId: string
}

export interface Contract extends ContractOptions {
  readonly call: Client
  /** A registered and logged in user, another each time, so that weights spread over the callers. */
  account(role?: 'clinician' | 'patient'): Promise<Account>
  consultation(owner: Account): Promise<Consultation>
  /** A note through the API. Returns its id. */
  note(author: Account, consultation: Consultation, body?: string): Promise<string>
  /** Makes the request and holds its outcome against the intended difference of this id. */
  expectDifference(id: string, method: Method, path: string, call?: Call): Promise<void>
  /** Holds what was found in the database against the intended difference of this id. */
  expectStored(id: string, value: unknown): void
  /** A token signed as both backends do; `claims` lie over the usual ones, an undefined one is left out. */
  token(claims?: Record<string, unknown>, secret?: string, algorithm?: 'HS256' | 'HS512'): string
}

export function contract(options: ContractOptions): Contract {
  const { baseUrl, setupUrl = baseUrl, side, gateway = false, jwtSecret, recovered, onAnswer } = options
  const call = client(baseUrl, onAnswer)
  const setup = setupUrl === baseUrl ? call : client(setupUrl)

  function acceptable(id: string): Outcome[] {
    const difference = intendedDifferences.find(each => each.id === id)
    if (difference === undefined) throw new Error(`no intended difference has the id ${id}`)
    return side === 'mixed' ? [difference.legacy, difference.native] : [difference[side]]
  }

  async function outcomeOf(request: () => Promise<Answer>, deadline: AbortSignal): Promise<Outcome> {
    try {
      const { status, body } = await request()
      if (gateway && status === 502) return { kind: 'crash' }
      return { kind: 'answer', status, ...(isRecord(body) && { body }) }
    } catch (error) {
      if (deadline.aborted) return { kind: 'silence' }
      if (valueAt(error, 'code') === 'UND_ERR_SOCKET') return { kind: 'crash' }
      throw error
    }
  }

  return {
    ...options,
    call,

    async account(role = 'clinician') {
      const username = `user ${randomUUID()}`
      const email = `${randomUUID()}@example.org`
      const password = randomUUID()
      const registered = await call('POST', '/users/register', { body: { username, email, password, role } })
      expect(registered).toMatchObject({ status: 200, body: { msg: 'User has been registered' } })
      const token = textAt(await call('POST', '/users/login', { body: { email, password } }), 'token')
      return { id: String(valueAt(jsonwebtoken.decode(token), 'userID')), username, email, password, token }
    },

    async consultation({ token }) {
      const started = await setup('POST', '/api/consultation/start', { token, body: { patient_data: { name: 'P' } } })
      return {
        id: textAt(started, 'data', 'consultation', '_id'),
        transcriptId: textAt(started, 'data', 'transcript', '_id')
      }
    },

    async note({ token }, { id, transcriptId }, body = 'A note.') {
      return textAt(await call('POST', `/api/notes/${id}`, { token, body: { body, transcriptId } }), 'note', '_id')
    },

    async expectDifference(id, method, path, rest = {}) {
      const expected = acceptable(id)
      const mayBeSilent = expected.some(({ kind }) => kind === 'silence')
      const signal = AbortSignal.timeout(mayBeSilent ? SILENCE_MS : ANSWER_LIMIT_MS)
      const outcome = await outcomeOf(() => call(method, path, { ...rest, signal }), signal)
      if (outcome.kind === 'crash') await recovered?.()
      expectOneOf(outcome, expected)
      if (outcome.kind === 'answer' && outcome.status === 422) {
        expect(outcome.body).toEqual({
          msg: expect.any(String),
          error: 'validation',
          details: expect.arrayContaining([{ path: expect.any(String), message: expect.any(String) }])
        })
      }
    },

    expectStored: (id, value) => expectOneOf({ kind: 'stored', value }, acceptable(id)),

    token(claims = {}, secret = jwtSecret, algorithm = 'HS256') {
      const iat = Math.floor(Date.now() / 1000)
      const payload = { userID: new ObjectId().toHexString(), author: 'someone', iat, exp: iat + 3600, ...claims }
      return jsonwebtoken.sign(JSON.stringify(payload), secret, { header: { alg: algorithm, typ: 'JWT' } })
    }
  }
}

/** Matches one of them; when none does, fails with the difference from each. */
function expectOneOf(outcome: Outcome, expected: readonly Outcome[]): void {
  const failures: unknown[] = []
  for (const each of expected) {
    try {
      expect(outcome).toMatchObject(each)
      return
    } catch (failure) {
      failures.push(failure)
    }
  }
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'none of the expected outcomes')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The BSON type of each field of a stored document. */
export async function bsonTypes(db: Db, collection: string, id: string): Promise<Record<string, string>> {
  const [found] = await db
    .collection(collection)
    .aggregate([
      { $match: { _id: new ObjectId(id) } },
      { $project: { _id: 0, fields: { $objectToArray: '$$ROOT' } } },
      { $unwind: '$fields' },
      { $group: { _id: null, types: { $push: { k: '$fields.k', v: { $type: '$fields.v' } } } } },
      { $project: { types: { $arrayToObject: '$types' } } }
    ])
    .toArray()
  return { ...found?.['types'] }
}
