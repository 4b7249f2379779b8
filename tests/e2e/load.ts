import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import jsonwebtoken from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'
import { Agent, request } from 'undici'

/** Together some 50 requests a second. */
const CLIENTS = 16
const PACE_MS = 320
/** Longer than any limit of the gateway in these tests: what has no answer by then hangs. */
const HANG_MS = 12_000

export const JWT_SECRET = 'a secret of the tests, long enough'

/** A clinician with a consultation, and one note in it whose text is known. */
export interface Clinician {
  readonly token: string
  readonly consultation: string
  readonly transcript: string
  readonly firstNote: string
}

/** Clinicians, made in the database as the legacy writes them, one for each client of the load. */
export async function seed(db: Db): Promise<Clinician[]> {
  const clinicians = Array.from({ length: CLIENTS }, () => ({
    user: new ObjectId(),
    consultation: new ObjectId(),
    transcript: new ObjectId(),
    note: new ObjectId(),
    firstNote: randomUUID()
  }))
  const now = new Date()
  await db.collection('users').insertMany(
    clinicians.map(({ user }) => ({
      _id: user,
      username: 'someone',
      email: `${user.toHexString()}@example.org`,
      password: 'not a hash',
      role: 'clinician',
      prompts: [],
      notes: [],
      transcripts: [],
      createdAt: now,
      __v: 0
    }))
  )
  await db.collection('consultations').insertMany(
    clinicians.map(({ user, consultation, transcript, note }) => ({
      _id: consultation,
      clinician: user,
      patient: {},
      transcript,
      notes: [note],
      status: 'active',
      started_at: now,
      __v: 0
    }))
  )
  await db.collection('notes').insertMany(
    clinicians.map(({ user, consultation, transcript, note, firstNote }) => ({
      _id: note,
      clinician: user,
      consultation,
      transcript,
      body: firstNote,
      created_at: now,
      updated_at: now
    }))
  )
  return clinicians.map(({ user, consultation, transcript, firstNote }) => ({
    token: jsonwebtoken.sign({ userID: user.toHexString(), author: 'someone' }, JWT_SECRET, { expiresIn: '1h' }),
    consultation: consultation.toHexString(),
    transcript: transcript.toHexString(),
    firstNote
  }))
}

export interface Outcome {
  readonly id: string
  readonly method: 'GET' | 'POST'
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** `refused`: the connection was, so nothing was sent. `lost`: sent, and no whole answer came. */
  readonly kind: 'answered' | 'refused' | 'lost'
  /** 0 without an answer. */
  readonly status: number
  readonly side: string
  /** Why the answer is not one to this request; empty when it is. */
  readonly wrong: string
}

export interface Load {
  readonly outcomes: readonly Outcome[]
  /** Resolves with the `count`th outcome from now on that `wanted` takes. */
  next(count: number, wanted?: (outcome: Outcome) => boolean): Promise<void>
  /** Ends after what is in flight. */
  stop(): Promise<void>
}

/** Clients on a kept-alive connection each, reading and writing notes in turn; every request has one outcome. */
export function startLoad(url: string, clinicians: readonly Clinician[]): Load {
  const outcomes: Outcome[] = []
  const waiting = new Set<(outcome: Outcome) => void>()
  const stopped = new AbortController()

  const client = async (clinician: Clinician, index: number) => {
    const agent = new Agent({ connections: 1, pipelining: 1 })
    // Spread over the pace, so that they do not all ask at once.
    await idle((index * PACE_MS) / CLIENTS)
    for (let turn = index; !stopped.signal.aborted; turn += 1) {
      const nextAt = performance.now() + PACE_MS
      const outcome = await (turn % 2 === 0 ? readNotes : writeNote)(url, clinician, agent)
      outcomes.push(outcome)
      for (const tell of waiting) tell(outcome)
      await idle(nextAt - performance.now())
    }
    await agent.destroy()
  }
  const idle = (milliseconds: number) =>
    pause(Math.max(milliseconds, 0), undefined, { signal: stopped.signal }).catch(() => {})
  const clients = clinicians.map(client)

  return {
    outcomes,
    next(count, wanted = () => true) {
      const { promise, resolve } = Promise.withResolvers<void>()
      let seen = 0
      const tell = (outcome: Outcome) => {
        if (!wanted(outcome) || ++seen < count) return
        waiting.delete(tell)
        resolve()
      }
      waiting.add(tell)
      return promise
    },
    async stop() {
      stopped.abort()
      await Promise.all(clients)
    }
  }
}

