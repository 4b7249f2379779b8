import { execFile } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { SECRETS } from '../../../gateway/secret-files.ts'
import { ROOT, resolvedCompose } from '../../support/compose.ts'
import { isIgnored, stagesOf } from '../../support/compose-images.ts'

const run = promisify(execFile)
// With the secrets that may be missing.
const compose = await resolvedCompose({
  OPENAI_API_KEY_FILE: '/run/secrets/openai_api_key',
  NHS_CLIENT_SECRET_FILE: '/run/secrets/nhs_client_secret'
})
const services = Object.entries(compose.services)
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const Providers = Type.Object({
  providers: Type.Array(Type.Object({ type: Type.Literal('file'), options: Type.Object({ path: Type.String() }) }))
})
const Sources = Type.Object({
  datasources: Type.Array(Type.Object({ type: Type.Literal('prometheus'), url: Type.String() }))
})
/** It ends by itself. */
const ONE_SHOT = 'nginx-config'
const GATEWAYS = ['gateway-1', 'gateway-2']

test('docker-compose takes the file; the stand-in is all that can be left out', () => {
  expect(Object.keys(compose.services)).toEqual(
    expect.arrayContaining(['mongo', 'legacy', ...GATEWAYS, 'nginx', 'prometheus', 'grafana'])
  )
  const optional = services.flatMap(([name, { profiles }]) => (profiles === undefined ? [] : [[name, profiles]]))
  expect(optional).toEqual([['legacy', ['stand-in']]])
})

describe.each(services)('%s', (name, service) => {
  const { depends_on: needs = {}, environment = {}, volumes = [] } = service

  test('is nobody in particular, may do nothing, has limits, and writes only where it has to', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      deploy: { resources: { limits: { cpus: expect.any(Number), memory: expect.stringMatching(/^\d+[MG]$/) } } }
    })
    const bound = volumes.filter(volume => volume.startsWith('/'))
    expect(bound.filter(volume => !volume.endsWith(':ro') || !existsSync(volume.split(':')[0] ?? ''))).toEqual([])
  })

  test('says when it is healthy, or ends', () => {
    const { healthcheck, restart } = service
    const expected = name === ONE_SHOT ? [false, 'no'] : [true, 'unless-stopped']
    expect([healthcheck !== undefined, restart]).toEqual(expected)
  })

  test('waits only for what is always started, and tells that it is there', () => {
    const told = Object.entries(needs).filter(([other, { condition }]) => {
      const it = compose.services[other]
      const tells = {
        service_started: true,
        service_healthy: it?.healthcheck !== undefined,
        service_completed_successfully: other === ONE_SHOT
      }
      return it?.profiles === undefined && tells[condition]
    })
    expect(told).toEqual(Object.entries(needs))
  })

  test('has its secrets in files that it is given', () => {
    const inPlain = SECRETS.filter(variable => variable !== 'NHS_CLIENT_ID' && variable in environment)
    expect(inPlain).toEqual([])
    const values = Object.entries(environment).flatMap(([key, value]) =>
      /SECRET|PASSWORD|_KEY/.test(key) ? [value] : []
    )
    expect(values.filter(value => !/^\/run\/secrets\/\w+$/.test(value))).toEqual([])
    // The renderer names what nginx reads.
    const given = compose.services[name === ONE_SHOT ? 'nginx' : name]?.secrets?.map(({ source }) => source) ?? []
    const named = [...JSON.stringify(service).matchAll(/\/run\/secrets\/(\w+)/g)].map(([, secret]) => secret)
    expect(given).toEqual(expect.arrayContaining(named))
  })
})

test('nginx waits for no gateway, being the last resort; a gateway for no backend, which may be elsewhere', () => {
  expect(Object.keys(compose.services['nginx']?.depends_on ?? {})).toEqual([ONE_SHOT])
  expect(Object.keys(compose.services['gateway-1']?.depends_on ?? {})).toEqual(['mongo'])
})

