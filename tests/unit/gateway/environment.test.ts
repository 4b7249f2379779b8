import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { EnvironmentError, readEnvironment } from '../../../gateway/environment.ts'
import { isTracingOn } from '../../../gateway/tracing/tracing.ts'

const COMPLETE = {
  LEGACY_URL: 'http://legacy:3000',
  MONGODB_URI: 'mongodb://scribe:pass%40word@a:27017,b:27017/scribe?replicaSet=rs',
  JWT_SECRET: 'the secret'
}

function refusal(env: NodeJS.ProcessEnv): string {
  try {
    readEnvironment(env)
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message
    throw error
  }
  throw new Error('the environment was accepted')
}

test('with what must be set, everything else has its default', () => {
  expect(readEnvironment(COMPLETE)).toEqual({
    ...COMPLETE,
    HOST: '0.0.0.0',
    PORT: 8080,
    ADMIN_HOST: '127.0.0.1',
    ADMIN_PORT: 8081,
    ROUTING_CONFIG: 'routing.config.json',
    STATE_DIR: '',
    ROUTING_STORE: 'file',
    ROUTING_MONGODB_URI: '',
    ROUTING_DATABASE: 'scribe_gateway',
    REPLICA_NAME: hostname(),
    KILL_FILE: '',
    TRUSTED_PROXIES: [],
    OVERRIDE_NETWORKS: [],
    OVERRIDE_CREDENTIAL: '',
    BCRYPT_COST: 12,
    LOGIN_WINDOW_MS: 900_000,
    LOGIN_FAILURES_PER_ACCOUNT_AND_ADDRESS: 10,
    LOGIN_FAILURES_PER_ACCOUNT: 100,
    LOGIN_FAILURES_PER_ADDRESS: 1000,
    REGISTRATIONS_PER_ADDRESS: 500,
    REVOCATION_STALENESS_MS: 2000,
    OPENAI_API_KEY: '',
    OPENAI_BASE_URL: 'https://api.openai.com/v1',
    OPENAI_CHAT_MODEL: 'gpt-4o',
    OPENAI_TRANSCRIPTION_MODEL: 'whisper-1',
    OPENAI_TIMEOUT_MS: 60_000,
    OPENAI_MAX_RETRIES: 2,
    OPENAI_CONCURRENCY: 16,
    NHS_BASE_URL: 'https://ontology.nhs.uk',
    NHS_CLIENT_ID: '',
    NHS_CLIENT_SECRET: '',
    NHS_TIMEOUT_MS: 10_000,
    TRANSCRIPTION_REQUIRE_TOKEN: 'false',
    EVENT_WEBHOOK_URL: '',
    EVENT_WEBHOOK_SECRET: '',
    OTEL_TRACES_EXPORTER: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: '',
    OTEL_EXPORTER_OTLP_PROTOCOL: '',
    OTEL_EXPORTER_OTLP_HEADERS: '',
    OTEL_SERVICE_NAME: 'scribe-gateway',
    OTEL_TRACES_SAMPLER: '',
    OTEL_TRACES_SAMPLER_ARG: '',
    OTEL_SDK_DISABLED: '',
    SHUTDOWN_TIMEOUT_MS: 30_000,
    SHUTDOWN_DELAY_MS: 500,
    REQUEST_TIMEOUT_MS: 300_000,
    LOG_LEVEL: 'info'
  })
})

test('numbers and lists are read as such, and foreign variables are left alone', () => {
  const environment = readEnvironment({
    ...COMPLETE,
    PORT: '0',
    SHUTDOWN_DELAY_MS: '60000',
    TRUSTED_PROXIES: ' 10.0.0.0/8, ::1 ,',
    SHELL: '/bin/sh'
  })
  expect(environment).toMatchObject({ PORT: 0, SHUTDOWN_DELAY_MS: 60_000, TRUSTED_PROXIES: ['10.0.0.0/8', '::1'] })
  expect(environment).not.toHaveProperty('SHELL')
})