async function readNotes(url: string, { token, consultation, firstNote }: Clinician, agent: Agent): Promise<Outcome> {
  return ask(url, agent, { method: 'GET', token, consultation, body: null, judge: text => text.includes(firstNote) })
}

/** The note's text is the request's id, so the answer shows whose it is, and the database how often it was executed. */
async function writeNote(url: string, clinician: Clinician, agent: Agent): Promise<Outcome> {
  const { token, consultation, transcript } = clinician
  const id = randomBytes(12).toString('hex')
  const body = JSON.stringify({ body: id, transcriptId: transcript })
  return ask(url, agent, { id, method: 'POST', token, consultation, body, judge: text => text.includes(id) })
}

interface Asked {
  readonly id?: string
  readonly method: 'GET' | 'POST'
  readonly token: string
  readonly consultation: string
  readonly body: string | null
  /** Whether a successful answer is the one to this request. */
  readonly judge: (text: string) => boolean
}

async function ask(url: string, agent: Agent, asked: Asked): Promise<Outcome> {
  const { id = randomBytes(12).toString('hex'), method, token, consultation, body, judge } = asked
  const startedAt = performance.now()
  const outcome = { id, method, startedAt, status: 0, side: '', wrong: '' }
  try {
    const answer = await request(`${url}/api/notes/${consultation}`, {
      method,
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${token}`,
        'x-request-id': id,
        ...(body !== null && { 'content-type': 'application/json' })
      },
      body,
      signal: AbortSignal.timeout(HANG_MS)
    })
    const text = await answer.body.text()
    const { statusCode: status, headers } = answer
    const side = String(headers['x-served-by'])
    return {
      ...outcome,
      kind: 'answered',
      status,
      side,
      wrong: faultOf(status, headers['x-request-id'] === id, text, judge)
    }
  } catch (error) {
    return { ...outcome, kind: isRefused(error) ? 'refused' : 'lost', wrong: String(error) }
  }
}

function faultOf(status: number, isSameId: boolean, text: string, judge: (text: string) => boolean): string {
  if (!isSameId) return 'the answer has the id of another request'
  if (status >= 500) return isMessage(text) ? '' : `a ${status} without a JSON message`
  if (status >= 300) return `a ${status}: ${text}`
  return judge(text) ? '' : `a ${status} that is not the answer to this request: ${text}`
}

function isMessage(text: string): boolean {
  const body: unknown = JSON.parse(text)
  return typeof body === 'object' && body !== null && 'msg' in body
}

/** No connection was made, so nothing was sent. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'connect'
}

/** The requests with a body that were executed more than once, and those that were answered with success and never executed. */
export async function executionFaults(db: Db, outcomes: readonly Outcome[]): Promise<string[]> {
  const times = new Map<string, number>()
  for await (const { body } of db.collection('notes').find())
    times.set(String(body), (times.get(String(body)) ?? 0) + 1)
  return outcomes
    .filter(({ method }) => method === 'POST')
    .flatMap(({ id, status }) => {
      const count = times.get(id) ?? 0
      if (count > 1) return `${id} was executed ${count} times`
      return status === 201 && count === 0 ? `${id} was answered 201 and never executed` : []
    })
}

/** How many there were of each outcome, for people. */
export function tally(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind, method, side, status } of outcomes) {
    const name = kind === 'answered' ? `${method} ${status} by ${side}` : `${method} ${kind}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
