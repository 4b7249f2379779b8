import { Value } from '@sinclair/typebox/value'
import { ConfigDocument } from './document.ts'
import type { ConfigProblem } from './problem.ts'
import { checkSchema } from './schema-check.ts'
import { RoutingConfigSchema } from './schema.ts'
import type { RoutingConfig } from './schema.ts'
import { checkMeaning } from './semantic-check.ts'

export type { ConfigProblem } from './problem.ts'

export type ParsedConfig =
  | { readonly config: RoutingConfig; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly ConfigProblem[] }

/**
 * Reads the text of a routing configuration: strict JSON, then the schema, then what a schema cannot say. Gives the
 * configuration with its defaults filled in, or everything that is wrong with it, by line.
 *
 * @param nativeModules the names that a route's `native` may have.
 * @param file the name that messages give the file.
 */
export function parseRoutingConfig(
  text: string,
  nativeModules: ReadonlySet<string>,
  file = 'routing.config.json'
): ParsedConfig {
  const document = new ConfigDocument(text, file)
  const problems = [...document.problems]
  const { value } = document

  if (value !== undefined) {
    const config = Value.Default(RoutingConfigSchema, value)
    const findings = [
      ...checkSchema(RoutingConfigSchema, config),
      ...checkMeaning(config, nativeModules, path => document.lineOf(path))
    ]
    problems.push(...findings.map(finding => document.locate(finding)))
    if (problems.length === 0 && Value.Check(RoutingConfigSchema, config)) return { config, problems: [] }
  }
  return { config: undefined, problems: onePerPlace(problems) }
}

/** Sorted by line; of several findings on one place the first check's is kept. */
function onePerPlace(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const places = new Map<string, ConfigProblem>()
  for (const problem of problems) {
    const place = `${problem.line}:${problem.column} ${problem.path}`
    if (!places.has(place)) places.set(place, problem)
  }
  return [...places.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}
