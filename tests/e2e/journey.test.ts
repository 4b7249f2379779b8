import { randomInt } from 'node:crypto'
import pLimit from 'p-limit'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import shipped from '../../routing.config.json' with { type: 'json' }
import { BCRYPT_COST, type Ground, JWT_SECRET, prepareGround, startBackend } from '../contract/backends.ts'
import { client } from '../contract/client.ts'
import { type GatewayOptions, type RunningGateway, startGateway } from '../support/gateway.ts'
import { type Behaviour, send } from '../support/http-stub.ts'
import type { OpenAiRequest } from '../support/openai-stub.ts'
import { HIGHLIGHTS, journey, summaryOf } from './journey.ts'
import { expectStored } from './journey-records.ts'

const LIMIT_MS = 90_000
const CLINICIANS = 4
/** Nobody listens on the discard port. */
const NOBODY = 'http://127.0.0.1:9'
const NO_DATABASE = 'mongodb://127.0.0.1:9/none'

let ground: Ground

beforeEach(async () => {
  ground = await prepareGround()
  ground.openai.behave(attentive)
})

afterEach(() => ground.close())

/** Repeats what it was given, so that whatever reaches the wrong clinician is seen. */
const attentive: Behaviour<OpenAiRequest> = ({ json, audio }, response, usual) => {
  if (json === undefined) return send(response, { body: { text: String(audio) } })
  const [system, user] = json.messages.map(({ content }) => content)
  const text = answerTo(String(system), user)
  const { body } = usual()
  return send(response, {
    body: { ...Object(body), choices: [{ index: 0, message: { role: 'assistant', content: text } }] }
  })
}

function answerTo(system: string, user: unknown): string {
  if (Array.isArray(user)) return `Seen: ${user.map(part => Object(part).text ?? '').join('')}`
  return /JSON/.test(system) ? HIGHLIGHTS : summaryOf(system, String(user))
}

async function gatewayWith(
  options: Pick<GatewayOptions, 'legacyUrl' | 'mongodbUri' | 'weights'>
): Promise<RunningGateway> {
  const env = { ...ground.env, BCRYPT_COST: String(BCRYPT_COST), REVOCATION_STALENESS_MS: '0' }
  const gateway = await startGateway({ jwtSecret: JWT_SECRET, env, ...options })
  onTestFinished(async () => void (await gateway.stop()))
  return gateway
}

async function givenLegacy(): Promise<string> {
  const legacy = await startBackend(ground)
  onTestFinished(() => legacy.stop())
  return legacy.url
}

/** All at once; when one fails, the others come to their end first. */
async function clinicians<T>(walk: () => Promise<T>): Promise<T[]> {
  const walking = Array.from({ length: CLINICIANS }, walk)
  await Promise.allSettled(walking)
  return Promise.all(walking)
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function routesWith(weight: () => number): object[] {
  return shipped.routes.map(route => (route.nativeOnly === true ? route : { ...route, weight: weight() }))
}

test('a whole consultation, while every route changes its weight at random', { timeout: LIMIT_MS }, async () => {
  const seed = randomInt(2 ** 32)
  const random = randomOf(seed)
  const legacyUrl = await givenLegacy()
  const gateway = await gatewayWith({ legacyUrl, mongodbUri: ground.database.uri, weights: 50 })
  const oneAtATime = pLimit(1)
  let changes = 0
  const change = async () => {
    await gateway.reconfigure({ routes: routesWith(() => Math.floor(random() * 101)) })
    changes++
  }
  /** Every third request meets a change on its way, and the next waits until that is done. */
  const around = async <T>(request: () => Promise<T>): Promise<T> => {
    const changed = random() < 1 / 3 ? oneAtATime(change) : undefined
    try {
      return await request()
    } finally {
      await changed
    }
  }

  try {
    const walked = await clinicians(() => journey({ url: gateway.url, around }))
    expect(changes).toBeGreaterThan(CLINICIANS * 5)
    expect(new Set(walked.flatMap(({ servedBy }) => servedBy))).toEqual(new Set(['legacy', 'native']))
    await expectStored(ground.database.db, walked)

    // Whoever logged out, and wherever: native takes the token no more.
    await gateway.reconfigure({ routes: routesWith(() => 100) })
    const call = client(() => gateway.url)
    for (const { person } of walked) {
      expect(await call('GET', '/api/consultation/', person)).toMatchObject({
        status: 401,
        headers: { 'x-served-by': 'native' },
        body: { msg: 'Session logged out. Please log in again.' }
      })
    }
  } catch (error) {
    throw new Error(`with the seed ${seed}, after ${changes} changes`, { cause: error })
  }
})

test('a whole consultation natively, with no legacy backend', { timeout: LIMIT_MS }, async () => {
  const gateway = await gatewayWith({ legacyUrl: NOBODY, mongodbUri: ground.database.uri, weights: 100 })
  const walked = await clinicians(() => journey({ url: gateway.url }))
  expect(new Set(walked.flatMap(({ servedBy }) => servedBy))).toEqual(new Set(['native']))
  await expectStored(ground.database.db, walked)
})

test('a whole consultation on the legacy backend, with no database for the native services', {
  timeout: LIMIT_MS
}, async () => {
  const gateway = await gatewayWith({ legacyUrl: await givenLegacy(), mongodbUri: NO_DATABASE, weights: 0 })
  const walked = await clinicians(() => journey({ url: gateway.url }))
  expect(new Set(walked.flatMap(({ servedBy }) => servedBy))).toEqual(new Set(['legacy']))
  await expectStored(ground.database.db, walked)
})
