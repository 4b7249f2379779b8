import { connectDatabase, type CommandWatcher, type Database } from '../services/index.ts'
import { type Environment, EnvironmentError } from './environment.ts'
import { createWebhook, type Webhook, type WebhookOptions } from './events/webhook.ts'

/*
 * What the environment says of others that the gateway talks to. The driver's own words may quote a password, so they are
 * told to nobody.
 */

/** Nobody's request waits for the routing store, and who waits for its news hears of a dead connection soon. */
const STORE_PATIENCE_MS = 5_000

/** The product's database. @throws EnvironmentError when the driver refuses its URI. */
export async function connectProduct(
  { MONGODB_URI }: Environment,
  watch: CommandWatcher | undefined
): Promise<Database> {
  return connectDatabase(MONGODB_URI, { watch }).catch(() => refuse('MONGODB_URI'))
}

/** The database that replicas share their state in. @throws EnvironmentError when the driver refuses its URI. */
export async function connectRoutingStore(environment: Environment): Promise<Database> {
  const { ROUTING_MONGODB_URI, MONGODB_URI, ROUTING_DATABASE } = environment
  const options = { name: ROUTING_DATABASE, patienceMs: STORE_PATIENCE_MS }
  return connectDatabase(ROUTING_MONGODB_URI || MONGODB_URI, options).catch(() => refuse('ROUTING_MONGODB_URI'))
}

/** Whoever is told of events; undefined where nobody is. */
export function webhookOf(
  { EVENT_WEBHOOK_URL: url, EVENT_WEBHOOK_SECRET: secret }: Environment,
  rest: Pick<WebhookOptions, 'clock' | 'logger'>
): Webhook | undefined {
  return url === '' ? undefined : createWebhook({ url, secret, ...rest })
}

function refuse(variable: string): never {
  throw new EnvironmentError([`${variable} is wrong: expected a connection string whose options the driver knows`])
}
