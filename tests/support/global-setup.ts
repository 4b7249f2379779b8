import type { TestProject } from 'vitest/node'
import { startDatabase } from './database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the one database server of a test run. */
    readonly databaseUri: string
  }
}

/** One database server for the whole run; each test file takes databases of its own from it with `freshDatabase`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const database = await startDatabase()
  project.provide('databaseUri', database.uri)
  return () => database.stop()
}
