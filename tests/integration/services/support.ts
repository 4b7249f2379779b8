import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import jsonwebtoken from 'jsonwebtoken'
import { type Db, ObjectId } from 'mongodb'
import { request } from 'undici'
import { expect, onTestFinished } from 'vitest'
import { connectDatabase, type Database, type PlatformOptions } from '../../../services/index.ts'
import { nativeServer } from '../../../services/native-server.ts'
import { watchAnswers } from '../../support/documented.ts'
import { freshDatabase } from '../../support/fresh-database.ts'

export const JWT_SECRET = 'a secret of the tests, long enough'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: unknown
}

export interface Call {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, unless it is a text or bytes, which are sent as they are with the JSON content type. */
  readonly body?: unknown
}

export interface Native {
  readonly app: FastifyInstance
  readonly database: Database
  readonly db: Db
  readonly uri: string
  readonly call: (
    method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS',
    path: string,
    call?: Call
  ) => Promise<Answer>
}

/** The URI of an empty database that goes with the test. */
export async function freshUri(): Promise<string> {
  const fresh = await freshDatabase()
  onTestFinished(() => fresh.drop())
  // SecantusDB locks up for good when an insert and createIndexes make the same collection at the same moment.
  for (const name of ['users', 'consultations', 'transcripts', 'notes', 'prompts', 'blacktokens'])
    await fresh.db.createCollection(name)
  return fresh.uri
}

/**
 * The native services on a port of their own over an empty database; both end with the test, which fails if they
 * answered something that their OpenAPI document does not describe.
 */
export async function startNative(
  options: Partial<PlatformOptions> & { uri?: string; serve?: (options: PlatformOptions) => FastifyInstance } = {}
): Promise<Native> {
  const { uri = await freshUri(), serve = nativeServer, ...rest } = options
  const database = rest.database ?? (await connectDatabase(uri))
  const app = serve({ jwtSecret: JWT_SECRET, bcryptCost: 4, ...rest, database })
  const undescribed = watchAnswers(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    const answers = undescribed()
    await app.close()
    await database.close()
    expect(answers).toEqual([])
  })
  return { app, database, db: database.db, uri, call: caller(app.listeningOrigin) }
}

export function caller(origin: string): Native['call'] {
  return async (method, path, { token, headers, body } = {}) => {
    const raw =
      typeof body === 'string' || Buffer.isBuffer(body) ? body : body === undefined ? null : JSON.stringify(body)
    const answer = await request(origin + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(raw !== null && { 'content-type': 'application/json' }),
        ...headers
      },
      body: raw
    })
    const text = await answer.body.text()
    const isJson = text !== '' && String(answer.headers['content-type']).startsWith('application/json')
    return { status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined }
  }
}

export interface Person {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly token: string
}

/** A user in the database, without the cost of a registration, and a token of theirs as the legacy signs it. */
export async function givenUser(db: Db, { role = 'clinician' } = {}): Promise<Person> {
  const objectId = new ObjectId()
  const id = objectId.toHexString()
  const username = `user ${id}`
  const email = `${randomUUID()}@example.org`
  const createdAt = new Date('2026-01-02T03:04:05.678Z')
  const rest = { password: 'not a hash', role, prompts: [], notes: [], transcripts: [], createdAt, __v: 0 }
  await db.collection('users').insertOne({ _id: objectId, username, email, ...rest })
  return { id, username, email, token: signedToken({ userID: id, author: username }) }
}

/** As the legacy issues it; `claims` override. An undefined claim is left out. */
export function signedToken(claims: Record<string, unknown> = {}, secret = JWT_SECRET): string {
  const iat = Math.floor(Date.now() / 1000)
  const payload = { userID: new ObjectId().toHexString(), author: 'someone', iat, exp: iat + 3600, ...claims }
  return jsonwebtoken.sign(JSON.stringify(payload), secret, { header: { alg: 'HS256', typ: 'JWT' } })
}

/** A consultation of the clinician's, as the legacy starts one. */
export async function givenConsultation(db: Db, clinician: string): Promise<string> {
  const { insertedId } = await db.collection('consultations').insertOne({
    clinician: new ObjectId(clinician),
    patient: { name: 'P' },
    transcript: new ObjectId(),
    notes: [],
    status: 'active',
    started_at: new Date(),
    __v: 0
  })
  return insertedId.toHexString()
}

export function randomId(): string {
  return randomBytes(12).toString('hex')
}