test('every image is of one version, and the mongod has room for its threads', () => {
  const images = [
    ...services.flatMap(([, { build, image }]) => (build === undefined ? [image] : [])),
    ...[...text('Dockerfile').matchAll(/^ARG \w+_IMAGE=(.+)$/gm)].map(([, image]) => image)
  ]
  expect(images).toHaveLength(5)
  for (const image of images) expect(image).toMatch(/:v?\d+\.\d+\.\d+(?:-[\w-]+)?$|:[a-z]+-\d{8}-slim$/)
  expect(compose.services['mongo']?.pids_limit).toBeGreaterThan(1000)
})

test('no two networks share addresses, and each fixed one is in its own', () => {
  const subnets = Object.entries(compose.networks).map(([name, { ipam }]) => [name, ipam.config[0]?.subnet ?? ''])
  expect(new Set(subnets.map(([, subnet]) => subnet)).size).toBe(4)
  for (const [name = '', subnet = ''] of subnets) {
    const addresses = services.flatMap(([, { networks = {} }]) => networks[name]?.ipv4_address ?? [])
    expect(addresses.filter(address => !address.startsWith(subnet.replace('0/24', '')))).toEqual([])
    expect(new Set(addresses).size).toBe(addresses.length)
  }
})

test('only nginx is reached from outside; staff reach the rest on the loopback address of the machine', () => {
  const { nginx, ...others } = compose.services
  expect(nginx?.ports).toEqual([
    { published: 443, target: 8443 },
    { published: 80, target: 8000 }
  ])
  const ports = Object.values(others).flatMap(service => service.ports ?? [])
  expect(ports.map(String).filter(port => !port.startsWith('127.0.0.1:'))).toEqual([])
  expect(ports.length).toBeGreaterThan(3)
})

test('nginx shares no network with an admin listener', () => {
  const own = Object.keys(compose.services['nginx']?.networks ?? {})
  expect(own).toEqual(['edge', 'front'])
  for (const gateway of GATEWAYS) {
    const { environment = {}, networks = {} } = compose.services[gateway] ?? {}
    const networkOf = (address = '') => Object.keys(networks).find(name => networks[name]?.ipv4_address === address)
    expect([networkOf(environment['HOST']), networkOf(environment['ADMIN_HOST'])]).toEqual(['front', 'staff'])
  }
  const internal = Object.entries(compose.networks).filter(([, network]) => network.internal === true)
  expect(internal.map(([name]) => name)).toEqual(['data', 'front'])
})

test('a gateway trusts the address that nginx connects from, and only that', () => {
  const address = compose.services['nginx']?.networks?.['front']?.ipv4_address
  const trusted = GATEWAYS.map(gateway => compose.services[gateway]?.environment?.['TRUSTED_PROXIES'])
  expect(trusted).toEqual([address, address])
})

test.each(GATEWAYS)('%s has time to end what is in flight', gateway => {
  const { environment = {}, stop_grace_period: grace = '' } = compose.services[gateway] ?? {}
  const limit = Number(environment['SHUTDOWN_DELAY_MS']) + Number(environment['SHUTDOWN_TIMEOUT_MS'])
  expect(Number(grace.slice(0, -1)) * 1000).toBeGreaterThan(limit + 10_000)
})

