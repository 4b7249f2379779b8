import { Value } from '@sinclair/typebox/value'
import { ConfigProblemSchema, FieldChangeSchema } from '../../admin/schemas.ts'
import { type CliError, EXIT } from '../errors.ts'
import type { Io } from '../io.ts'
import { changesOf } from './changes.ts'
import { painterOf } from './paint.ts'

/** Why a command was not done, for people. */
export function reportOf({ code, message, details, exitCode }: CliError, { stderr }: Io): string {
  const paint = painterOf(stderr)
  const told = [`${paint('red', 'gateway:')} ${message}`]
  if (code === 'stale') {
    const serving = 'current' in details ? `revision ${String(details.current)}` : 'another one'
    told.splice(0, 1, `${paint('red', 'gateway:')} nothing was done: made for an older revision, and ${serving} serves`)
    const changes = valuesOf(details, 'changes').filter(change => Value.Check(FieldChangeSchema, change))
    told.push(changes.length === 0 ? 'What changed since is not kept.' : `Changed since:\n${changesOf(changes, paint)}`)
    told.push('Look at it, and run the command again.')
  }
  if (code === 'invalid') {
    const problems = valuesOf(details, 'problems').filter(problem => Value.Check(ConfigProblemSchema, problem))
    told.splice(0, 1, `${paint('red', 'gateway:')} nothing was done, since the configuration would have problems:`)
    told.push(...problems.map(problem => `  ${problem.message}`))
  }
  if (code === 'usage' && exitCode === EXIT.usage)
    told.push(paint('dim', 'See gateway --help, or gateway help <command>.'))
  return told.join('\n')
}

function valuesOf(details: object, key: string): readonly unknown[] {
  const values: unknown = Reflect.get(details, key)
  return Array.isArray(values) ? values : []
}
