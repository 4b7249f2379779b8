import { randomUUID } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'
import { expect } from 'vitest'
import { type Answer, type Call, type Client, client, type Method, textAt, valueAt } from './client.ts'
import { intendedDifferences, type Outcome } from './intended-differences.ts'

/** How long the legacy's silence is listened to. */
const SILENCE_MS = 400
const ANSWER_LIMIT_MS = 10_000

const VALIDATION = {
  msg: expect.any(String),
  error: 'validation',
  details: expect.arrayContaining([{ path: expect.any(String), message: expect.any(String) }])
}

export interface ContractOptions {
  readonly baseUrl: () => string
  /** What answers the routes of the native services: `mixed` means either, request by request. */
  readonly side: 'legacy' | 'native' | 'mixed'
  /** Whether the gateway is between, which answers 502 for a backend whose process ends. */
  readonly gateway?: boolean
  /** Where consultations are started. Default: `baseUrl`. */
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
  readonly account: (role?: 'clinician' | 'patient') => Promise<Account>
  readonly consultation: (owner: Account) => Promise<Consultation>
  /** A note through the API. Returns its id. */
  readonly note: (author: Account, consultation: Consultation, body?: string) => Promise<string>
  /** What becomes of a request for which the sides differ by intention, to hold against `intended(id)`. */
  readonly outcome: (id: string, method: Method, path: string, call?: Call) => Promise<Outcome>
  /** Matches the outcome that the intended difference of this id has on this side; of both when they are mixed. */
  readonly intended: (id: string) => unknown
  /** A token signed as both backends do; `claims` lie over the usual ones. */
  readonly token: (claims?: Record<string, unknown>, secret?: string, algorithm?: 'HS256' | 'HS512') => string
}

export function contract(options: ContractOptions): Contract {
  const { baseUrl, setupUrl = baseUrl, side, gateway = false, jwtSecret, recovered, onAnswer } = options
  const call = client(baseUrl, onAnswer)
  const setup = client(setupUrl)

  function acceptable(id: string): Outcome[] {
    const difference = intendedDifferences.find(each => each.id === id)
    if (difference === undefined) throw new Error(`no intended difference has the id ${id}`)
    return side === 'mixed' ? [difference.legacy, difference.native] : [difference[side]]
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

    async outcome(id, method, path, rest = {}) {
      const mayBeSilent = acceptable(id).some(({ kind }) => kind === 'silence')
      const signal = AbortSignal.timeout(mayBeSilent ? SILENCE_MS : ANSWER_LIMIT_MS)
      try {
        const { status, body } = await call(method, path, { ...rest, signal })
        if (!gateway || status !== 502) return { kind: 'answer', status, ...(isRecord(body) && { body }) }
      } catch (error) {
        if (signal.aborted) return { kind: 'silence' }
        if (valueAt(error, 'code') !== 'UND_ERR_SOCKET') throw error
      }
      await recovered?.()
      return { kind: 'crash' }
    },

    intended(id) {
      const [first, ...others] = acceptable(id).map(matcher)
      return others.length === 0 ? first : expect.toBeOneOf([first, ...others])
    },

    token(claims = {}, secret = jwtSecret, algorithm = 'HS256') {
      const iat = Math.floor(Date.now() / 1000)
      const payload = { userID: new ObjectId().toHexString(), author: 'someone', iat, exp: iat + 3600, ...claims }
      return jsonwebtoken.sign(JSON.stringify(payload), secret, { header: { alg: algorithm, typ: 'JWT' } })
    }
  }
}

/** An answer need only hold what the difference names, but every 422 is of one shape. */
function matcher(outcome: Outcome): unknown {
  if (outcome.kind !== 'answer') return outcome
  const { status, body } = outcome
  if (status === 422) return { kind: 'answer', status, body: VALIDATION }
  return expect.objectContaining({ kind: 'answer', status, ...(body && { body: expect.objectContaining(body) }) })
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
