import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const STATEMENT =
  /(?:^|\n)\s*(?:import|export)\s(type\s)?[^'"`;]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/g

interface Import {
  /** Relative to the repository's root. */
  readonly file: string
  /** A file relative to the root, or the name of a package. */
  readonly what: string
  readonly typeOnly: boolean
}

function importsOf(folder: string): { files: string[]; imports: Import[] } {
  const files = globSync(`${folder}/**/*.ts`, { cwd: ROOT })
  const imports = files.flatMap(file =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(STATEMENT)].map(([, type, from, bare, dynamic]) => {
      const specifier = from ?? bare ?? dynamic ?? ''
      const what = specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), specifier)) : specifier
      return { file, what, typeOnly: type !== undefined }
    })
  )
  return { files, imports }
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const isPure = (file: string) => file.startsWith('gateway/rollout/') || file === 'gateway/breaker/breaker.ts'

/** The browser's side of the dashboard, whose bundle is made when the packages are installed. */
const isBundled = (file: string) => /^gateway\/dashboard\/(?:client\/|build\.ts$)/.test(file)

const gateway = importsOf('gateway')
const services = importsOf('services')
const routing = importsOf('gateway/routing')

test('the files and their imports are seen', () => {
  expect(gateway.files.length).toBeGreaterThan(25)
  expect(services.files.length).toBeGreaterThan(20)
  expect(routing.files.length).toBeGreaterThanOrEqual(6)
  for (const { files, imports } of [gateway, services]) {
    // Nearly every file imports something; a pattern that finds less finds nothing.
    expect(new Set(imports.map(({ file }) => file)).size).toBeGreaterThan(files.length * 0.8)
    expect(imports.length).toBeGreaterThan(files.length * 2)
  }
  expect(gateway.imports).toContainEqual({ file: 'gateway/gateway.ts', what: 'services/index.ts', typeOnly: false })
  expect(routing.imports).toContainEqual({
    file: 'gateway/routing/table.ts',
    what: 'gateway/config/schema.ts',
    typeOnly: true
  })
})

test('services never import from the gateway', () => {
  expect(services.imports.filter(({ what }) => what.startsWith('gateway/'))).toEqual([])
})

test('the gateway sees the services only through their index', () => {
  expect(gateway.imports.filter(({ what }) => what.startsWith('services/') && what !== 'services/index.ts')).toEqual([])
})

test('routing is pure: it runs nothing but itself, the router and a hash, and asks no clock', () => {
  const allowed = new Set(['find-my-way', 'node:crypto'])
  const outside = routing.imports.filter(
    ({ what, typeOnly }) => !typeOnly && !what.startsWith('gateway/routing/') && !allowed.has(what)
  )
  expect(outside).toEqual([])
  for (const file of routing.files) {
    expect(readFileSync(join(ROOT, file), 'utf8')).not.toMatch(
      /\bDate\.now|new Date\(|\bperformance\.\w|\bprocess\.\w|Math\.random/
    )
  }
})

test("a rollout's decisions and a breaker's are pure: they run nothing but themselves, and ask no clock", () => {
  const files = gateway.files.filter(isPure)
  expect(files.length).toBeGreaterThan(12)
  const allowed = new Set(['@sinclair/typebox', 'gateway/routing/bucket.ts'])
  const outside = gateway.imports.filter(
    ({ file, what, typeOnly }) => isPure(file) && !typeOnly && !isPure(what) && !allowed.has(what)
  )
  expect(outside).toEqual([])
  for (const file of files) {
    expect(readFileSync(join(ROOT, file), 'utf8')).not.toMatch(
      /\bDate\.now|new Date\(|\bperformance\.\w|\bprocess\.\w|Math\.random|\bset(?:Timeout|Interval|Immediate)\(/
    )
  }
})

test('what runs in production imports neither tests nor a package that is installed for development only', () => {
  const runtime = new Set(Object.keys(packageJson.dependencies))
  const development = [...gateway.imports, ...services.imports].filter(
    ({ file, what, typeOnly }) =>
      !isBundled(file) &&
      (/^(?:tests|bench)\//.test(what) ||
        (!typeOnly && !/^(?:node:|gateway\/|services\/|package\.json$)/.test(what) && !runtime.has(packageOf(what))))
  )
  expect(development).toEqual([])
})

test('the browser gets types of the gateway, and none of its code', () => {
  const client = gateway.imports.filter(({ file }) => file.startsWith('gateway/dashboard/client/'))
  const code = client.filter(
    ({ what, typeOnly }) => !typeOnly && /^(?:node:|gateway\/(?!dashboard\/client\/)|services\/)/.test(what)
  )
  expect(code).toEqual([])
})
