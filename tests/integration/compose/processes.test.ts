import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Value } from '@sinclair/typebox/value'
import { MongoClient } from 'mongodb'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReplicasSchema } from '../../../gateway/admin/schemas.ts'
import { type Compose, ROOT, resolvedCompose } from '../../support/compose.ts'
import { ComposeProcesses } from '../../support/compose-processes.ts'
import { type RunningDatabase, startDatabase, withDatabaseName } from '../../support/database.ts'
import type { RunningProcess } from '../../support/process.ts'

/*
 * The containers of docker-compose.yml as processes. Their networks are one that is all loopback addresses, so that
 * each listens on the very address and port that compose gives it.
 */

const run = promisify(execFile)
const agent = new Agent({ connect: { rejectUnauthorized: false } })
const STORE = ['log', 'beats', 'rollouts', 'orders', 'replicas', 'batches']
const OPTIONAL = {
  OPENAI_API_KEY_FILE: '/run/secrets/openai_api_key',
  NHS_CLIENT_SECRET_FILE: '/run/secrets/nhs_client_secret'
}
/*
 * Debian has no package of Grafana: file.test.ts looks at what it is provisioned with. The database is the one of the other
 * tests. mtail is a package that nothing else here needs.
 */
const NOT_RUN = ['grafana', 'mongo', 'nginx-log']
const GATEWAYS = ['gateway-1', 'gateway-2']
const STARTED = ['legacy', 'gateway-1', 'gateway-2', 'nginx-config', 'nginx', 'prometheus']

let secrets: string
let database: RunningDatabase
let compose: Compose
let stack: ComposeProcesses
let url: string
let subnet: string
const started = new Map<string, RunningProcess>()

beforeAll(async () => {
  secrets = await mkdtemp(join(tmpdir(), 'scribe-secrets-'))
  await run('deploy/secrets/create.sh', [secrets], { cwd: ROOT })
  // The containers' own users go through it.
  await chmod(secrets, 0o755)
  database = await startDatabase()
  await writeFile(join(secrets, 'mongodb_uri'), `${database.uri}\n`)
  for (const name of ['openai_api_key', 'nhs_client_secret']) await writeFile(join(secrets, name), 'of the test\n')
  const client = await MongoClient.connect(withDatabaseName(database.uri, 'scribe_gateway'))
  await client.db().dropDatabase()
  for (const collection of STORE) await client.db().createCollection(collection)
  await client.close()

  subnet = `127.${randomInt(1, 255)}`
  compose = await resolvedCompose({ SUBNET: subnet, SECRETS_DIR: secrets, BCRYPT_COST: '4', ...OPTIONAL })
  // From which nginx connects, where all addresses are the loopback's.
  stack = await ComposeProcesses.create(compose, { [`${subnet}.1.10`]: '127.0.0.1' })
  for (const name of STARTED) started.set(name, await stack.start(name))
  url = `https://${subnet}.0.10:8443`
})

afterAll(async () => {
  await stack.close()
  await database.stop()
  await rm(secrets, { recursive: true })
  await agent.destroy()
})

async function ask(path: string, body?: object) {
  const answer = await request(url + path, {
    dispatcher: agent,
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9' },
    body: body === undefined ? null : JSON.stringify(body)
  })
  return { status: answer.statusCode, servedBy: answer.headers['x-served-by'], text: await answer.body.text() }
}

const register = (name: string) =>
  ask('/users/register', {
    username: name,
    email: `${name}@example.org`,
    password: 'a good password',
    role: 'clinician'
  })

test('all containers run, but those that are named, in an order that compose allows', () => {
  expect([...STARTED, ...NOT_RUN].toSorted()).toEqual(Object.keys(compose.services).toSorted())
  for (const [index, name] of STARTED.entries()) {
    const needed = Object.keys(compose.services[name]?.depends_on ?? {})
    expect([...NOT_RUN, ...STARTED.slice(0, index)]).toEqual(expect.arrayContaining(needed))
  }
})

test('nginx, gateways, legacy and the database work together', async () => {
  expect(await ask('/')).toEqual({ status: 200, servedBy: 'legacy', text: '{"msg":"welcome to the server"}' })
  expect(await register('ada')).toMatchObject({ status: 200, servedBy: 'legacy' })
  // Only native has it.
  expect((await ask('/api/v1/notes')).status).toBe(401)
  // To nginx what staff ask is what anybody asks.
  for (const path of ['/readyz', '/metrics', '/api/openapi.json', '/api/status']) {
    expect((await ask(path)).servedBy).toBe('legacy')
  }
  expect((await fetch(`http://${subnet}.0.10:8000/a`, { redirect: 'manual' })).headers.get('location')).toBe(
    `https://${subnet}.0.10/a`
  )
})

