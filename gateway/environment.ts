import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { withSecretFiles } from './secret-files.ts'
import { TracingVariables } from './tracing/variables.ts'

const MIN_SECRET_LENGTH = 16

const Port = (description: string, defaultPort: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: defaultPort, description })
const Milliseconds = (description: string, defaultMs: number) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: defaultMs, description })
const Count = (what: string, defaultCount: number) =>
  Type.Integer({
    minimum: 1,
    maximum: 1_000_000_000,
    default: defaultCount,
    description: `how many ${what} are let through within LOGIN_WINDOW_MS, 1–1000000000`
  })
const Url = (what: string, defaultUrl: string) =>
  Type.String({
    pattern: '^https?://[^\\s?#]*[^\\s?#/]$',
    default: defaultUrl,
    description: `the URL of ${what}, http:// or https://, without a slash at its end`
  })

/** Every variable that the gateway reads. `description` completes the sentence "NAME: expected …". */
export const EnvironmentSchema = Type.Object({
  LEGACY_URL: Type.String({
    minLength: 1,
    description: 'the origin of the legacy backend, such as http://legacy:3000'
  }),
  MONGODB_URI: Type.String({
    pattern: '^mongodb(\\+srv)?://([^/?#@\\s]*@)?[^/?#@\\s,]+(,[^/?#@\\s,]+)*([/?]\\S*)?$',
    description: 'a MongoDB connection string, mongodb://host:port/database, special characters of a password escaped'
  }),
  JWT_SECRET: Type.String({ minLength: 1, description: 'the secret that the legacy backend signs its tokens with' }),
  HOST: Type.String({ default: '0.0.0.0', minLength: 1, description: 'the address of the public listener' }),
  PORT: Port('the port of the public listener, 0–65535', 8080),
  ADMIN_HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'the address of the admin listener' }),
  ADMIN_PORT: Port('the port of the admin listener, 0–65535', 8081),
  ROUTING_CONFIG: Type.String({
    default: 'routing.config.json',
    minLength: 1,
    description: 'the path of the routing configuration'
  }),
  STATE_DIR: Type.String({
    default: '',
    description:
      'the directory of revisions, audit and rollouts; empty: .gateway-state beside the routing configuration'
  }),
  ROUTING_STORE: Type.Union([Type.Literal('file'), Type.Literal('mongodb')], {
    default: 'file',
    description:
      'file: one gateway, its state in files. mongodb: several gateways, their state in a database; ROUTING_CONFIG seeds it'
  }),
  ROUTING_MONGODB_URI: Type.String({
    default: '',
    pattern: '^$|^mongodb(\\+srv)?://([^/?#@\\s]*@)?[^/?#@\\s,]+(,[^/?#@\\s,]+)*([/?]\\S*)?$',
    description: 'the MongoDB of ROUTING_STORE=mongodb, mongodb://host:port; empty: the one of MONGODB_URI'
  }),
  ROUTING_DATABASE: Type.String({
    default: 'scribe_gateway',
    pattern: '^[A-Za-z0-9_-]{1,63}$',
    description: 'the name of its database, letters, digits, _ and -'
  }),
  REPLICA_NAME: Type.String({
    default: hostname(),
    pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$',
    description: 'what this gateway is called among its replicas; default: the name of its machine'
  }),
  KILL_FILE: Type.String({
    default: '',
    description: 'the path of a file that sends callers upstream while it is there, all or of the routes it names'
  }),
  TRUSTED_PROXIES: Type.String({
    default: '',
    description: 'addresses and CIDR networks whose X-Forwarded-* count, comma-separated'
  }),
  OVERRIDE_NETWORKS: Type.String({
    default: '',
    description: 'addresses and CIDR networks that may send x-gateway-target, comma-separated'
  }),
  OVERRIDE_CREDENTIAL: Type.String({
    default: '',
    description: 'empty, or the value of x-gateway-credential that allows x-gateway-target, at least 16 characters'
  }),
  BCRYPT_COST: Type.Integer({
    default: 12,
    minimum: 4,
    maximum: 15,
    description: 'the cost of new password hashes, 4–15'
  }),
  LOGIN_WINDOW_MS: Type.Integer({
    default: 900_000,
    minimum: 1000,
    maximum: 86_400_000,
    description: 'how long failed logins and registrations count, 1000–86400000 ms'
  }),
  LOGIN_FAILURES_PER_ACCOUNT_AND_ADDRESS: Count('failed logins on one account from one address', 10),
  LOGIN_FAILURES_PER_ACCOUNT: Count(
    'failed logins on one account from addresses that it was not used from before',
    100
  ),
  LOGIN_FAILURES_PER_ADDRESS: Count('failed logins from one address on accounts not used from there before', 1000),
  REGISTRATIONS_PER_ADDRESS: Count('registrations from one address', 500),
  REVOCATION_STALENESS_MS: Type.Integer({
    default: 2000,
    minimum: 0,
    maximum: 60_000,
    description: 'how long a token logged out on another replica may still be taken, 0–60000 ms'
  }),
  OPENAI_API_KEY: Type.String({ default: '', description: 'the key of OpenAI; without one its answers fail' }),
  OPENAI_BASE_URL: Url('OpenAI with its version', 'https://api.openai.com/v1'),
  OPENAI_CHAT_MODEL: Type.String({ default: 'gpt-4o', minLength: 1, description: 'the model that completes chats' }),
  OPENAI_TRANSCRIPTION_MODEL: Type.String({
    default: 'whisper-1',
    minLength: 1,
    description: 'the model that transcribes audio'
  }),
  OPENAI_TIMEOUT_MS: Milliseconds('how long one attempt at OpenAI may take, 1–86400000 ms', 60_000),
  OPENAI_MAX_RETRIES: Type.Integer({
    default: 2,
    minimum: 0,
    maximum: 10,
    description: 'how many attempts at OpenAI may follow the first, 0–10'
  }),
  OPENAI_CONCURRENCY: Type.Integer({
    default: 16,
    minimum: 1,
    maximum: 1000,
    description: 'how many requests to OpenAI may be out at the same time, 1–1000'
  }),
  NHS_BASE_URL: Url('the NHS terminology server', 'https://ontology.nhs.uk'),
  NHS_CLIENT_ID: Type.String({ default: '', description: 'who the gateway is to the NHS terminology server' }),
  NHS_CLIENT_SECRET: Type.String({ default: '', description: 'its secret there; without both, code searches fail' }),
  NHS_TIMEOUT_MS: Milliseconds('how long one request to the NHS may take, 1–86400000 ms', 10_000),
  TRANSCRIPTION_REQUIRE_TOKEN: Type.Union([Type.Literal('true'), Type.Literal('false')], {
    default: 'false',
    description: 'true or false: whether /transcription-stream takes only clients with a token'
  }),
  EVENT_WEBHOOK_URL: Type.String({
    default: '',
    pattern: '^$|^https?://[^\\s/?#]+[^\\s#]*$',
    description: 'empty, or the http:// or https:// URL that events are posted to'
  }),
  EVENT_WEBHOOK_SECRET: Type.String({
    default: '',
    description: 'the secret that events are signed with, at least 16 characters; needed with EVENT_WEBHOOK_URL'
  }),
  ...TracingVariables,
  SHUTDOWN_TIMEOUT_MS: Milliseconds('how long a stop waits for what is in flight, 1–86400000 ms', 30_000),
  SHUTDOWN_DELAY_MS: Type.Integer({
    default: 500,
    minimum: 0,
    maximum: 60_000,
    description: 'how long a stop still accepts while it turns unready, 0–60000 ms'
  }),
  REQUEST_TIMEOUT_MS: Milliseconds('how long a client may take to send one request, 1–86400000 ms', 300_000),
  LOG_LEVEL: Type.Union(
    (['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const).map(level => Type.Literal(level)),
    { default: 'info', description: 'one of fatal, error, warn, info, debug, trace, silent' }
  )
})
type Variables = Static<typeof EnvironmentSchema>