test.each([
  ['JWT_SECRET', '', 'missing'],
  ['JWT_SECRET', undefined, 'missing'],
  ['LEGACY_URL', '', 'missing'],
  ['LEGACY_URL', 'legacy:3000', 'wrong'],
  ['LEGACY_URL', 'ftp://legacy', 'wrong'],
  ['LEGACY_URL', 'http://legacy:3000/base', 'wrong'],
  ['LEGACY_URL', 'http://user@legacy:3000', 'wrong'],
  ['MONGODB_URI', 'mongodb://', 'wrong'],
  ['MONGODB_URI', 'mongodb:///scribe', 'wrong'],
  ['MONGODB_URI', 'mongodb://u:p@ss@host/scribe', 'wrong'],
  ['MONGODB_URI', 'postgres://host/scribe', 'wrong'],
  ['PORT', '', 'missing'],
  ['PORT', '65536', 'wrong'],
  ['PORT', '8080 ', 'wrong'],
  ['ADMIN_PORT', 'http', 'wrong'],
  ['ADMIN_PORT', '80.5', 'wrong'],
  ['HOST', '', 'missing'],
  ['TRUSTED_PROXIES', '10.0.0.0/8,somewhere', 'wrong'],
  ['OVERRIDE_NETWORKS', '127.0.0.1/33', 'wrong'],
  ['OVERRIDE_CREDENTIAL', 'fifteen-chars-x', 'wrong'],
  ['BCRYPT_COST', '3', 'wrong'],
  ['OPENAI_BASE_URL', 'api.openai.com/v1', 'wrong'],
  ['OPENAI_BASE_URL', 'https://api.openai.com/v1/', 'wrong'],
  ['OPENAI_CHAT_MODEL', '', 'missing'],
  ['OPENAI_MAX_RETRIES', '11', 'wrong'],
  ['OPENAI_CONCURRENCY', '0', 'wrong'],
  ['NHS_BASE_URL', 'https://ontology.nhs.uk?x=1', 'wrong'],
  ['NHS_TIMEOUT_MS', '0', 'wrong'],
  ['LOGIN_WINDOW_MS', '999', 'wrong'],
  ['LOGIN_FAILURES_PER_ACCOUNT', '0', 'wrong'],
  ['REVOCATION_STALENESS_MS', '60001', 'wrong'],
  ['EVENT_WEBHOOK_URL', 'hooks.example.org', 'wrong'],
  ['OTEL_TRACES_EXPORTER', 'jaeger', 'wrong'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'wrong'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://', 'wrong'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318?key=1', 'wrong'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'wrong'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization', 'wrong'],
  ['OTEL_TRACES_SAMPLER', 'sometimes', 'wrong'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5', 'wrong'],
  ['OTEL_TRACES_SAMPLER_ARG', '10%', 'wrong'],
  ['OTEL_SDK_DISABLED', 'yes', 'wrong'],
  ['SHUTDOWN_TIMEOUT_MS', '0', 'wrong'],
  ['SHUTDOWN_DELAY_MS', '-1', 'wrong'],
  ['REQUEST_TIMEOUT_MS', '1e3', 'wrong'],
  ['LOG_LEVEL', 'loud', 'wrong']
])('%s=%j is refused, and nothing else is', (name, value, verdict) => {
  const lines = refusal({ ...COMPLETE, [name]: value }).split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[1]).toMatch(new RegExp(`^ {2}${name} is ${verdict}: `))
})

test.each([
  ['nothing', {}, false],
  ['OTEL_TRACES_EXPORTER=otlp', { OTEL_TRACES_EXPORTER: 'otlp' }, true],
  ['an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318/otlp/' }, true],
  [
    'none and an endpoint',
    { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
    false
  ],
  ['otlp, disabled', { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }, false],
  ['otlp, not disabled', { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'false' }, true]
])('with %s set, tracing is as OpenTelemetry has it', (_what, given, isOn) => {
  expect(isTracingOn(readEnvironment({ ...COMPLETE, ...given }))).toBe(isOn)
})

test('a webhook needs a secret to be signed with', () => {
  const hook = { EVENT_WEBHOOK_URL: 'https://hooks.example.org/scribe?team=1' }
  for (const secret of [undefined, '', 'fifteen-chars-x']) {
    const lines = refusal({ ...COMPLETE, ...hook, EVENT_WEBHOOK_SECRET: secret }).split('\n')
    expect(lines.slice(1)).toEqual([
      '  EVENT_WEBHOOK_SECRET is wrong: expected at least 16 characters with EVENT_WEBHOOK_URL'
    ])
  }
  const complete = { ...COMPLETE, ...hook, EVENT_WEBHOOK_SECRET: 'sixteen-chars-xx' }
  expect(readEnvironment(complete)).toMatchObject({ ...hook, EVENT_WEBHOOK_SECRET: 'sixteen-chars-xx' })
})