test('.env.example has every variable of the file, with its default and a word on it', () => {
  const file = text('docker-compose.yml')
  const used = [...file.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name = '', value]) => [name, value])
  const listed = [...text('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value]) => [name, value])
  expect(Object.fromEntries(listed)).toEqual({ ...Object.fromEntries(used), COMPOSE_PROFILES: 'stand-in' })
  expect(file).not.toMatch(/\$\{\w+\}/)
  for (const paragraph of text('.env.example').trim().split('\n\n')) expect(paragraph).toMatch(/^#/)
})

const listIn = (stage: string, pattern: RegExp): unknown => JSON.parse(pattern.exec(stage)?.[1] ?? '[]')

describe('the Dockerfile', () => {
  const file = text('Dockerfile')
  const stages = stagesOf(file)
  const built = services.flatMap(([name, { build }]) => (build === undefined ? [] : [[name, build.target] as const]))
  const isOut = (path: string) => isIgnored(text('.dockerignore'), path)
  const stageOf = (target: string) => stages.get(target) ?? ''

  test.each(built)('%s is a stage of it, of the same user', (name, target) => {
    const stage = stageOf(target)
    const base = stageOf(/^([\w-]+) AS/.exec(stage)?.[1] ?? '')
    expect(/^USER (.+)$/m.exec(stage + base)?.[1]).toBe(compose.services[name]?.user)
  })

  test.each([...GATEWAYS, 'nginx'])('%s has the same command', name => {
    const service = compose.services[name]
    expect(listIn(stageOf(service?.build?.target ?? ''), /^CMD (.+)$/m)).toEqual(service?.command)
  })

  test('a gateway has the same health check', () => {
    const check = compose.services['gateway-1']?.healthcheck?.test
    expect(listIn(stageOf('gateway'), /^ {2}CMD (.+)$/m)).toEqual(check?.slice(1))
  })

  test('copies only what is there and what .dockerignore lets in', () => {
    const sources = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) => list.split(' '))
    const named = sources.filter(source => source !== '.')
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter(source => !existsSync(join(ROOT, source)) || isOut(source))).toEqual([])
    // What the build of the dashboard reads besides.
    expect(['tsconfig.json', 'gateway/dashboard/client/main.tsx'].filter(isOut)).toEqual([])
    const confidential = [
      '.env',
      'deploy/secrets/jwt_secret',
      '.git/config',
      '.gateway-state/audit.jsonl',
      'node_modules/ws'
    ]
    expect(confidential.filter(path => !isOut(path))).toEqual([])
  })
})

test('the secrets are made once, in a folder of its owner; two are for others to give', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-secrets-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const create = async () => (await run('deploy/secrets/create.sh', [directory], { cwd: ROOT })).stdout
  expect(await create()).toMatch(/^made jwt_secret$/m)
  const made = readdirSync(directory).toSorted()
  const read = () => made.map(name => readFileSync(join(directory, name), 'utf8'))
  expect(made).toEqual(Object.keys(compose.secrets).toSorted())
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  const texts = read()
  expect(made.filter((_, index) => texts[index] === '')).toEqual(['nhs_client_secret', 'openai_api_key'])
  expect(await create()).toBe('')
  expect(read()).toEqual(texts)
})

test('Grafana finds its data source and its dashboard where they are mounted', () => {
  const { environment = {}, volumes = [] } = compose.services['grafana'] ?? {}
  const mountOf = (path: string) => {
    const [source = '', target = ''] =
      volumes.map(volume => volume.split(':')).find(([, to = '']) => path.startsWith(to)) ?? []
    return path.replace(target, source)
  }
  const home = environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? ''
  expect(existsSync(mountOf(home))).toBe(true)
  const provisioning = mountOf('/etc/grafana/provisioning')
  const { providers } = Value.Parse(
    Providers,
    parse(readFileSync(`${provisioning}/dashboards/scribe-gateway.yml`, 'utf8'))
  )
  expect(providers.map(({ options }) => options.path)).toEqual([dirname(home)])
  const { datasources } = Value.Parse(
    Sources,
    parse(readFileSync(`${provisioning}/datasources/prometheus.yml`, 'utf8'))
  )
  expect(datasources.map(({ url }) => url)).toEqual(['${PROMETHEUS_URL}'])
  expect(environment['PROMETHEUS_URL']).toBe('http://prometheus:9090')
  expect(Object.keys(compose.services['prometheus']?.networks ?? {})).toEqual(['staff'])
})

test('the scripts of the database are scripts', () => {
  const scripts = globSync('deploy/mongo/*.js', { cwd: ROOT })
  expect(scripts).toHaveLength(2)
  for (const file of scripts) expect(() => new Script(text(file))).not.toThrow()
})