export interface Environment extends Omit<Variables, 'LEGACY_URL' | 'TRUSTED_PROXIES' | 'OVERRIDE_NETWORKS'> {
  readonly LEGACY_URL: string
  readonly TRUSTED_PROXIES: readonly string[]
  readonly OVERRIDE_NETWORKS: readonly string[]
}

/** The environment does not do; the message lists everything that is missing or wrong, a line each. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'

  constructor(problems: readonly string[]) {
    super(`the environment is not complete:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
  }
}

/**
 * Reads and checks the environment. A secret may be in a file instead, whose path stands in `NAME_FILE`.
 *
 * @throws EnvironmentError listing every variable that is missing or wrong. Values of secrets are not repeated.
 */
export function readEnvironment(given: NodeJS.ProcessEnv): Environment {
  const { env, problems: unread } = withSecretFiles(given)
  const variables = Value.Default(EnvironmentSchema, givenIn(env))
  const told = [...schemaProblems(variables, env), ...ruleProblems(env)].filter(
    // Of one whose file cannot be read, that is all there is to say.
    problem => !unread.has(problem.split(' ', 1)[0] ?? '')
  )
  const problems = [...new Set([...unread.values(), ...told])]
  if (!Value.Check(EnvironmentSchema, variables) || problems.length > 0) throw new EnvironmentError(problems)
  return {
    ...variables,
    TRUSTED_PROXIES: listOf(variables.TRUSTED_PROXIES),
    OVERRIDE_NETWORKS: listOf(variables.OVERRIDE_NETWORKS)
  }
}

