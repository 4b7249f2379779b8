import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { Pool } from 'undici'
import { expect, inject, onTestFinished } from 'vitest'
import { type Environment, readEnvironment } from '../../../gateway/environment.ts'
import { createGateway, type Gateway } from '../../../gateway/gateway.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'
import type { NativeModule } from '../../../services/index.ts'
import { type ManualClock, manualClock } from '../../support/clock.ts'
import { withFreshName } from '../../support/database.ts'
import { checkAgainst, type OpenApi, templateOf } from '../../support/documented.ts'
import '../../support/global-setup.ts'
import { bearer, JWT_SECRET, type Upstream, upstreamForTest } from '../gateway/support.ts'

export interface Scene {
  readonly gateway: Gateway
  readonly clock: ManualClock
  readonly upstream: Upstream
  /** What native answers. */
  readonly native: { status: number }
  readonly folder: string
  /** The state directory. */
  readonly directory: string
  readonly configFile: string
  /** Of the first start; undefined when there was none. */
  readonly first: string | undefined
  /** Every line that was announced. */
  readonly announced: readonly string[]
  /** The origin of the admin listener, which listens from the first call on. */
  adminUrl(): Promise<string>
  /** One request of each caller at the public listener, and all of them counted. */
  ask(callers: readonly string[], path?: string): Promise<void>
  /** What was answered so far that the OpenAPI document does not describe: a status, or a body unlike its schema. */
  undescribed(credential?: string): Promise<readonly string[]>
  close(): Promise<void>
}

export const ROUTE = { id: 'thing', paths: ['/thing'], methods: ['GET'], native: 'thing', group: 'things' }
export const OTHER = { id: 'other', paths: ['/other'], methods: ['GET'], native: 'thing' }
export const OLD = { id: 'old', paths: ['/old/*'], methods: ['GET'] }
export const NEW = { id: 'new', paths: ['/new'], methods: ['GET'], nativeOnly: true }

export interface SceneOptions {
  readonly routes?: readonly object[]
  /** Laid over the configuration. */
  readonly config?: object
  readonly folder?: string
  readonly clock?: ManualClock
  readonly env?: Partial<Environment>
  readonly files?: Files
}

/** A whole gateway in this process, on real sockets and files. */
export async function startScene({
  routes = [ROUTE, OTHER, OLD],
  config = {},
  clock = manualClock(),
  env = {},
  files = durableFiles,
  ...rest
}: SceneOptions = {}): Promise<Scene> {
  const folder = rest.folder ?? (await freshFolder())
  const configFile = join(folder, 'routing.config.json')
  if (rest.folder === undefined) await writeFile(configFile, configText(routes, config))
  const upstream = await upstreamForTest()
  const native = { status: 200 }
  const thing: NativeModule = {
    name: 'thing',
    async plugin(app) {
      for (const path of ['/thing', '/other', '/new']) {
        app.get(path, async (_request, reply) => reply.code(native.status).send({ native: true }))
      }
    }
  }
  const announced: string[] = []
  const gateway = await createGateway({
    environment: {
      ...readEnvironment({
        LEGACY_URL: upstream.url,
        MONGODB_URI: withFreshName(inject('databaseUri')),
        JWT_SECRET,
        ROUTING_CONFIG: configFile,
        SHUTDOWN_DELAY_MS: '0'
      }),
      ...env
    },
    version: '1.2.3',
    logger: pino({ level: 'silent' }),
    clock,
    modules: [thing],
    files,
    announce: line => void announced.push(line)
  })
  const answers = watchAnswers(gateway.admin)
  let publicUrl: string | undefined
  let listening: string | undefined
  let pool: Pool | undefined
  let closing: Promise<void> | undefined
  const scene: Scene = {
    gateway,
    clock,
    upstream,
    native,
    folder,
    directory: join(folder, '.gateway-state'),
    configFile,
    first: announced[0] === undefined ? undefined : /sgw_\S+$/.exec(announced[0])?.[0],
    announced,
    async adminUrl() {
      listening ??= await gateway.admin.listen({ host: '127.0.0.1', port: 0 })
      return listening
    },
    async ask(callers, path = '/thing') {
      publicUrl ??= await gateway.app.listen({ host: '127.0.0.1', port: 0 })
      pool ??= new Pool(publicUrl, { connections: 8 })
      const open = pool
      await Promise.all(
        callers.map(async caller => {
          const answer = await open.request({ path, method: 'GET', headers: bearer(caller) })
          await answer.body.dump()
        })
      )
      await nextTurn()
      await gateway.admin.inject('/metrics')
    },
    async undescribed(credential = scene.first) {
      const { body } = await call(scene, 'GET /api/openapi.json', { credential })
      return faultsOf(answers, checked(Type.Unsafe<OpenApi>(Type.Object({ paths: Type.Object({}) })), body))
    },
    async close() {
      closing ??= (pool?.destroy() ?? Promise.resolve()).then(() => gateway.close())
      await closing
    }
  }
  onTestFinished(() => scene.close())
  return scene
}

