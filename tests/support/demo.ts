import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import shipped from '../../routing.config.json' with { type: 'json' }
import { startDatabase } from './database.ts'
import { withDemoRollout } from './demo-rollout.ts'
import { startLegacy } from './legacy.ts'
import { NHS_CREDENTIALS } from './nhs-stub.ts'
import { startProcess } from './process.ts'
import { startTraffic } from './traffic.ts'

const SCHEMA = 'routing.config.schema.json'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Enough callers for a share of 10 % to be told from chance, and a little for each to do. */
const TRAFFIC = { callers: 120, requestsPerSecond: 40 }
const CLINICIAN = { username: 'Ada Demo', email: 'ada@demo.example', password: 'demo-password', role: 'clinician' }

interface Started {
  readonly name: string
  readonly stop: () => Promise<unknown>
}

/** Ends what was started, the last first, each whatever became of the others. */
async function stopAll(started: Started[]): Promise<void> {
  for (const { name, stop } of started.toReversed()) {
    await stop().catch((error: unknown) => process.stderr.write(`${name} did not stop cleanly: ${String(error)}\n`))
  }
  started.length = 0
}

async function startStub(name: 'openai' | 'nhs'): Promise<Started & { url: string }> {
  const stub = await startProcess({ name: `${name} stub`, args: [`tests/support/${name}-stub-main.ts`], cwd: ROOT })
  const url = await stub.waitForLine(line => / stub listening on (.*)$/.exec(line)?.[1])
  return { name: `${name} stub`, url, stop: () => stub.stop() }
}

interface RunningGateway extends Started {
  readonly url: string
  readonly adminUrl: string
  /** Of its first start. */
  readonly credential: string
}

async function startGateway(env: Record<string, string>): Promise<RunningGateway> {
  const gateway = await startProcess({ name: 'gateway', args: ['gateway/main.ts'], cwd: ROOT, env })
  const { url, adminUrl } = await gateway.waitForLine(line => {
    if (!line.startsWith('{')) return undefined
    const entry: unknown = JSON.parse(line)
    const listening = typeof entry === 'object' && entry !== null && 'msg' in entry && entry.msg === 'listening'
    if (!listening || !('url' in entry) || !('adminUrl' in entry)) return undefined
    return { url: String(entry.url), adminUrl: String(entry.adminUrl) }
  })
  const credential = await gateway.waitForLine(line => /not shown again: (sgw_\S+)/.exec(line)?.[1])
  return { name: 'gateway', url, adminUrl, credential, stop: () => gateway.stop() }
}

/** A copy of the shipped routing configuration, to be edited, whose rollouts take seconds. */
async function writeConfig(directory: string): Promise<string> {
  const file = join(directory, 'routing.config.json')
  const config = withDemoRollout(shipped)
  // Editors look for it beside the file.
  await copyFile(join(ROOT, SCHEMA), join(directory, SCHEMA))
  await writeFile(file, `${JSON.stringify(config, undefined, 2)}\n`)
  return file
}

/** A clinician with one consultation and one note, made through the gateway as the frontend would. */
async function seed(url: string): Promise<{ token: string; consultationId: string }> {
  const post = async (path: string, body: object, token?: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
      },
      body: JSON.stringify(body)
    })
    return response.json()
  }
  await post('/users/register', CLINICIAN)
  const token = stringAt(await post('/users/login', CLINICIAN), 'token')
  const started = await post('/api/consultation/start', { patient_data: { name: 'Test Patient' } }, token)
  const consultationId = stringAt(started, 'data', 'consultation', '_id')
  const transcriptId = stringAt(started, 'data', 'transcript', '_id')
  await post(`/api/notes/${consultationId}`, { body: 'A first note.', transcriptId }, token)
  return { token, consultationId }
}

function stringAt(value: unknown, ...path: string[]): string {
  let at: unknown = value
  for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined
  if (typeof at !== 'string') throw new Error(`the demo's data could not be made: no ${path.join('.')} in the answer`)
  return at
}