/** The command line in a container, with the credential that the first start printed. */
function gateway(container: string, ...args: string[]): Promise<string> {
  const printed = GATEWAYS.flatMap(name => started.get(name)?.lines('stderr') ?? []).join('\n')
  const [GATEWAY_CREDENTIAL = ''] = /sgw_\S+/.exec(printed) ?? []
  return stack.exec(container, ['node', 'gateway/cli/main.ts', ...args], { GATEWAY_CREDENTIAL })
}

test('the gateways are replicas of one another, as staff see in a container', async () => {
  const replicas = Value.Parse(ReplicasSchema, JSON.parse(await gateway('gateway-2', 'replicas', '--json')))
  expect(replicas.map(({ name, silent }) => `${name} ${silent}`).toSorted()).toEqual([
    'gateway-1 false',
    'gateway-2 false'
  ])
})

test('staff are served the dashboard that the image was built with', async () => {
  const { environment: { ADMIN_HOST, ADMIN_PORT } = {} } = compose.services['gateway-2'] ?? {}
  const dashboard = `http://${ADMIN_HOST}:${ADMIN_PORT}/dashboard/`
  const page = await (await fetch(dashboard)).text()
  const [script = ''] = /assets\/main-[\w-]+\.js/.exec(page) ?? []
  const { status, headers } = await fetch(dashboard + script)
  expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('javascript')])
})

test('a weight that is set at one gateway counts at both, through nginx', async () => {
  const credentials = { email: 'ada@example.org', password: 'a good password' }
  const sides = async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/users/login', credentials)))
    return [...new Set(answers.map(({ status, servedBy }) => `${status} ${String(servedBy)}`))]
  }
  expect(await sides()).toEqual(['200 legacy'])
  await gateway('gateway-1', 'set', 'users.login', '100', '--yes', '--reason', 'both serve it')
  await expect.poll(sides, { timeout: 10_000 }).toEqual(['200 native'])
  const shown = await Promise.all(GATEWAYS.map(name => gateway(name, 'export')))
  expect(shown[0]).toBe(shown[1])
})

test('Prometheus scrapes both, with the rules that are shipped', { timeout: 60_000 }, async () => {
  const prometheus = `http://${subnet}.3.30:9090/api/v1`
  const query = async () => {
    const answer = await fetch(`${prometheus}/query?query=${encodeURIComponent('up{job="scribe-gateway"} == 1')}`)
    return JSON.stringify(await answer.json())
  }
  await expect.poll(query, { timeout: 40_000, interval: 500 }).toMatch(/3\.11:8081.*3\.12:8081|3\.12:8081.*3\.11:8081/)
  expect(await (await fetch(`${prometheus}/rules`)).text()).toContain('NginxLastResort')
})

test('one gateway is enough; without any, legacy answers; both come back', { timeout: 120_000 }, async () => {
  await stack.kill('gateway-1')
  for (let count = 0; count < 10; count++) expect(await ask('/')).toMatchObject({ status: 200, servedBy: 'legacy' })
  expect(await stack.stop('gateway-2')).toBe(0)
  expect(await ask('/')).toMatchObject({ status: 200, servedBy: 'legacy-last-resort' })
  expect(await register('grace')).toMatchObject({ status: 200, servedBy: 'legacy-last-resort' })
  expect((await ask('/api/v1/notes')).status).toBe(503)
  const log = await readFile(stack.path('nginx', '/var/log/last-resort/access.log'), 'utf8')
  expect(log.match(/"lastResort":1/g)).toHaveLength(2)
  await stack.start('gateway-1')
  await expect.poll(() => ask('/'), { timeout: 10_000 }).toMatchObject({ status: 200, servedBy: 'legacy' })
  await stack.start('gateway-2')
})

test('each ends by the signal that compose sends', { timeout: 60_000 }, async () => {
  expect(await stack.stop('nginx')).toBe(0)
  expect(await stack.stop('gateway-1')).toBe(0)
  expect(await stack.stop('gateway-2')).toBe(0)
  expect(await stack.stop('prometheus')).toBe(0)
})
