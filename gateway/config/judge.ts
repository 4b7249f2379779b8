import { basename } from 'node:path'
import type { RoutingTable } from '../routing/table.ts'
import { type Content, digestOf } from './config-file.ts'
import { parseRoutingConfig } from './parse.ts'
import type { ConfigProblem } from './problem.ts'
import type { RoutingConfig } from './schema.ts'

export interface Accepted {
  readonly text: string
  readonly digest: string
  readonly config: RoutingConfig
  readonly table: RoutingTable
}

export interface Refused {
  readonly config: undefined
  readonly problems: readonly ConfigProblem[]
}

export interface JudgeOptions {
  /** Its name stands in problems. */
  readonly file: string
  /** The names that a route's `native` may have. */
  readonly nativeModules: ReadonlySet<string>
  readonly compile: (config: RoutingConfig) => RoutingTable
}

/** Can this content serve? */
export function judge({ text, failure }: Content, { file, nativeModules, compile }: JudgeOptions): Accepted | Refused {
  const name = basename(file)
  if (failure !== undefined) {
    return { config: undefined, problems: [wholeProblem(name, `nothing (${failure})`, 'a file that can be read')] }
  }
  const parsed = parseRoutingConfig(text, nativeModules, name)
  if (parsed.config === undefined) return parsed
  try {
    const { config } = parsed
    return { text, digest: digestOf(text), config, table: compile(config) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const problem = wholeProblem(name, 'a configuration that does not compile', `routes that do (${reason})`)
    return { config: undefined, problems: [problem] }
  }
}

/** A problem of the file as a whole. */
export function wholeProblem(file: string, found: string, expected: string): ConfigProblem {
  const name = basename(file)
  const message = `${name}:1:1 /: found ${found}, expected ${expected}`
  return { line: 1, column: 1, path: '/', found, expected, message }
}
