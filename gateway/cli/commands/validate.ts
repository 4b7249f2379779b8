import type { Context } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { count } from '../output/format.ts'
import { readConfig } from '../config-text.ts'

/** Checks a configuration file as the gateway does, without one. */
export async function validate(context: Context, file: string): Promise<void> {
  const { config, problems } = await readConfig(file)
  context.show({ file, valid: config !== undefined, problems }, paint =>
    config === undefined
      ? problems.map(({ message }) => message).join('\n')
      : `${paint('green', 'valid:')} ${file}, ${count(config.routes.length, 'route')}`
  )
  if (config === undefined)
    throw new CliError(EXIT.refused, 'refused', `${file} has ${count(problems.length, 'problem')}`)
}
