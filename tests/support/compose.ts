import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { parse } from 'yaml'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

const Duration = Type.String({ pattern: '^\\d+s$' })
export const ServiceSchema = Type.Object({
  image: Type.String(),
  build: Type.Optional(Type.Object({ target: Type.String() })),
  user: Type.String({ pattern: '^[1-9]\\d*:[1-9]\\d*$' }),
  entrypoint: Type.Optional(Type.Array(Type.String())),
  command: Type.Optional(Type.Array(Type.String())),
  environment: Type.Optional(Type.Record(Type.String(), Type.String())),
  depends_on: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({
        condition: Type.Union([
          Type.Literal('service_started'),
          Type.Literal('service_healthy'),
          Type.Literal('service_completed_successfully')
        ])
      })
    )
  ),
  deploy: Type.Object({
    resources: Type.Object({ limits: Type.Object({ cpus: Type.Number(), memory: Type.String() }) })
  }),
  healthcheck: Type.Optional(
    Type.Object({ test: Type.Array(Type.String()), interval: Duration, timeout: Duration, retries: Type.Integer() })
  ),
  networks: Type.Optional(Type.Record(Type.String(), Type.Object({ ipv4_address: Type.Optional(Type.String()) }))),
  network_mode: Type.Optional(Type.Literal('none')),
  ports: Type.Optional(
    Type.Array(Type.Union([Type.String(), Type.Object({ published: Type.Integer(), target: Type.Integer() })]))
  ),
  secrets: Type.Optional(Type.Array(Type.Object({ source: Type.String() }))),
  tmpfs: Type.Optional(Type.Array(Type.String())),
  volumes: Type.Optional(Type.Array(Type.String())),
  cap_drop: Type.Array(Type.String()),
  security_opt: Type.Array(Type.String()),
  read_only: Type.Boolean(),
  restart: Type.String(),
  profiles: Type.Optional(Type.Array(Type.String())),
  stop_signal: Type.Optional(Type.String()),
  stop_grace_period: Type.Optional(Type.String()),
  pids_limit: Type.Integer()
})
export type Service = Static<typeof ServiceSchema>

export const ComposeSchema = Type.Object({
  services: Type.Record(Type.String(), ServiceSchema),
  secrets: Type.Record(Type.String(), Type.Object({ file: Type.String() })),
  networks: Type.Record(
    Type.String(),
    Type.Object({
      internal: Type.Optional(Type.Boolean()),
      ipam: Type.Object({ config: Type.Array(Type.Object({ subnet: Type.String() })) })
    })
  )
})
export type Compose = Static<typeof ComposeSchema>

/**
 * What docker-compose makes of docker-compose.yml, with `.env.example` for the environment and `env` laid over it.
 *
 * @throws Error with docker-compose's words when it refuses the file, or with the place of what the schema above does not know
 */
export async function resolvedCompose(env: Readonly<Record<string, string>> = {}): Promise<Compose> {
  const args = ['-f', 'docker-compose.yml', '--env-file', '.env.example', 'config']
  const { stdout } = await run('docker-compose', args, { cwd: ROOT, env: { PATH: process.env['PATH'], ...env } })
  const compose: unknown = JSON.parse(JSON.stringify(parse(stdout)), unescaped)
  const problems = [...Value.Errors(ComposeSchema, compose)].map(({ path, message }) => `${path}: ${message}`)
  if (!Value.Check(ComposeSchema, compose))
    throw new Error(`docker-compose.yml is not as expected:\n${problems.join('\n')}`)
  return compose
}

/** What is printed is a file for docker-compose again, where a dollar sign is written twice. */
function unescaped(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('$$', () => '$') : value
}
