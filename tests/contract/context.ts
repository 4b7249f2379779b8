import { hashSync } from 'bcryptjs'
import jsonwebtoken from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'
import { expect } from 'vitest'
import type { NhsStub } from '../support/nhs-stub.ts'
import type { OpenAiStub } from '../support/openai-stub.ts'
import { type Answer, type Call, type Client, client, type Method, textAt, valueAt } from './client.ts'
import { type Account, documents, type Documents } from './documents.ts'
import { type IntendedDifference, intendedDifferences, type Outcome } from './intended-differences.ts'

/** How long the legacy's silence is listened to. */
const SILENCE_MS = 400
const ANSWER_LIMIT_MS = 10_000

const VALIDATION = {
  msg: expect.any(String),
  error: 'validation',
  details: expect.arrayContaining([{ path: expect.any(String), message: expect.any(String) }])
}

/** Words of drivers, stacks and upstreams. */
const LEAK = /Cast to|MongoServer|E11000|BSON|node_modules|\.ts:\d|words of the upstream|fetch failed/

export type Side = 'legacy' | 'native'

export interface ContractOptions {
  readonly baseUrl: () => string
  /** What answers: `mixed` means either, request by request, and says which in x-served-by. */
  readonly side: Side | 'mixed'
  /** Whether the gateway is between, which answers 502 for a backend whose process ends. */
  readonly gateway?: boolean
  /** The database that they share. */
  readonly db: () => Db
  /** What they take for OpenAI and the NHS; nobody else uses them at the time. */
  readonly openai: () => OpenAiStub
  readonly nhs: () => NhsStub
  readonly jwtSecret: string
  /** Waits until the backend is back after its process ended. */
  readonly recovered?: () => Promise<void>
  readonly onAnswer?: (method: Method, path: string, answer: Answer) => void
}

export interface Consultation {
  readonly id: string
  readonly transcriptId: string
}

/** What became of a request for which the sides differ. */
export interface Differing {
  readonly side: Side
  /** None when the legacy was silent or crashed. */
  readonly answer?: Answer
}

export interface Contract extends ContractOptions, Documents {
  readonly call: Client
  readonly consultation: (owner: Account, patient?: unknown) => Promise<Consultation>
  /** A note through the API. Returns its id. */
  readonly note: (author: Account, consultation: Consultation, body?: string) => Promise<string>
  /** Makes a request for which the sides differ by intention, and holds its outcome against that of the side it met. */
  readonly differs: (id: string, method: Method, path: string, call?: Call) => Promise<Differing>
  /** Holds what is stored after an answer against the intended difference. */
  readonly storedDiffers: (id: string, answer: Answer, value: unknown) => void
  /** Holds an outcome of another kind of request against the intended difference of a side. */
  readonly outcomeDiffers: (id: string, side: Side, outcome: Outcome) => void
  /** The ids of the intended differences that were looked at so far. */
  readonly seen: ReadonlySet<string>
  readonly sideOf: (answer: Pick<Answer, 'headers'>) => Side
  /** A token signed as both backends do; `claims` lie over the usual ones. */
  readonly token: (claims?: Record<string, unknown>, secret?: string, algorithm?: 'HS256' | 'HS512') => string
}

const PASSWORD = 'a password of everybody'
const PASSWORD_HASH = hashSync(PASSWORD, 8)

export function contract(options: ContractOptions): Contract {
  const { baseUrl, side, gateway = false, db, jwtSecret, recovered, onAnswer } = options
  const seen = new Set<string>()

  function sideOf({ headers }: Pick<Answer, 'headers'>): Side {
    if (side !== 'mixed') return side
    const servedBy = headers['x-served-by']
    if (servedBy === 'legacy' || servedBy === 'native') return servedBy
    throw new Error(`expected x-served-by to say who answered, not ${String(servedBy)}`)
  }

  const call = client(baseUrl, (method, path, answer) => {
    const isNative = side === 'native' || answer.headers['x-served-by'] === 'native'
    if (isNative && LEAK.test(answer.text)) throw new Error(`${method} ${path} tells too much: ${answer.text}`)
    onAnswer?.(method, path, answer)
  })

  function differenceOf(id: string): IntendedDifference {
    const difference = intendedDifferences.find(each => each.id === id)
    if (difference === undefined) throw new Error(`no intended difference has the id ${id}`)
    seen.add(id)
    return difference
  }

  function outcomeDiffers(id: string, met: Side, outcome: Outcome): void {
    const expected = differenceOf(id)[met]
    expect({ id, met, outcome }).toEqual({ id, met, outcome: matcher(expected, met) })
  }

  function token(claims: Record<string, unknown> = {}, secret = jwtSecret, algorithm: 'HS256' | 'HS512' = 'HS256') {
    const iat = Math.floor(Date.now() / 1000)
    const payload = { userID: new ObjectId().toHexString(), author: 'someone', iat, exp: iat + 3600, ...claims }
    return jsonwebtoken.sign(JSON.stringify(payload), secret, { header: { alg: algorithm, typ: 'JWT' } })
  }

  return {
    ...options,
    ...documents(db, { text: PASSWORD, hash: PASSWORD_HASH }, token),
    call,
    sideOf,
    outcomeDiffers,
    seen,
    token,

    async consultation({ token: bearer }, patient = { name: 'P' }) {
      const started = await call('POST', '/api/consultation/start', { token: bearer, body: { patient_data: patient } })
      return {
        id: textAt(started, 'data', 'consultation', '_id'),
        transcriptId: textAt(started, 'data', 'transcript', '_id')
      }
    },

    async note({ token: bearer }, { id, transcriptId }, body = 'A note.') {
      const added = await call('POST', `/api/notes/${id}`, { token: bearer, body: { body, transcriptId } })
      return textAt(added, 'note', '_id')
    },

    async differs(id, method, path, rest = {}) {
      const { legacy } = differenceOf(id)
      const mayBeSilent = side !== 'native' && legacy.kind === 'silence'
      const signal = AbortSignal.timeout(mayBeSilent ? SILENCE_MS : ANSWER_LIMIT_MS)
      try {
        const answer = await call(method, path, { ...rest, signal })
        if (!(gateway && answer.status === 502 && legacy.kind === 'crash')) {
          const { status, body } = answer
          const met = sideOf(answer)
          outcomeDiffers(id, met, { kind: 'answer', status, ...(isRecord(body) && { body }) })
          return { side: met, answer }
        }
      } catch (error) {
        if (signal.aborted) {
          outcomeDiffers(id, 'legacy', { kind: 'silence' })
          return { side: 'legacy' }
        }
        if (valueAt(error, 'code') !== 'UND_ERR_SOCKET') throw error
      }
      await recovered?.()
      outcomeDiffers(id, 'legacy', { kind: 'crash' })
      return { side: 'legacy' }
    },

    storedDiffers(id, answer, value) {
      outcomeDiffers(id, sideOf(answer), { kind: 'stored', value })
    }
  }
}

/** What native refuses is refused in so many words; of anything else the body need only hold what the difference names. */
function matcher(outcome: Outcome, side: Side): object {
  if (outcome.kind !== 'answer') return outcome
  const { kind, status, body } = outcome
  if (status === 422) return { kind, status, body: VALIDATION }
  if (body === undefined) return expect.objectContaining({ kind, status })
  return { kind, status, body: side === 'native' && status >= 400 ? body : holding(body) }
}

function holding(value: unknown): unknown {
  if (!isRecord(value) || Array.isArray(value)) return value
  const properties = Object.entries(value).map(([name, property]) => [name, holding(property)] as const)
  return expect.objectContaining(Object.fromEntries(properties))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