interface Guided {
  readonly gateway: RunningGateway
  readonly configFile: string
  readonly seeded: Awaited<ReturnType<typeof seed>>
}

function guide({
  gateway: { url, adminUrl, credential },
  configFile,
  seeded: { token, consultationId }
}: Guided): string {
  return `
scribe gateway demo
  gateway  ${url}   (${TRAFFIC.callers} clinicians read notes through it, ${TRAFFIC.requestsPerSecond} requests a second)
  admin    ${adminUrl}   (/readyz, /livez, /metrics, /api with the credential below)
  weights  ${configFile}   (save it and the next request follows)

Worth trying:
  1. Who answers? Look at x-served-by.
     curl -i '${url}/users/checkEmail?email=${CLINICIAN.email}'
  2. The same from the native side (the demo lets this machine choose):
     curl -i '${url}/users/checkEmail?email=${CLINICIAN.email}' -H 'x-gateway-target: native'
  3. The notes of a consultation. Set the weight of "notes.list" to 100 in the file above and repeat.
     curl -i '${url}/api/notes/${consultationId}' -H 'authorization: Bearer ${token}'

As operations staff do, in another terminal. The rollout takes a minute, its steps seconds each:
     export GATEWAY_ADMIN_URL=${adminUrl} GATEWAY_CREDENTIAL=${credential}
     npx gateway routes
     npx gateway start notes --reason 'to see it move'
     npx gateway watch
     npx gateway rollback notes

Ctrl-C ends everything and removes its data.
`
}

async function demo(started: Started[]): Promise<void> {
  const jwtSecret = randomBytes(32).toString('hex')
  const database = await startDatabase()
  started.push({ name: 'database', stop: () => database.stop() })
  const [openai, nhs] = await Promise.all([startStub('openai'), startStub('nhs')])
  started.push(openai, nhs)
  const upstreams = {
    OPENAI_BASE_URL: openai.url,
    OPENAI_API_KEY: 'demo',
    NHS_BASE_URL: nhs.url,
    NHS_CLIENT_ID: NHS_CREDENTIALS.clientId,
    NHS_CLIENT_SECRET: NHS_CREDENTIALS.clientSecret
  }
  const legacy = await startLegacy({ mongodbUri: database.uri, jwtSecret, supervised: true, env: upstreams })
  started.push({ name: 'legacy', stop: () => legacy.stop() })
  const directory = await mkdtemp(join(tmpdir(), 'scribe-demo-'))
  started.push({ name: 'state', stop: () => rm(directory, { recursive: true, force: true }) })
  const configFile = await writeConfig(directory)
  const gateway = await startGateway({
    ...upstreams,
    HOST: '127.0.0.1',
    LEGACY_URL: legacy.url,
    MONGODB_URI: database.uri,
    JWT_SECRET: jwtSecret,
    OVERRIDE_NETWORKS: '127.0.0.0/8,::1',
    ROUTING_CONFIG: configFile,
    STATE_DIR: join(directory, 'state')
  })
  started.push(gateway)
  const seeded = await seed(gateway.url)
  const path = `/api/notes/${seeded.consultationId}`
  started.push({ name: 'traffic', ...startTraffic({ url: gateway.url, jwtSecret, path, ...TRAFFIC }) })
  process.stdout.write(guide({ gateway, configFile, seeded }))
}

const started: Started[] = []
const { promise: asked, resolve: stop } = Promise.withResolvers<void>()
process.once('SIGINT', () => stop())
process.once('SIGTERM', () => stop())
// A second Ctrl-C means now; the children go with this process.
process.on('SIGINT', () => process.exitCode === undefined || process.exit(130))

process.stdout.write('starting a database, stubs of OpenAI and the NHS, the legacy stand-in and the gateway …\n')
try {
  await Promise.race([demo(started), asked])
  await asked
  process.stdout.write('\nstopping …\n')
} catch (error) {
  process.exitCode = 1
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
} finally {
  await stopAll(started)
}
