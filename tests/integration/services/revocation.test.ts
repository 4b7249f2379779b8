import type { CommandStartedEvent } from 'mongodb'
import mongoose from 'mongoose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectDatabase } from '../../../services/index.ts'
import { isDatabaseUnavailable } from '../../../services/platform/database.ts'
import { type RevokedTokens, revokedTokens } from '../../../services/platform/revoked-tokens.ts'
import { BlackToken } from '../../support/legacy/models.ts'
import { freshUri, givenUser, signedToken, startNative } from './support.ts'
import { givenWire } from './wire.ts'

const LOGGED_OUT = { status: 401, body: { msg: 'Session logged out. Please log in again.' } }
const STALENESS_MS = 1000
const NEXT_HOUR = new Date(Date.now() + 3_600_000)

/** A replica's list with a clock that the test moves, over a database that the test can cut off, its look-ups counted. */
async function givenReplica(uri: string) {
  const wire = await givenWire(uri)
  const database = await connectDatabase(`${wire.uri}&monitorCommands=true`)
  onTestFinished(() => database.close())
  const lookUps: unknown[] = []
  database.db.client.on('commandStarted', ({ commandName, command }: CommandStartedEvent) => {
    if (commandName === 'find') lookUps.push(command)
  })
  let time = 0
  const tokens = revokedTokens(database.db, { stalenessMs: STALENESS_MS, now: () => time })
  return { tokens, wire, lookUps, pass: (ms: number) => void (time += ms) }
}

async function givenReplicas() {
  const uri = await freshUri()
  return [await givenReplica(uri), await givenReplica(uri)] as const
}

const revoke = (tokens: RevokedTokens, token: string) => tokens.add(token, NEXT_HOUR)

const large = (index: number) => `${index}`.padEnd(1_000_000, 'x')

describe('the list of revoked tokens', () => {
  it('asks the database again as soon as the staleness is over, and not before', async () => {
    const [here, elsewhere] = await givenReplicas()
    expect(await here.tokens.has('t')).toBe(false)
    await revoke(elsewhere.tokens, 't')
    here.pass(STALENESS_MS - 1)
    expect(await here.tokens.has('t')).toBe(false)
    expect(here.lookUps).toHaveLength(1)
    here.pass(1)
    expect(await here.tokens.has('t')).toBe(true)
    expect(here.lookUps).toHaveLength(2)
  })

  it('remembers for good that a token is revoked', async () => {
    const [here, elsewhere] = await givenReplicas()
    await revoke(elsewhere.tokens, 't')
    for (let look = 0; look < 5; look++) {
      expect(await here.tokens.has('t')).toBe(true)
      here.pass(STALENESS_MS)
    }
    expect(here.lookUps).toHaveLength(1)
  })

  it('knows at once what was revoked here, also while a look-up is out', async () => {
    const [here] = await givenReplicas()
    for (let round = 0; round < 20; round++) {
      const token = `token ${round}`
      await here.tokens.has(token)
      here.pass(STALENESS_MS)
      const underWay = here.tokens.has(token)
      await revoke(here.tokens, token)
      expect(await here.tokens.has(token)).toBe(true)
      await underWay
      expect(await here.tokens.has(token)).toBe(true)
    }
  })

  it('can be asked for what the database has now', async () => {
    const [here, elsewhere] = await givenReplicas()
    expect(await here.tokens.has('t')).toBe(false)
    await revoke(elsewhere.tokens, 't')
    expect(await here.tokens.hasNow('t')).toBe(true)
  })

  it('answers from memory while the database is away, as long as that is fresh, and then fails', async () => {
    const [{ tokens, wire, pass }] = await givenReplicas()
    expect(await tokens.has('good')).toBe(false)
    await revoke(tokens, 'revoked')
    wire.cut()
    pass(STALENESS_MS - 1)
    expect(await tokens.has('good')).toBe(false)
    pass(1)
    await expect(tokens.has('good')).rejects.toSatisfy(isDatabaseUnavailable)
    expect(await tokens.has('revoked')).toBe(true)
  })

  it('remembers a bounded amount, the longest unused going first', async () => {
    const [{ tokens, lookUps }] = await givenReplicas()
    for (let index = 0; index < 11; index++) await tokens.has(large(index))
    expect(lookUps).toHaveLength(11)
    await tokens.has(large(10))
    expect(lookUps).toHaveLength(11)
    await tokens.has(large(0))
    expect(lookUps).toHaveLength(12)
  })
})

describe('a token logged out on one replica', () => {
  it('is refused on the other by every request from the staleness on', async () => {
    const uri = await freshUri()
    const options = { uri, revocationStalenessMs: 300 }
    const [one, other] = [await startNative(options), await startNative(options)]
    const { token } = await givenUser(one.db)
    const profile = () => other.call('GET', '/users/profile', { token })
    expect((await profile()).status).toBe(200)

    await one.call('POST', '/users/logout', { token })
    const loggedOutAt = performance.now()
    let askedAt = loggedOutAt
    let answer = await profile()
    while (answer.status === 200) {
      expect(askedAt - loggedOutAt).toBeLessThan(options.revocationStalenessMs)
      askedAt = performance.now()
      answer = await profile()
    }
    expect(answer).toMatchObject(LOGGED_OUT)
    expect(await one.call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
  })

  it('is refused at once where it was not used within the staleness', async () => {
    const uri = await freshUri()
    const options = { uri, revocationStalenessMs: 60_000 }
    const [one, other] = [await startNative(options), await startNative(options)]
    const { token } = await givenUser(one.db)
    await one.call('POST', '/users/logout', { token })
    expect(await other.call('GET', '/users/profile', { token })).toMatchObject(LOGGED_OUT)
  })
})

describe('the legacy’s model', () => {
  it('reads the tokens that are logged out natively, and those it writes are heeded', async () => {
    const { call, uri, db } = await startNative()
    const connection = await mongoose.createConnection(uri).asPromise()
    onTestFinished(() => connection.close())
    const LegacyToken = connection.model('BlackToken', BlackToken.schema, 'blacktokens')

    const native = signedToken()
    await call('POST', '/users/logout', { token: native })
    const found = await LegacyToken.findOne({ blackToken: native })
    expect(found?.toObject()).toMatchObject({ blackToken: native })
    await found?.save()
    expect(await call('GET', '/users/profile', { token: native })).toMatchObject(LOGGED_OUT)

    const { token: legacy } = await givenUser(db)
    await new LegacyToken({ blackToken: legacy }).save()
    expect(await call('GET', '/users/profile', { token: legacy })).toMatchObject(LOGGED_OUT)
  })
})
