import { isIP } from 'node:net'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

const Port = (description: string, defaultPort: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: defaultPort, description })
const Milliseconds = (description: string, defaultMs: number) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: defaultMs, description })

/** Every variable that the gateway reads. `description` completes the sentence "NAME: expected …". */
export const EnvironmentSchema = Type.Object({
  LEGACY_URL: Type.String({
    minLength: 1,
    description: 'the origin of the legacy backend, such as http://legacy:3000'
  }),
  MONGODB_URI: Type.String({
    pattern: '^mongodb(\\+srv)?://',
    description: 'a MongoDB connection string, mongodb://…'
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
}

/**
 * Reads and checks the environment.
 *
 * @throws EnvironmentError listing every variable that is missing or wrong. Values of secrets are not repeated.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(
    Object.keys(EnvironmentSchema.properties).flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]]))
  )
  const variables = Value.Convert(EnvironmentSchema, Value.Default(EnvironmentSchema, given))
  const problems = new Set<string>()
  for (const { path, schema } of Value.Errors(EnvironmentSchema, variables)) {
    const name = path.slice(1)
    problems.add(`${name} ${name in given ? 'is wrong' : 'is missing'}: expected ${schema.description ?? 'a value'}`)
  }
  if (!Value.Check(EnvironmentSchema, variables) || problems.size > 0) throw refusal(problems)
  if (!isOrigin(variables.LEGACY_URL))
    problems.add('LEGACY_URL is wrong: expected an http:// or https:// origin without a path')
  const credential = variables.OVERRIDE_CREDENTIAL
  if (credential !== '' && credential.length < 16) {
    problems.add('OVERRIDE_CREDENTIAL is wrong: expected at least 16 characters')
  }
  const networks = (name: 'TRUSTED_PROXIES' | 'OVERRIDE_NETWORKS') => {
    const list = variables[name]
      .split(',')
      .map(entry => entry.trim())
      .filter(entry => entry !== '')
    for (const entry of list) {
      if (!isNetwork(entry)) problems.add(`${name} is wrong: "${entry}" is neither an IP address nor a CIDR network`)
    }
    return list
  }
  const environment: Environment = {
    ...variables,
    TRUSTED_PROXIES: networks('TRUSTED_PROXIES'),
    OVERRIDE_NETWORKS: networks('OVERRIDE_NETWORKS')
  }
  if (problems.size > 0) throw refusal(problems)
  return environment
}

function refusal(problems: ReadonlySet<string>): EnvironmentError {
  return new EnvironmentError(`the environment is not complete:\n${[...problems].map(line => `  ${line}`).join('\n')}`)
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