interface Answered {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body: unknown
}

function watchAnswers(admin: FastifyInstance): readonly Answered[] {
  const answers: Answered[] = []
  admin.addHook('onSend', async (request, reply, payload) => {
    const { url } = request.routeOptions
    const isJson = String(reply.getHeader('content-type')).startsWith('application/json')
    if (url?.startsWith('/api') === true && typeof payload === 'string' && isJson) {
      const body: unknown = JSON.parse(payload)
      const method = request.method.toLowerCase()
      answers.push({ method, path: templateOf(url), status: reply.statusCode, body })
    }
    return payload
  })
  return answers
}

function faultsOf(answers: readonly Answered[], document: OpenApi): string[] {
  const check = checkAgainst(document)
  const faults = answers.flatMap(({ method, path, status, body }) => {
    const place = `${method} ${path} ${status}`
    if (document.paths[path]?.[method]?.responses[status] === undefined) return [`${place} is not described`]
    const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema']
    return check(pointer, body).map(fault => `${place}: ${fault}`)
  })
  if (answers.length === 0) throw new Error('nothing was answered')
  return [...new Set(faults)]
}

export function configText(routes: readonly object[], config: object = {}): string {
  const whole = { version: 1, targets: { legacy: { url: '${LEGACY_URL}' } }, routes, ...config }
  return `${JSON.stringify(whole, undefined, 2)}\n`
}

export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scribe-admin-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly body: unknown
}

export interface Call {
  readonly body?: unknown
  /** Default: the revision that serves; undefined: without. */
  readonly ifMatch?: string | undefined
  /** Default: that of the first start; undefined: without. */
  readonly credential?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** A call of the admin API. */
export async function call(scene: Scene, route: `${Method} /${string}`, options: Call = {}): Promise<Reply> {
  const [method = 'GET', url = '/'] = route.split(' ')
  const { number } = scene.gateway.store.current
  const { body, ifMatch = `"${number}"`, credential = scene.first } = options
  const isWithout = (key: keyof Call) => key in options && options[key] === undefined
  const answer = await scene.gateway.admin.inject({
    method: method === 'GET' || method === 'POST' || method === 'PUT' ? method : 'DELETE',
    url,
    headers: {
      ...(isWithout('credential') ? {} : { authorization: `Bearer ${credential}` }),
      ...(method === 'GET' || isWithout('ifMatch') ? {} : { 'if-match': ifMatch }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers
    },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) })
  })
  const text = answer.body
  const isJson = text !== '' && String(answer.headers['content-type']).startsWith('application/json')
  return { status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** The body of a success, which is of its schema. */
export async function get<T extends TSchema>(
  scene: Scene,
  schema: T,
  route: `${Method} /${string}`,
  options: Call = {}
): Promise<Static<T>> {
  const answer = await call(scene, route, options)
  expect(answer).toMatchObject({ status: route.startsWith('POST /api/credentials') ? 201 : 200 })
  return checked(schema, answer.body)
}

/** A value that is of its schema. */
export function checked<T extends TSchema>(schema: T, value: unknown): Static<T> {
  const found = [...Value.Errors(schema, value)].map(({ path, message }) => `${path}: ${message}`)
  expect(found).toEqual([])
  return Value.Cast(schema, value)
}

/** Callers by number. */
export const callers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `caller-${from + index}`)

/** A credential of a role, made with that of the first start. */
export async function credentialOf(scene: Scene, name: string, role: 'viewer' | 'operator'): Promise<string> {
  const { body } = await call(scene, 'POST /api/credentials', { body: { name, role } })
  if (typeof body !== 'object' || body === null || !('credential' in body)) throw new Error('none was made')
  return String(body.credential)
}
