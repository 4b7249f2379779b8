import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { startDatabase } from './database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the one database server of a test run. */
    readonly databaseUri: string
  }
}

/** Each process that a test starts would compile the same files again. */
const COMPILE_CACHE = fileURLToPath(new URL('../../.cache/compiled', import.meta.url))

/** One database server for the whole run; each test file takes databases of its own from it with `freshDatabase`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  process.env['NODE_COMPILE_CACHE'] ??= COMPILE_CACHE
  const database = await startDatabase()
  project.provide('databaseUri', database.uri)
  return () => database.stop()
}
