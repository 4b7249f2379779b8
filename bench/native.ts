import { deepStrictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MongoClient } from 'mongodb'
import { fillClinic, type NotesRequest, writeRequests } from './clinic.ts'
import { CannotMeasure } from './machine.ts'
import type { Measured } from './relay.ts'
import { race, type Result, resultOf } from './rounds.ts'
import { LEGACY_MAIN, type Server, type Starter } from './servers.ts'
import { type Load, wrk } from './wrk.ts'

const STAND_IN = 'the stand-in (Express, Mongoose)'
const GATEWAY = 'ours at weight 100, gateway and native'
const ALONE = 'native without the gateway'
const MIN_RATIO = 2
const COUNTING_SECONDS = 1
const CHECKED_REQUESTS = 25

const ServerStatus = Type.Object({ opcounters: Type.Record(Type.String(), Type.Number()) })

interface NativeOptions {
  readonly starter: Starter
  readonly mongodbUri: string
  readonly rounds: number
  readonly started: AsyncDisposableStack
}

export interface NativeResult extends Result {
  /** Database commands a request, under the same load. */
  readonly commands: number
}

export interface MeasuredNative extends Measured {
  readonly results: readonly NativeResult[]
}

/** `GET /api/notes/:consultationId` from the legacy stand-in and from us, on one database. */
export async function measureNative({ starter, mongodbUri, rounds, started }: NativeOptions): Promise<MeasuredNative> {
  const jwtSecret = randomBytes(32).toString('hex')
  const client = await MongoClient.connect(mongodbUri)
  started.defer(() => client.close())
  const requests = await fillClinic(client, jwtSecret)
  const file = join(starter.directory, 'requests')
  await writeRequests(file, requests)

  const env = { MONGODB_URI: mongodbUri, JWT_SECRET: jwtSecret }
  const standIn = await starter.script({ name: STAND_IN, script: LEGACY_MAIN, env })
  const weights = { 'notes.list': 100 }
  const gateway = await starter.gateway({ name: GATEWAY, legacyUrl: standIn.url, mongodbUri, jwtSecret, weights })
  const script = fileURLToPath(new URL('targets/native.ts', import.meta.url))
  const servers = [standIn, gateway, await starter.script({ name: ALONE, script, env })]
  await compareAnswers(servers, requests.slice(0, CHECKED_REQUESTS))

  const load: Load = { path: '/', file }
  const results = await race(servers, { baseline: STAND_IN, load, rounds })
  const commands = new Map<string, number>()
  for (const { name, url } of servers) commands.set(name, await commandsPerRequest(client, url, load))

  const { ratio, rss } = resultOf(results, GATEWAY)
  const limit = resultOf(results, STAND_IN).rss
  return {
    results: results.map(result => ({ ...result, commands: commands.get(result.name) ?? NaN })),
    rules: [
      {
        text: `Native serves at least ${MIN_RATIO} × the stand-in's requests a second: ${ratio.median.toFixed(2)} ×.`,
        isMet: ratio.median >= MIN_RATIO
      },
      { text: `It takes no more memory: ${(rss / limit).toFixed(2)} ×.`, isMet: rss <= limit }
    ]
  }
}

/** The same notes from all, and the gateway's from its native side. */
async function compareAnswers(servers: readonly Server[], requests: readonly NotesRequest[]): Promise<void> {
  for (const { path, token } of requests) {
    const answers: unknown[] = []
    for (const { name, url } of servers) {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
      const servedBy = response.headers.get('x-served-by')
      if (response.status !== 200 || (name === GATEWAY && servedBy !== 'native')) {
        throw new CannotMeasure(`${name} answers ${response.status}, served by ${servedBy ?? 'itself'}`)
      }
      answers.push(await response.json())
    }
    for (const answer of answers) deepStrictEqual(answer, answers[0])
  }
}

async function commandsPerRequest(client: MongoClient, url: string, load: Load): Promise<number> {
  const before = await commandsSoFar(client)
  const { requests } = await wrk(url, load, COUNTING_SECONDS)
  return ((await commandsSoFar(client)) - before) / requests
}

async function commandsSoFar(client: MongoClient): Promise<number> {
  const status = Value.Parse(ServerStatus, await client.db('admin').command({ serverStatus: 1 }))
  return Object.values(status.opcounters).reduce((sum, count) => sum + count, 0)
}
