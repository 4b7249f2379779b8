import { isIP } from 'node:net'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** What nginx can take as it stands, quoted: no quotes, no backslashes, no control characters, no variables. */
const PATH = '^/[A-Za-z0-9._/@+-]*$'
const HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\]'
const Port = (description: string, initial: number) =>
  Type.Integer({ minimum: 1, maximum: 65_535, default: initial, description })

/** The environment that nginx's configuration is made from. */
export const SettingsSchema = Type.Object({
  GATEWAY_UPSTREAMS: Type.String({
    pattern: `^(?:${HOST}):\\d{1,5}(?:,(?:${HOST}):\\d{1,5})*$`,
    description: 'the public listeners of the gateways, host:port, comma-separated'
  }),
  LEGACY_URL: Type.String({
    pattern: `^https?://(?:${HOST})(?::\\d{1,5})?/?$`,
    description: 'the origin of the legacy backend, http:// or https://, without a path'
  }),
  SERVER_NAME: Type.String({
    default: '_',
    pattern: '^(?:_|[A-Za-z0-9*.-]+(?: [A-Za-z0-9*.-]+)*)$',
    description: 'the host names that are served, separated by blanks; _ for any'
  }),
  LISTEN_ADDRESS: Type.String({
    default: '0.0.0.0',
    pattern: '^(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9A-Fa-f:.]+\\])$',
    description: 'the address to listen on, IPv6 in brackets'
  }),
  HTTPS_PORT: Port('the port of HTTPS, 1–65535', 8443),
  HTTP_PORT: Port('the port whose requests are sent on to HTTPS, 1–65535', 8000),
  PUBLIC_HTTPS_PORT: Port('the port of HTTPS as clients see it, 1–65535', 443),
  TLS_CERTIFICATE: Type.String({ pattern: PATH, description: 'the absolute path of the certificate chain, PEM' }),
  TLS_CERTIFICATE_KEY: Type.String({ pattern: PATH, description: 'the absolute path of its key, PEM' }),
  HSTS_SECONDS: Type.Integer({
    minimum: 0,
    maximum: 63_072_000,
    default: 0,
    description: 'for how long browsers are to use HTTPS only, 0–63072000 s; 0: nothing is said'
  }),
  REAL_IP_FROM: Type.String({
    default: '',
    description:
      'addresses and networks of load balancers in front of nginx whose X-Forwarded-For counts, comma-separated'
  }),
  RUN_DIRECTORY: Type.String({
    default: '/tmp/nginx',
    pattern: PATH,
    description: 'the absolute path of a directory that nginx may write: its pid and temporary files'
  }),
  ACCESS_LOG: Type.String({
    default: '/dev/stdout',
    pattern: PATH,
    description: 'the absolute path of the access log'
  }),
  LAST_RESORT_LOG: Type.String({
    default: '',
    pattern: `^$|${PATH}`,
    description: 'the absolute path of a second access log, of the requests that no gateway took only'
  })
})
export type Settings = Static<typeof SettingsSchema>

/** The settings do not do; the message lists everything that is missing or wrong, a line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/**
 * Reads and checks the environment.
 *
 * @throws SettingsError listing every variable that is missing or wrong.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given: Record<string, string | number> = {}
  for (const [name, { type }] of Object.entries(SettingsSchema.properties)) {
    const text = env[name]
    if (text === undefined) continue
    given[name] = type === 'integer' && /^\d+$/.test(text) ? Number(text) : text
  }
  const settings = Value.Default(SettingsSchema, given)
  const problems = [...Value.Errors(SettingsSchema, settings)].map(({ path, schema }) => {
    const name = path.slice(1)
    return `  ${name} is ${env[name] ? 'wrong' : 'missing'}: expected ${schema.description ?? 'a value'}`
  })
  for (const entry of listOf(env['REAL_IP_FROM'] ?? '')) {
    if (!isNetwork(entry)) problems.push(`  REAL_IP_FROM is wrong: "${entry}" is neither an address nor a network`)
  }
  if (!Value.Check(SettingsSchema, settings) || problems.length > 0) {
    throw new SettingsError(`nginx cannot be configured:\n${[...new Set(problems)].join('\n')}`)
  }
  return settings
}

/** The entries of a comma-separated list. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}

function isNetwork(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}
