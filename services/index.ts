import type { FastifyPluginAsync } from 'fastify'
import { ai } from './ai/index.ts'
import { consultations } from './consultations/index.ts'
import { docs } from './docs/index.ts'
import { notes } from './notes/index.ts'
import { prompts } from './prompts/index.ts'
import { root } from './root/index.ts'
import { transcription } from './transcription/index.ts'
import { transcripts } from './transcripts/index.ts'
import { users } from './users/index.ts'
import { v1Unknown } from './v1-unknown/index.ts'

export { type CommandWatcher, connectDatabase, type Database } from './platform/database.ts'
export { type PlatformOptions, platform } from './platform/index.ts'
export { answerUnroutable } from './platform/unroutable.ts'
export { asksForWebSocket, takeUpgrade, type Upgrade, upgradeOf } from './platform/upgrade.ts'
export { createWebSockets, type WebSockets } from './platform/websockets.ts'

/** A domain served in this process: a plugin that needs the decorators of `platform` in its scope. */
export interface NativeModule {
  readonly name: string
  readonly plugin: FastifyPluginAsync
}

export const nativeModules: readonly NativeModule[] = [
  { name: 'root', plugin: root },
  { name: 'users', plugin: users },
  { name: 'consultations', plugin: consultations },
  { name: 'transcripts', plugin: transcripts },
  { name: 'notes', plugin: notes },
  { name: 'prompts', plugin: prompts },
  { name: 'ai', plugin: ai },
  { name: 'transcription', plugin: transcription },
  { name: 'v1-unknown', plugin: v1Unknown },
  { name: 'docs', plugin: docs }
]
