import { expect, test } from 'vitest'
import { EnvironmentError, readEnvironment } from '../../../gateway/environment.ts'

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
    TRUSTED_PROXIES: [],
    OVERRIDE_NETWORKS: [],
    OVERRIDE_CREDENTIAL: '',
    BCRYPT_COST: 12,
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
  ['SHUTDOWN_TIMEOUT_MS', '0', 'wrong'],
  ['SHUTDOWN_DELAY_MS', '-1', 'wrong'],
  ['REQUEST_TIMEOUT_MS', '1e3', 'wrong'],
  ['LOG_LEVEL', 'loud', 'wrong']
])('%s=%j is refused, and nothing else is', (name, value, verdict) => {
  const lines = refusal({ ...COMPLETE, [name]: value }).split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[1]).toMatch(new RegExp(`^ {2}${name} is ${verdict}: `))
})
