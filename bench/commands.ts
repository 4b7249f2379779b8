import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import mongoose from 'mongoose'
import { Pool } from 'undici'
import { connectDatabase } from '../services/index.ts'
import { nativeServer } from '../services/native-server.ts'
import { legacyApp } from '../tests/support/legacy/app.ts'
import type { ReadRequest, ReadRoute } from './clinic.ts'
import { CannotMeasure } from './machine.ts'

const CONNECTIONS = 32
const REQUESTS = 640

/** Database commands a request, by route. */
export interface Commands {
  readonly native: ReadonlyMap<string, number>
  readonly standIn: ReadonlyMap<string, number>
}

/** A client of either driver: Mongoose brings its own. */
interface Monitored {
  on(event: 'commandStarted', listener: () => void): unknown
}

interface CommandsOptions {
  readonly mongodbUri: string
  readonly jwtSecret: string
  readonly terminologyUrl: string
  readonly routes: readonly ReadRoute[]
}

/** Counts through the drivers' command monitoring, in this process, under as many connections as the race has. */
export async function countCommands(options: CommandsOptions): Promise<Commands> {
  return { native: await ofNative(options), standIn: await ofStandIn(options) }
}

async function ofNative({ mongodbUri, jwtSecret, terminologyUrl, routes }: CommandsOptions) {
  const database = await connectDatabase(monitored(mongodbUri))
  const terminology = { baseUrl: terminologyUrl, clientId: 'bench', clientSecret: 'bench' }
  const app = nativeServer({ database, jwtSecret, terminology })
  try {
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return await countEach(database.db.client, url, routes)
  } finally {
    await app.close()
    await database.close()
  }
}

async function ofStandIn({ mongodbUri, jwtSecret, terminologyUrl, routes }: CommandsOptions) {
  await mongoose.connect(mongodbUri, { monitorCommands: true })
  const terminology = { baseUrl: terminologyUrl, clientId: 'bench', clientSecret: 'bench' }
  const openai = { baseUrl: undefined, apiKey: undefined }
  const server = createServer(legacyApp({ jwtSecret, openai, terminology })).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    return await countEach(mongoose.connection.getClient(), `http://127.0.0.1:${portOf(server.address())}`, routes)
  } finally {
    server.close()
    await mongoose.disconnect()
  }
}

async function countEach(client: Monitored, url: string, routes: readonly ReadRoute[]) {
  let started = 0
  client.on('commandStarted', () => started++)
  const pool = new Pool(url, { connections: CONNECTIONS })
  const counts = new Map<string, number>()
  for (const { id, requests } of routes) {
    await ask(pool, requests, CONNECTIONS)
    const before = started
    await ask(pool, requests, REQUESTS)
    counts.set(id, (started - before) / REQUESTS)
  }
  await pool.close()
  return counts
}

/** The pool's connections keep that many requests out. */
async function ask(pool: Pool, requests: readonly ReadRequest[], count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { path = '/', token } = requests[index % requests.length] ?? {}
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path,
        headers: { authorization: `Bearer ${token}` }
      })
      await body.dump()
      if (statusCode !== 200) throw new CannotMeasure(`${path} answered ${statusCode}`)
    })
  )
}

function monitored(uri: string): string {
  return `${uri}${uri.includes('?') ? '&' : '?'}monitorCommands=true`
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== 'object' || address === null) throw new CannotMeasure('the stand-in has no port')
  return address.port
}
