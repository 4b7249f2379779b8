import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { type GatewayOptions, type RunningGateway, startGateway } from './gateway.ts'

/** Of the routing store. */
const COLLECTIONS = ['log', 'beats', 'rollouts', 'orders', 'replicas', 'batches']

export interface ReplicaOptions extends GatewayOptions {
  readonly replicas: number
  /** Of the server that the routing store is on; default: the one of the services' database. */
  readonly storeUri?: string
  /** Of their public listeners; default: free ones. */
  readonly ports?: readonly number[]
}

export interface RunningReplicas {
  readonly gateways: readonly RunningGateway[]
  /** Of their first start, which one of them printed. */
  readonly credential: string
  /** Starts one again, after it ended. */
  restart(index: number): Promise<RunningGateway>
  stop(): Promise<void>
}

/** Starts gateways that share a routing store of a fresh name, on the server that their database is on. */
export async function startReplicas({
  replicas,
  ports = [],
  storeUri,
  ...options
}: ReplicaOptions): Promise<RunningReplicas> {
  const name = `routing_${randomBytes(4).toString('hex')}`
  const uri = storeUri ?? options.mongodbUri
  await createStore(uri, name)
  const start = (index: number) =>
    startGateway({
      ...options,
      env: {
        ROUTING_STORE: 'mongodb',
        ROUTING_MONGODB_URI: uri,
        ROUTING_DATABASE: name,
        REPLICA_NAME: `gateway-${index + 1}`,
        PORT: String(ports[index] ?? 0),
        ...options.env
      }
    })
  const gateways = await Promise.all(Array.from({ length: replicas }, (_, index) => start(index)))
  const printed = gateways.flatMap(gateway => gateway.lines()).join('\n')
  const credentials = printed.match(/sgw_\S+/g) ?? []
  const [credential, ...more] = credentials
  if (credential === undefined || more.length > 0) {
    throw new Error(`${credentials.length} credentials were printed, expected one`)
  }
  return {
    gateways,
    credential,
    async restart(index) {
      const gateway = await start(index)
      gateways[index] = gateway
      return gateway
    },
    async stop() {
      await Promise.all(gateways.map(gateway => gateway.stop()))
    }
  }
}

/** Two connections that make one collection at the same moment lock SecantusDB up for good. */
async function createStore(uri: string, name: string): Promise<void> {
  const client = await MongoClient.connect(uri)
  for (const collection of COLLECTIONS) await client.db(name).createCollection(collection)
  await client.close()
}