/** The variables that are set, whole numbers as numbers. */
function givenIn(env: NodeJS.ProcessEnv): Record<string, string | number> {
  const given: Record<string, string | number> = {}
  for (const [name, { type }] of Object.entries(EnvironmentSchema.properties)) {
    const text = env[name]
    if (text !== undefined) given[name] = type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text
  }
  return given
}

function* schemaProblems(variables: unknown, env: NodeJS.ProcessEnv): Generator<string> {
  for (const { path, schema } of Value.Errors(EnvironmentSchema, variables)) {
    const name = path.slice(1)
    const isMissing = env[name] === undefined || env[name] === ''
    yield `${name} is ${isMissing ? 'missing' : 'wrong'}: expected ${schema.description ?? 'a value'}`
  }
}

/** What a schema cannot state. */
function* ruleProblems(env: NodeJS.ProcessEnv): Generator<string> {
  const { LEGACY_URL: legacy = '', OVERRIDE_CREDENTIAL: credential = '' } = env
  if (legacy !== '' && !isOrigin(legacy)) {
    yield 'LEGACY_URL is wrong: expected an http:// or https:// origin without a path'
  }
  if (credential !== '' && credential.length < MIN_SECRET_LENGTH) {
    yield `OVERRIDE_CREDENTIAL is wrong: expected at least ${MIN_SECRET_LENGTH} characters`
  }
  const { EVENT_WEBHOOK_URL: webhook = '', EVENT_WEBHOOK_SECRET: secret = '' } = env
  if (/^https?:/.test(webhook) && secret.length < MIN_SECRET_LENGTH) {
    yield `EVENT_WEBHOOK_SECRET is wrong: expected at least ${MIN_SECRET_LENGTH} characters with EVENT_WEBHOOK_URL`
  }
  for (const name of ['TRUSTED_PROXIES', 'OVERRIDE_NETWORKS']) {
    for (const entry of listOf(env[name] ?? '')) {
      if (!isNetwork(entry)) yield `${name} is wrong: "${entry}" is neither an IP address nor a CIDR network`
    }
  }
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}

/** Where the gateway keeps what has to outlive it. */
export function stateDirectory({ STATE_DIR, ROUTING_CONFIG }: Environment): string {
  return STATE_DIR === '' ? join(dirname(ROUTING_CONFIG), '.gateway-state') : STATE_DIR
}

/** True for an http(s) URL that is an origin only: relayed paths are the client's, byte for byte, so a prefix could not be kept. */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.username === ''
  )
}

function isNetwork(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
