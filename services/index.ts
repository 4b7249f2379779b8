import type { FastifyPluginAsync } from 'fastify'
import { notes } from './notes/index.ts'
import { users } from './users/index.ts'

export { connectDatabase, type Database } from './platform/database.ts'
export { type PlatformOptions, platform } from './platform/index.ts'

/** A domain served in this process: a plugin that needs the decorators of `platform` in its scope. */
export interface NativeModule {
  readonly name: string
  readonly plugin: FastifyPluginAsync
}

export const nativeModules: readonly NativeModule[] = [
  { name: 'users', plugin: users },
  { name: 'notes', plugin: notes }
]
