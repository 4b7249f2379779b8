import { deepStrictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { fillClinic, type ReadRoute, writeRequests } from './clinic.ts'
import { countCommands } from './commands.ts'
import { CannotMeasure } from './machine.ts'
import { race, type Result, resultOf } from './rounds.ts'
import type { Rule } from './rule.ts'
import { LEGACY_MAIN, type Server, type Starter } from './servers.ts'
import { startTerminology } from './terminology.ts'

export const STAND_IN = 'the stand-in (Express, Mongoose)'
export const GATEWAY = 'ours at weight 100, gateway and native'
export const ALONE = 'native without the gateway'
const MIN_RATIO = 2
/** The route whose memory has a rule. RSS is what it was after each route, in their order. */
const MEMORY_OF = 'notes.list'
const CHECKED_REQUESTS = 25
const INDEX_LIMIT_MS = 60_000
const INDEX_POLL_MS = 200

interface NativeOptions {
  readonly starter: Starter
  readonly mongodbUri: string
  readonly rounds: number
  /** The ids of routes; default: every route that reads. */
  readonly only?: readonly string[] | undefined
}

export interface RouteResult {
  readonly id: string
  readonly results: readonly Result[]
  /** Database commands a request. */
  readonly commands: { readonly native: number; readonly standIn: number }
}

export interface MeasuredNative {
  readonly routes: readonly RouteResult[]
  readonly rules: readonly Rule[]
}

/** Every route that reads, from the legacy stand-in and from us, on one database. */
export async function measureNative({ starter, mongodbUri, rounds, only }: NativeOptions): Promise<MeasuredNative> {
  const jwtSecret = randomBytes(32).toString('hex')
  const terminology = await startTerminology(starter)
  // First, while the collections are empty: their indexes take no time then.
  const servers = await startServers({ starter, mongodbUri, jwtSecret, terminologyUrl: terminology.url })
  const client = await MongoClient.connect(mongodbUri)
  await indexed(client)
  const routes = (await fillClinic(client.db(), jwtSecret)).filter(({ id }) => only?.includes(id) ?? true)
  await client.close()
  if (routes.length === 0) throw new CannotMeasure('--route: no route that reads has that id')

  const commands = await countCommands({ mongodbUri, jwtSecret, terminologyUrl: terminology.url, routes })
  const measured: RouteResult[] = []
  for (const { id, requests } of routes) {
    await compareAnswers(servers, { id, requests: requests.slice(0, CHECKED_REQUESTS) })
    const file = join(starter.directory, `requests-${id}`)
    await writeRequests(file, requests)
    const contenders = servers.map(server => ({ name: server.name, instances: [server] }))
    const results = await race(contenders, { baseline: STAND_IN, load: { path: '/', file }, rounds })
    const counts = { native: commands.native.get(id) ?? NaN, standIn: commands.standIn.get(id) ?? NaN }
    const ratios = results.map(({ ratio }) => ratio.median.toFixed(2))
    process.stderr.write(`  ${id}: ${ratios.join(', ')}\n`)
    measured.push({ id, results, commands: counts })
  }
  return { routes: measured, rules: measured.flatMap(rulesOf) }
}

interface ServersOptions {
  readonly starter: Starter
  readonly mongodbUri: string
  readonly jwtSecret: string
  readonly terminologyUrl: string
}

/** Waits until the last of the indexes is there. */
async function indexed(client: MongoClient): Promise<void> {
  const deadline = Date.now() + INDEX_LIMIT_MS
  while ((await client.db().collection('notes').indexes()).length < 2) {
    if (Date.now() > deadline) throw new CannotMeasure(`no index on the notes after ${INDEX_LIMIT_MS} ms`)
    await delay(INDEX_POLL_MS)
  }
}

async function startServers({ starter, mongodbUri, jwtSecret, terminologyUrl }: ServersOptions) {
  const nhs = { NHS_BASE_URL: terminologyUrl, NHS_CLIENT_ID: 'bench', NHS_CLIENT_SECRET: 'bench' }
  const env = { ...nhs, MONGODB_URI: mongodbUri, JWT_SECRET: jwtSecret }
  const standIn = await starter.script({ name: STAND_IN, script: LEGACY_MAIN, env })
  const gateway = await starter.gateway({
    name: GATEWAY,
    legacyUrl: standIn.url,
    mongodbUri,
    jwtSecret,
    weights: 100,
    env: nhs
  })
  const script = fileURLToPath(new URL('targets/native.ts', import.meta.url))
  return [standIn, gateway, await starter.script({ name: ALONE, script, env })]
}

function rulesOf({ id, results, commands }: RouteResult): Rule[] {
  const { ratio, p99Ratio, rss } = resultOf(results, GATEWAY)
  const limit = resultOf(results, STAND_IN).rss
  // A greeting asks no database, so there is nothing to save.
  const savesCommands = commands.native < commands.standIn || commands.standIn === 0
  return [
    {
      text: `${id}: at least ${MIN_RATIO} × the stand-in's requests a second: ${ratio.median.toFixed(2)} ×.`,
      isMet: ratio.median >= MIN_RATIO
    },
    { text: `${id}: p99 no worse: ${p99Ratio.median.toFixed(2)} ×.`, isMet: p99Ratio.median <= 1 },
    {
      text: `${id}: fewer database commands a request: ${commands.native.toFixed(2)} against ${commands.standIn.toFixed(2)}.`,
      isMet: savesCommands
    },
    ...(id === MEMORY_OF
      ? [{ text: `${id}: no more memory: ${(rss / limit).toFixed(2)} ×.`, isMet: rss <= limit }]
      : [])
  ]
}

/** The same from all, and the gateway's from its native side. */
async function compareAnswers(servers: readonly Server[], { id, requests }: ReadRoute): Promise<void> {
  for (const { path, token } of requests) {
    const answers: unknown[] = []
    for (const { name, url } of servers) {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
      const servedBy = response.headers.get('x-served-by')
      if (response.status !== 200 || (name === GATEWAY && servedBy !== 'native')) {
        throw new CannotMeasure(`${id}: ${name} answers ${response.status}, served by ${servedBy ?? 'itself'}`)
      }
      answers.push(await response.json())
    }
    for (const answer of answers) deepStrictEqual(answer, answers[0])
  }
}
