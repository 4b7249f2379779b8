import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Audit, openAudit } from '../../../gateway/audit/audit.ts'
import { type ConfigStore, openConfigStore } from '../../../gateway/config/store.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'

export interface LogLine {
  readonly level: 'info' | 'error'
  readonly bindings: object
  readonly message: string
}

export interface Folder {
  readonly path: string
  readonly file: string
  /** Of the state. */
  readonly directory: string
  readonly log: LogLine[]
}

type Compile = (config: Parameters<typeof compileRoutingTable>[0]) => ReturnType<typeof compileRoutingTable>

/** A folder that is removed when the test has finished. */
export async function freshFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'routing-config-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return { path, file: join(path, 'routing.config.json'), directory: join(path, 'state'), log: [] }
}

/** Audit and store as the gateway opens them; closed when the test has finished. */
export async function openStore(
  folder: Pick<Folder, 'file' | 'directory' | 'log'>,
  {
    files = durableFiles,
    compile = config => compileRoutingTable(config, [])
  }: { files?: Files; compile?: Compile } = {}
): Promise<{ store: ConfigStore; audit: Audit }> {
  const { file, directory, log } = folder
  const line = (level: LogLine['level']) => (bindings: object, message: string) =>
    void log.push({ level, bindings, message })
  const logger = { info: line('info'), error: line('error') }
  const audit = await openAudit({ directory, logger, files })
  const nativeModules = new Set(['notes'])
  const store = await openConfigStore({ file, directory, audit, nativeModules, compile, logger, files })
  onTestFinished(() => store.close())
  return { store, audit }
}

/** A configuration of the routes a and b, both served by the native module `notes`. */
export function configText(a: number | string, b: number | string = 0): string {
  const target = '{ "legacy": { "url": "http://127.0.0.1:1" } }'
  const routes = `${routeText('a', a)},\n${routeText('b', b)}`
  return `{\n  "version": 1,\n  "targets": ${target},\n  "routes": [\n${routes}\n  ]\n}\n`
}

function routeText(id: string, weight: number | string): string {
  return `    { "id": "${id}", "paths": ["/${id}"], "methods": ["GET"], "native": "notes", "weight": ${weight} }`
}

export const ALICE = { kind: 'operator', name: 'alice' } as const

export const weightsOf = (store: ConfigStore) => store.current.table.routes.map(route => route.weight)
