import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { GATEWAY_MAIN, NO_VARIABLES, routingText } from '../../support/gateway.ts'
import { startProcess } from '../../support/process.ts'
import { JWT_SECRET, NO_DATABASE, NOBODY } from './support.ts'

interface Refusal {
  readonly code: number | null
  readonly stdout: string[]
  readonly stderr: string[]
}

async function runToItsEnd(env: Readonly<Record<string, string>>): Promise<Refusal> {
  const gateway = await startProcess({ name: 'gateway', args: [GATEWAY_MAIN], env: { ...NO_VARIABLES, ...env } })
  onTestFinished(async () => void (await gateway.kill()))
  const { code } = await gateway.exited
  return { code, stdout: gateway.lines('stdout'), stderr: gateway.lines('stderr') }
}

async function configFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-config-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'routing.config.json')
  await writeFile(file, text)
  return file
}

const COMPLETE = {
  LEGACY_URL: NOBODY,
  MONGODB_URI: NO_DATABASE,
  JWT_SECRET,
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_PORT: '0'
}

test('without variables it ends with 2 and one message that lists all that is missing', async () => {
  const { code, stdout, stderr } = await runToItsEnd({})
  expect(code).toBe(2)
  expect(stdout).toEqual([])
  expect(stderr).toHaveLength(4)
  expect(stderr[0]).toMatch(/^scribe-gateway: /)
  for (const name of ['LEGACY_URL', 'MONGODB_URI', 'JWT_SECRET']) {
    expect(stderr.filter(line => line.startsWith(`  ${name} is missing: expected `))).toHaveLength(1)
  }
})

test('what is missing and what is wrong is told at once, each by name, and no secret is repeated', async () => {
  const secret = randomBytes(8).toString('hex')
  const { code, stderr } = await runToItsEnd({
    LEGACY_URL: `http://${secret}@legacy:3000/base`,
    MONGODB_URI: `postgres://scribe:${secret}@host/db`,
    PORT: '80800',
    ADMIN_PORT: 'http',
    TRUSTED_PROXIES: '10.0.0.0/8, somewhere',
    OVERRIDE_NETWORKS: '127.0.0.1/33',
    OVERRIDE_CREDENTIAL: secret.slice(0, 15),
    BCRYPT_COST: '3',
    SHUTDOWN_TIMEOUT_MS: '0',
    SHUTDOWN_DELAY_MS: '-1',
    REQUEST_TIMEOUT_MS: '1.5',
    LOG_LEVEL: 'loud'
  })
  expect(code).toBe(2)
  expect(stderr.slice(1).map(line => line.split(':')[0])).toEqual(
    expect.arrayContaining([
      '  JWT_SECRET is missing',
      ...[
        'LEGACY_URL',
        'MONGODB_URI',
        'PORT',
        'ADMIN_PORT',
        'TRUSTED_PROXIES',
        'OVERRIDE_NETWORKS',
        'OVERRIDE_CREDENTIAL',
        'BCRYPT_COST',
        'SHUTDOWN_TIMEOUT_MS',
        'SHUTDOWN_DELAY_MS',
        'REQUEST_TIMEOUT_MS',
        'LOG_LEVEL'
      ].map(name => `  ${name} is wrong`)
    ])
  )
  expect(stderr).toHaveLength(1 + 13)
  expect(stderr.join('\n')).not.toContain(secret.slice(0, 15))
})

test('what only the driver finds wrong with the database URI is told without its words', async () => {
  const secret = randomBytes(8).toString('hex')
  const { code, stderr } = await runToItsEnd({
    ...COMPLETE,
    MONGODB_URI: `mongodb://user:${secret}@host/db?${secret}=1`
  })
  expect(stderr).toHaveLength(2)
  expect(stderr[1]).toMatch(/^ {2}MONGODB_URI is wrong: expected /)
  expect(stderr.join('\n')).not.toContain(secret)
  expect(code).toBe(2)
})

test('a bad routing configuration ends the start with a line for each problem: line, path, found, expected', async () => {
  const text = routingText({ version: 2, defaults: { weight: 101, upstream: 'legacy' } })
  const lineOf = (part: string) => text.split('\n').findIndex(line => line.includes(part)) + 1
  const { code, stderr } = await runToItsEnd({ ...COMPLETE, ROUTING_CONFIG: await configFile(text) })
  expect(code).toBe(2)
  const told = stderr.join('\n')
  expect(told).toMatch(
    new RegExp(`routing\\.config\\.json:${lineOf('"version"')}:\\d+ /version: found 2, expected the number 1`)
  )
  expect(told).toMatch(
    new RegExp(`routing\\.config\\.json:${lineOf('"weight": 101')}:\\d+ /defaults/weight: found 101, expected a number`)
  )
  expect(told).not.toMatch(/^\s+at /m)
})

test('a routing configuration that is not there ends the start with its name', async () => {
  const { code, stderr } = await runToItsEnd({ ...COMPLETE, ROUTING_CONFIG: '/nowhere/routing.config.json' })
  expect(code).toBe(2)
  expect(stderr.join('\n')).toMatch(/routing\.config\.json.*ENOENT.*expected a file that can be read/)
})

test('a target whose variable is not set ends the start with the name of both', async () => {
  const targets = { legacy: { url: '${LEGACY_URL}' }, spare: { url: '${SPARE_URL}' } }
  const { code, stderr } = await runToItsEnd({
    ...COMPLETE,
    ROUTING_CONFIG: await configFile(routingText({ targets }))
  })
  expect(code).toBe(2)
  expect(stderr.join('\n')).toMatch(/\/targets\/spare\/url.*\$\{SPARE_URL\}.*expected SPARE_URL to be set/)
})

test('a port that is taken ends the start with 1 and says which', async () => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  onTestFinished(() => void squatter.close())
  const address = squatter.address()
  const port = String(typeof address === 'object' ? address?.port : '')
  const { code, stderr } = await runToItsEnd({
    ...COMPLETE,
    PORT: port,
    ROUTING_CONFIG: await configFile(routingText())
  })
  expect(code).toBe(1)
  const [credential, failure, ...more] = stderr
  expect(credential).toMatch(/^scribe-gateway: operator credential "first-start", .*: sgw_[\w-]{43}$/)
  expect(failure).toMatch(new RegExp(`^scribe-gateway: .*127\\.0\\.0\\.1:${port}`))
  expect(more).toEqual([])
})
